"""What can be simulated: worlds, games of several agents, families and policies.

A world is a pure function of (parameters, state, action, key). It never resets itself:
code that runs episodes (``rollout.py``) starts a new one where one ended, counts the
time limit and keeps truncation apart from termination.
"""

from __future__ import annotations

import abc
import itertools
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, Num, UInt8

from foreworld.core.errors import ConfigError, unknown_name
from foreworld.core.keys import named_key
from foreworld.core.parts.part import Bounded, Part, field_specs
from foreworld.core.parts.partition import combine, partition
from foreworld.core.parts.paths import field_paths, get_path, nested, set_path
from foreworld.core.parts.stand_in import StandIn
from foreworld.core.spaces import Allowed, Space
from foreworld.worlds._notebook import family_shown, world_shown
from foreworld.worlds.quantities import Quantities, numbered
from foreworld.worlds.ranges import AbstractRange, without_ranges

State = Any
"""A world's own state: any pytree of arrays with fixed shapes."""
Observation = Any
"""An element of a space, or for a game a dictionary of them by agent."""
Action = Any
"""An element of a space, ``None`` in a passive world, or a dictionary by agent."""


class Step(NamedTuple):
    """What one step of a world gives.

    In a game, all fields but ``state`` are dictionaries keyed by agent.

    Attributes
    ----------
    terminated
        The episode is over by the rules of the world: nothing is worth anything after.
        In a game each agent ends on its own, once.
    truncated
        Never, except in an adapter of a foreign environment that cuts episodes off
        itself (:attr:`AbstractWorld.truncates`). A time limit is ``max_episode_len``,
        which code that runs episodes counts.
    """

    state: State
    obs: Observation
    reward: Float[Array, ""] | dict[str, Float[Array, ""]]
    terminated: Bool[Array, ""] | dict[str, Bool[Array, ""]]
    truncated: Bool[Array, ""] | dict[str, Bool[Array, ""]]


class AbstractWorld(Part):
    """Interface of everything that can be stepped and drawn.

    Attributes
    ----------
    discount
        Discount factor of returns in this world.
    max_episode_len
        Steps after which an episode is truncated, by the code that runs it; 0 for
        never.
    """

    registry_kind: ClassVar[str] = "worlds"

    discount: eqx.AbstractVar[float]
    max_episode_len: eqx.AbstractVar[int]

    def __check_init__(self) -> None:
        for spec in field_specs(type(self)):
            value, name = getattr(self, spec.name), type(self).__name__
            if isinstance(value, AbstractRange):
                raise ConfigError(
                    f"{name}.{spec.name}: a world has one value, got the range "
                    f"{value!r}. Ranges make a family of worlds: "
                    f"{name}.family({spec.name}={value!r})."
                )
        # Worlds that compare fields rely on each being within its own limits.
        super().__check_init__()

    @property
    @abc.abstractmethod
    def action_space(self) -> Space | dict[str, Space] | None:
        """What actions may be; ``None`` in a passive world (its action is ``None``)."""

    @property
    @abc.abstractmethod
    def observation_space(self) -> Space | dict[str, Space]:
        """What observations may be."""

    @abc.abstractmethod
    def reset(self, key: Key[Array, ""]) -> tuple[State, Observation]:
        """Start an episode."""

    @property
    def num_starts(self) -> int:
        """Points at which an episode can start, by number; 0 where none are counted."""
        return 0

    def reset_at(
        self, index: Int[Array, ""] | int, key: Key[Array, ""]
    ) -> tuple[State, Observation]:
        """Start an episode at a chosen point, so that each can be visited once.

        A world that gives ``num_starts`` has this, too.

        Parameters
        ----------
        index
            Number of the point, from 0 to ``num_starts - 1``.
        key
            For all else that is random.

        Raises
        ------
        ConfigError
            The world has no points by number.
        """
        raise ConfigError(
            f"{type(self).__name__} has no points to start at by number (num_starts is "
            f"0): its starts are drawn. Leave the number out, or use a world over a "
            f"data set or a file of points that says num_starts and reset_at."
        )

    @property
    def costly_reset(self) -> bool:
        """Whether a start takes much longer than a step.

        Rollouts then draw a start where an episode ends, one by one; by default they
        draw one for every step, which is quicker where it costs little. The results are
        the same.
        """
        return False

    @abc.abstractmethod
    def step(self, state: State, action: Action, key: Key[Array, ""]) -> Step:
        """Advance by one step. Stepping an ended episode is undefined.

        It starts no new episode and counts no time limit; see :class:`Step`.

        Parameters
        ----------
        state
            Of :meth:`reset` or of the step before.
        action
            Out of ``action_space``; not looked at in a passive world.
        key
            All randomness of the step.
        """

    @abc.abstractmethod
    def render(self, state: State) -> UInt8[Array, "height width channels"]:
        """Draw a state upright: row 0 at the top, 1 or 3 channels."""

    @property
    def truncates(self) -> bool:
        """Whether ``step`` may cut episodes off; of a foreign environment's adapter."""
        return False

    def rehearse(self) -> None:
        """Try out what stands behind the world, in plain Python; often nothing.

        Raises
        ------
        ConfigError
            It does not keep the contract.
        """

    @property
    def quantities(self) -> Quantities:
        """Names and units of the numbers of an observation, and the law of motion."""
        space = self.observation_space
        return numbered(0 if isinstance(space, dict) else space.flat_size)

    @property
    def boundary(self) -> Literal["open", "wall", "periodic"]:
        """What the edge of the picture is to what moves there."""
        return "open"

    @property
    def score(self) -> str:
        """The measure, or the return, that ranks agents in this world."""
        return "discounted_return"

    def allowed(self, state: State) -> Allowed:
        """Mask of the actions that are allowed in a state; ``None`` for all.

        One flag for each of a number of choices, a dictionary of masks by field for a
        record. Whether it is ``None`` may not depend on the state.
        """
        return None

    def turn(self, state: State) -> Turn | dict[str, Turn] | None:
        """What a policy is told of a state beside what it observes.

        ``None`` where it acts as it likes; in a game the turns of all agents.

        Parameters
        ----------
        state
            In which it acts.
        """
        mask = self.allowed(state)
        return None if mask is None else Turn(jnp.asarray(True), mask)

    def measures(self, state: State) -> dict[str, Float[Array, ""]]:
        """Numbers that count at an episode's end: success, time saved."""
        return {}

    def readings(self, state: State) -> dict[str, Num[Array, ""]]:
        """Numbers to show beside a live episode, by name with unit."""
        return {}

    def targets(self, state: State) -> Any:
        """Regions of the picture in which a click means an action, in live play.

        One row for each action: left, top, right and bottom as shares of the picture,
        zeros for none. In a game a dictionary by agent of those that have regions.

        Parameters
        ----------
        state
            As it is drawn.
        """
        return None

    @property
    def can_grab(self) -> bool:
        """Whether the mouse can take hold of what is drawn."""
        return False

    def nearest(self, state: State, x: float, y: float) -> int:
        """Which of several things is nearest to the mouse; arguments as :meth:`grab`.

        Parameters
        ----------
        state, x, y
            As for :meth:`grab`.
        """
        return 0

    def grab(self, state: State, x: float, y: float, held: int = 0) -> State:
        """The state when the mouse holds the picture at a point.

        Parameters
        ----------
        state
            As it is.
        x, y
            The point, from the left and from the top, as shares of the picture.
        held
            What is held, as :meth:`nearest` gave it.
        """
        return state

    def throw(self, state: State, right: float, down: float) -> State:
        """The state when the mouse lets go while it moves.

        Parameters
        ----------
        state
            As the mouse held it.
        right, down
            Speed of the mouse, in widths of the picture per unit of the world's time.
        """
        return state

    def settle(self, state: State) -> State:
        """The state nearest to one in which some numbers were changed by hand."""
        return state

    def fitted(self, worlds: Iterable[AbstractWorld]) -> AbstractWorld:
        """The world with what all worlds of a family must share, such as a canvas.

        Parameters
        ----------
        worlds
            The family's worlds at all corners of its ranges.
        """
        return self

    def _repr_html_(self) -> str:
        """In a notebook: the world, its spaces, and the first frame of an episode."""
        return world_shown(self)

    @classmethod
    def family(cls, **fields: Any) -> Family:
        """A distribution over worlds of this class: fields may be ranges.

        ``Pendulum.family(mass=Uniform(0.5, 1.0), picture={"margin": 0.4})``; other
        fields are fixed values.

        Parameters
        ----------
        **fields
            Ranges and values by the name of the field; those of a nested part as a
            dictionary, or by dotted path (``**{"picture.margin": 0.4}``).
        """
        fixed, ranges = without_ranges(fields)
        required = {spec.name for spec in field_specs(cls) if spec.required}
        fixed |= {name: ranges[name].ends()[0] for name in required & set(ranges)}
        return Family(cls(**nested(fixed)), ranges)


class Turn(NamedTuple):
    """Whether an agent acts now, and which of its actions are allowed.

    Attributes
    ----------
    acting
        What an agent does that is not acting is ignored.
    allowed
        Mask of its actions, as of :meth:`AbstractWorld.allowed`; ``None`` for all. At
        least one is allowed to an agent that acts.
    """

    acting: Bool[Array, "*lane"]
    allowed: Allowed = None


class Family(Part):
    """A distribution over worlds: one world, some of whose fields are ranges.

    Ranges are by the dotted path of a field. What must be common to all worlds of a
    family (the canvas) is fixed when the family is made. A plain world is a family of
    one, with no ranges.
    """

    world: AbstractWorld
    ranges: dict[str, AbstractRange] = eqx.field(default_factory=dict)

    def __check_init__(self) -> None:
        super().__check_init__()
        if isinstance(self.world, StandIn):
            return
        world, specs = self.world, field_paths(self.world)
        for path, values in self.ranges.items():
            if path not in specs:
                raise unknown_name(f"field of {type(world).__name__}", path, specs)
            if specs[path].kind != "traced":
                can = ", ".join(p for p, spec in specs.items() if spec.kind == "traced")
                raise ConfigError(
                    f"{type(world).__name__}.{path} cannot be a range. Ranges are "
                    f"possible for: {can or 'no field of this world'}."
                )
            for end in values.ends():
                set_path(world, path, end)
        if self.ranges:
            static, traced, data, shared = partition(world)
            corners = itertools.product(*(r.ends() for r in self.ranges.values()))
            ends = (dict(zip(self.ranges, corner, strict=True)) for corner in corners)
            rest = data, shared
            worlds = (combine(static, {**traced, **end}, *rest) for end in ends)
            object.__setattr__(self, "world", world.fitted(worlds))

    def sample(self, key: Key[Array, ""]) -> Any:
        """One world; a field's draw depends on the key and the field's name only.

        Draws are float32 numbers at the working precision: products of parameters in
        float32 would make energy and motion differ under x64.
        """
        static, traced, data, shared = partition(self.world)
        # By the last step of its path, so that a field draws the same wherever it is
        # kept; by all of it where two are called alike, which must differ.
        names = [path.rpartition(".")[2] for path in self.ranges]
        for name, (path, values) in zip(names, self.ranges.items(), strict=True):
            own = named_key(key, name if names.count(name) == 1 else path)
            traced[path] = values.sample(own).astype(jnp.result_type(float))
        return combine(static, traced, data, shared)

    def _repr_html_(self) -> str:
        """In a notebook: the family, and first frames of some of its worlds."""
        return family_shown(self)

    def parameters(self, world: AbstractWorld) -> dict[str, Any]:
        """The sampled fields of a world that this family drew, by dotted path."""
        return {path: get_path(world, path) for path in self.ranges}


def as_family(what: AbstractWorld | Family) -> Family:
    """A world as a family of one; a family as it is."""
    if not isinstance(what, AbstractWorld | Family):
        raise ConfigError(
            f"expected a world, a family of worlds or a world's name, got {what!r} "
            f"({type(what).__name__}). fw.make('pendulum') makes a world."
        )
    return what if isinstance(what, Family) else Family(what)


EpisodeLen = Annotated[int, Bounded(low=0, unit="steps")]
"""Type of ``max_episode_len`` fields."""

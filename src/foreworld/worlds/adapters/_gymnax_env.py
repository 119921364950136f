"""Our worlds as gymnax 1.x environments: six-value steps, traced fields as parameters.

Source: Lange, "gymnax: a JAX-based reinforcement learning environment library" (2022),
https://github.com/RobertTLange/gymnax, version 1.0.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from gymnax.environments import environment, spaces
from jaxtyping import Array, Bool

from foreworld.core.parts.opening import opened
from foreworld.core.parts.partition import Leaves, combine, partition
from foreworld.worlds.adapters._spaces import single_agent, to_foreign_space
from foreworld.worlds.base import AbstractWorld, State
from foreworld.worlds.episode import Running, advance, begin
from foreworld.worlds.make import as_world

_NEVER = 2**31 - 1
_LIMIT = "max_steps_in_episode"


@struct.dataclass
class WorldState(environment.EnvState):
    """A world's state, with what gymnax wants to know about it.

    ``time`` counts steps; the flags are those of the step that led here.
    """

    world: State
    terminated: Bool[Array, ""]
    truncated: Bool[Array, ""]


class WorldEnvironment(environment.Environment):
    """A world as a gymnax environment.

    Its parameters have an attribute for each traced field (a dot in the path of a
    nested one is written ``__``) and ``max_steps_in_episode``. As in gymnax, ``step``
    starts anew where an episode ended.

    Parameters
    ----------
    world
        A world of one agent, or a passive one: that takes one action, 0, and ignores
        it.
    """

    def __init__(self, world: AbstractWorld) -> None:
        super().__init__()
        self.world = world = opened(world)
        self._spaces = single_agent(world, "gymnax")
        self._static, self._traced, *self._rest = partition(world)
        self._paths = {path.replace(".", "__"): path for path in self._traced}
        notes = {**dict.fromkeys(self._paths, float), _LIMIT: int}
        body = {"__annotations__": notes, "__doc__": f"Traced fields of {self.name}."}
        self._params: Any = struct.dataclass(type(f"{self.name}Params", (), body))

    @property
    def name(self) -> str:
        """Name of the world's class."""
        return type(self.world).__name__

    @property
    def default_params(self) -> Any:
        """The world's own values."""
        values = {name: self._traced[path] for name, path in self._paths.items()}
        limit = self.world.max_episode_len or _NEVER
        return self._params(**values, **{_LIMIT: limit})

    @property
    def num_actions(self) -> int:
        """Choices, or numbers in an action."""
        space = self._spaces[0]
        return 1 if space is None else space.flat_size

    def reset_env(self, key: Array, params: Any) -> tuple[Any, WorldState]:
        """Start an episode."""
        first: Any = begin(self._merged(params), _typed(key))
        no = jnp.asarray(False)
        return first.obs, WorldState(first.num_steps, first.state, no, no)

    def step_env(
        self, key: Array, state: WorldState, action: Any, params: Any
    ) -> tuple[Any, WorldState, Array, Array, dict[str, Any]]:
        """One step, without starting anew."""
        passive = self._spaces[0] is None
        action = None if passive else jax.tree.map(jnp.asarray, action)
        time: Any = state.time
        before = Running(state.world, None, time, jnp.asarray(False))
        limit, world = getattr(params, _LIMIT), self._merged(params)
        # One agent: no dictionaries of ends.
        went: Any = advance(world, before, action, _typed(key), limit)
        after, step = went
        new = WorldState(after.num_steps, step.state, step.terminated, step.truncated)
        info = {"discount": self.discount(new, params), **self._mask(new, params)}
        return step.obs, new, step.reward, step.terminated, info

    def step(
        self, key: Array, state: WorldState, action: Any, params: Any = None
    ) -> tuple[Any, WorldState, Array, Array, Array, dict[str, Any]]:
        """One step, starting anew where the episode ended.

        Where the world says what is allowed, ``info["action_mask"]`` is the mask of the
        state that is returned, after a fresh start too.
        """
        params = self.default_params if params is None else params
        obs, new, *ends, info = super().step(key, state, action, params)
        reward, terminated, truncated = ends
        info = {**info, **self._mask(new, params)}
        return obs, new, reward, terminated, truncated, info

    def action_mask(self, state: WorldState, params: Any = None) -> Any:
        """Which actions the world allows in a state: flags, or a dictionary by field.

        ``None`` where it allows all. What ``reset`` returns has no ``info``, so that a
        first mask is asked for here.
        """
        params = self.default_params if params is None else params
        return self._merged(params).allowed(state.world)

    def is_terminated(self, state: WorldState, params: Any) -> Array:
        """Whether the world ended with the step to this state."""
        return state.terminated

    def is_truncated(self, state: WorldState, params: Any) -> Array:
        """Whether the time limit, or the world, cut the episode off here."""
        return state.truncated

    def action_space(self, params: Any = None) -> Any:
        """What actions may be; one choice, which is ignored, in a passive world."""
        return to_foreign_space(self._spaces[0], spaces)

    def observation_space(self, params: Any = None) -> Any:
        """What observations may be."""
        return to_foreign_space(self._spaces[1], spaces)

    def render(self, state: WorldState, params: Any) -> Array:
        """The picture of a state, uint8, upright."""
        return self._merged(params).render(state.world)

    def _mask(self, state: WorldState, params: Any) -> dict[str, Any]:
        mask = self.action_mask(state, params)
        return {} if mask is None else {"action_mask": mask}

    def _merged(self, params: Any) -> AbstractWorld:
        traced: Leaves = {p: getattr(params, n) for n, p in self._paths.items()}
        return combine(self._static, traced, *self._rest)


def make_gymnax(
    world: AbstractWorld | str, **fields: Any
) -> tuple[WorldEnvironment, Any]:
    """The environment of a world, or of a world's name, and its default parameters."""
    env = WorldEnvironment(as_world(world, fields))
    return env, env.default_params


def _typed(key: Array) -> Array:
    """Old-style keys (two words) as typed ones, which worlds take."""
    if jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        return key
    return jax.random.wrap_key_data(key)

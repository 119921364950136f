"""One live episode: a world, what acts in it, and the program that steps and draws.

Unlike the lanes of ``worlds/lanes.py``, an episode that has ended stays on screen
until the next one is asked for.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Key, Num, UInt8

from foreworld.core.keys import named_key, pinned
from foreworld.core.parts.partition import Static, combine
from foreworld.play.hands.sliders import Knobs
from foreworld.play.stage.base import Number
from foreworld.worlds.base import AbstractWorld, Action, Observation, State
from foreworld.worlds.episode import Running, advance, begin, turn_of
from foreworld.worlds.game import AbstractGame
from foreworld.worlds.policy import AbstractPolicy, Turns

OWN_CHOICE = -1
"""In the place of an action: the policy chooses."""


class Scene(NamedTuple):
    """Where an episode stands; in a game rewards and their sums are by agent."""

    key: Key[Array, ""]
    running: Running
    memory: Any
    reward: Any
    total: Any
    discounted: Any
    weight: Array

    @property
    def state(self) -> State:
        """State of the world."""
        return self.running.state

    @property
    def obs(self) -> Observation:
        """What is observed in it."""
        return self.running.obs

    @property
    def num_steps(self) -> Int[Array, ""]:
        """Steps taken."""
        return self.running.num_steps


class View(NamedTuple):
    """A scene and what there is to see of it.

    Attributes
    ----------
    frame
        The picture.
    frames
        The pictures for those who play an agent of a game, by agent.
    readings
        Numbers of the world, by name.
    thought
        Probabilities of the next action and value, of a policy that tells; else
        ``None``. In a game by agent.
    action
        What was done last; 0 at a start and in a passive world. In a game by agent.
    turn
        Who acts now, and what is allowed.
    targets
        Where a click means an action; see :meth:`AbstractWorld.targets`.
    """

    scene: Scene
    frame: UInt8[Array, "height width channels"]
    frames: dict[str, UInt8[Array, "height width channels"]]
    readings: dict[str, Num[Array, ""]]
    thought: Any
    action: Any
    turn: Turns
    targets: Any


class Episode:
    """A live episode and its world.

    Attributes
    ----------
    knobs
        The world, whose traced fields can be changed.
    view
        What there is to see.

    Parameters
    ----------
    world
        What is simulated.
    key
        All random numbers of this and later episodes follow from it.
    policy
        What acts when no action is given; ``None`` for nothing.
    """

    def __init__(
        self,
        world: AbstractWorld,
        key: Key[Array, ""],
        policy: AbstractPolicy | None = None,
    ) -> None:
        self.knobs = Knobs(world)
        self._policy, self._key, self._count = policy, key, 0
        self.restart()

    @property
    def world(self) -> AbstractWorld:
        """The world as it is now."""
        return self.knobs.world

    @property
    def ended(self) -> bool:
        """Whether the episode is over."""
        return bool(self.view.scene.running.ended)

    @property
    def frame(self) -> UInt8[np.ndarray, "height width channels"]:
        """The picture."""
        return self.frame_for("")

    def frame_for(self, agent: str) -> UInt8[np.ndarray, "height width channels"]:
        """The picture for a person who plays an agent.

        Parameters
        ----------
        agent
            Agent of a game; empty for the whole picture.
        """
        return np.asarray(self.view.frames[agent] if agent else self.view.frame)

    def restart(self) -> None:
        """Begin the next episode."""
        key = named_key(self._key, "episode", self._count)
        self._count += 1
        self.view = _begin(*self.knobs.parts, self._policy, key)

    def step(self, action: int | dict[str, Any] = OWN_CHOICE) -> bool:
        """Go on by one step; a new episode where this one has ended.

        Parameters
        ----------
        action
            Index of an action, or :data:`OWN_CHOICE`; in a game the actions of agents
            for which the policy is not to choose.

        Returns
        -------
        moved
            False where the action is not allowed in this state: nothing is done then.
        """
        if self.ended:
            self.restart()
            return True
        before = self.view.scene
        self._turn(before, action, True)
        if action == OWN_CHOICE:
            return True
        return bool(self.view.scene.num_steps > before.num_steps)

    def put(self, state: State, obs: Observation) -> None:
        """Put the world into a state, which is observed as ``obs``.

        Parameters
        ----------
        state
            The world's state, of the shapes that it has now.
        obs
            The observation of it.
        """
        scene = self.view.scene
        running = scene.running._replace(state=state, obs=obs)
        self._turn(scene._replace(running=running), OWN_CHOICE, False)

    def redraw(self) -> None:
        """Look again, after the world was changed."""
        self._turn(self.view.scene, OWN_CHOICE, False)

    def numbers(self) -> tuple[Number, ...]:
        """Steps, the world's readings, and rewards where the world has actions."""
        scene = self.view.scene
        shown = [Number("step", int(scene.running.num_steps))]
        for name, value in self.view.readings.items():
            plain, _, unit = name.partition(" (")
            shown.append(Number(plain, float(value), unit.rstrip(")"), curve=True))
        solo = not isinstance(self.world, AbstractGame)
        if self.world.action_space is not None and solo:
            shown += [
                Number("reward", float(scene.reward)),
                Number("return", float(scene.total)),
                Number("discounted return", float(scene.discounted)),
            ]
        return tuple(shown)

    def _turn(self, scene: Scene, action: int | dict[str, Any], stepping: bool) -> None:
        blank, own = _blank(self.world), action == OWN_CHOICE
        if isinstance(self.world, AbstractGame):
            named = action if isinstance(action, dict) else {}
            own = {agent: agent not in named for agent in self.world.agents}
            action = {**blank, **named}
        elif own:
            action = blank
        self.view = _turn(
            *self.knobs.parts,
            self._policy,
            scene,
            self.view.action,
            jax.tree.map(lambda x, like: jnp.asarray(x, like.dtype), action, blank),
            jax.tree.map(jnp.asarray, own),
            jnp.asarray(stepping),
        )


def _blank(world: AbstractWorld) -> Action:
    """Zeros in the form of an action; 0 in a passive world. In a game by agent."""
    spaces: Any = world.action_space
    if spaces is None:
        return np.zeros((), np.int32)
    if isinstance(world, AbstractGame):
        like = {agent: spaces[agent].like for agent in world.agents}
    else:
        like = spaces.like
    return jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), like)


@pinned()
@eqx.filter_jit
def _begin(
    static: Static,
    leaves: dict[str, Array],
    policy: AbstractPolicy | None,
    key: Key[Array, ""],
) -> View:
    world = combine(static, leaves, {})
    memory = None if policy is None else policy.init_memory()
    running, zero = begin(world, named_key(key, "reset")), jnp.float32(0)
    if isinstance(world, AbstractGame):
        zero = dict.fromkeys(world.agents, zero)
    sums = {"reward": zero, "total": zero, "discounted": zero}
    scene = Scene(key, running, memory, **sums, weight=jnp.float32(1))
    return _look(world, policy, scene, _blank(world))


@pinned()
@eqx.filter_jit
def _turn(
    static: Static,
    leaves: dict[str, Array],
    policy: AbstractPolicy | None,
    scene: Scene,
    last: Action,
    action: Any,
    own: Any,
    stepping: Bool[Array, ""],
) -> View:
    """Step if ``stepping``, then look: one program for all that a session does."""
    world = combine(static, leaves, {})
    turn = turn_of(world, scene.running)
    stepping = stepping & _may(world.action_space, turn, action, own)

    def step() -> tuple[Scene, Action]:
        memory, chosen, before = scene.memory, action, scene.running
        if policy is not None:
            act_key = named_key(scene.key, "act", before.num_steps)
            memory, meant = policy.act(memory, before.obs, act_key, turn)
            chosen = _chosen(action, own, meant)
            memory = policy.acted(memory, chosen, turn)
        done = None if world.action_space is None else chosen
        step_key = named_key(scene.key, "step", before.num_steps)
        running, went = advance(world, before, done, step_key)
        reward = jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), went.reward)
        total, discounted = scene.total, scene.discounted
        new = scene._replace(
            running=running,
            memory=memory,
            reward=reward,
            total=jax.tree.map(lambda x, r: x + r, total, reward),
            discounted=jax.tree.map(
                lambda x, r: x + scene.weight * r, discounted, reward
            ),
            weight=(scene.weight * world.discount).astype(jnp.float32),
        )
        return new, jnp.int32(0) if done is None else chosen

    return _look(world, policy, *jax.lax.cond(stepping, step, lambda: (scene, last)))


def _may(spaces: Any, turn: Any, action: Any, own: Any) -> Bool[Array, ""]:
    """Whether what persons chose is allowed: what they may not do is not done."""
    if turn is None:
        return jnp.asarray(True)
    if not isinstance(turn, dict):
        spaces, turn, action, own = {"": spaces}, {"": turn}, {"": action}, {"": own}
    may = jnp.asarray(True)
    for agent, one in turn.items():
        can = spaces[agent].contains(action[agent], one.allowed)
        may = may & (own[agent] | ~one.acting | can)
    return may


def _chosen(action: Any, own: Any, meant: Action) -> Action:
    """A person's choices, and what the policy meant where there are none."""
    if isinstance(own, dict):
        return {
            name: _chosen(action[name], one, meant[name]) for name, one in own.items()
        }
    return jax.tree.map(
        lambda x, other: jnp.where(own, other, x).astype(x.dtype), action, meant
    )


def _look(
    world: AbstractWorld, policy: AbstractPolicy | None, scene: Scene, action: Action
) -> View:
    thought, turn = None, turn_of(world, scene.running)
    if policy is not None:
        thought = policy.think(scene.memory, scene.running.obs, turn)
    frame, readings = world.render(scene.state), world.readings(scene.state)
    targets, frames = world.targets(scene.state), {}
    if isinstance(world, AbstractGame):
        frames = {one: world.render_for(scene.state, one) for one in world.agents}
    return View(scene, frame, frames, readings, thought, action, turn, targets)

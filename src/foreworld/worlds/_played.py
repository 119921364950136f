"""Random episodes of a world, many side by side in one program, and what they show."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key

from foreworld.core import compilation
from foreworld.core.keys import named_key
from foreworld.worlds.base import AbstractWorld, Step
from foreworld.worlds.episode import Running, advance, begin, choose, turn_of

NUM_LANES, LONGEST = 16, 2048
"""Episodes side by side, and steps in which one without a time limit should end."""
_NUM_STEPS, _SECONDS = 32, 0.3
"""Steps in one call of the program; how long it is called again."""
_NEVER = 2**30


class Played(NamedTuple):
    """Some steps of all lanes; axes are time, lane.

    Attributes
    ----------
    before
        States before the steps.
    turns
        What the agents were told of them (:func:`foreworld.worlds.episode.turn_of`).
    step
        What the world gave, without the time limit.
    ended
        Whether the world itself ended the episode.
    num_steps
        Steps of the episode so far.
    """

    before: Any
    turns: Any
    step: Step
    ended: Bool[Array, "time lane"]
    num_steps: Array


def random_action(world: AbstractWorld, state: Any, key: Key[Array, ""]) -> Any:
    """A random one of those that are allowed; ``None`` in a passive world.

    Parameters
    ----------
    world
        A world or a game.
    state
        In which it is taken.
    key
        It is drawn from it.
    """
    return _action(world, world.turn(state), key)


def _action(world: AbstractWorld, turn: Any, key: Key[Array, ""]) -> Any:
    spaces = world.action_space
    turns = turn if isinstance(turn, dict) else {"": turn}
    masks = {n: one.allowed for n, one in turns.items() if one is not None}
    if spaces is None:
        return None
    if not isinstance(spaces, dict):
        return spaces.sample(key, masks.get(""))
    return {
        agent: space.sample(named_key(key, agent), masks.get(agent))
        for agent, space in spaces.items()
    }


def starts_of(world: AbstractWorld, key: Key[Array, ""]) -> Running:
    """Where the lanes begin, and begin again when an episode is over.

    Parameters
    ----------
    world
        A world or a game.
    key
        Starts are drawn from it.
    """
    keys = jax.random.split(named_key(key, "starts"), NUM_LANES)
    return jax.jit(jax.vmap(lambda own: begin(world, own)))(keys)


def play(
    world: AbstractWorld, starts: Running, key: Key[Array, ""], to_an_end: bool
) -> Iterator[Played]:
    """Play random episodes, a few steps at a time.

    It goes on until every lane has come to an end once, or some time is over. A world
    that nobody acts in and that has no time limit has no end to reach.

    Parameters
    ----------
    world
        A world or a game.
    starts
        Of :func:`starts_of`.
    key
        Actions and chance are drawn from it.
    to_an_end
        Take all the time until one of the episodes ended.
    """
    limit = world.max_episode_len or _NEVER
    has_end = world.action_space is not None or bool(world.max_episode_len)

    def one(running: Running, keys: Key[Array, "2"]) -> tuple[Any, ...]:
        turn = turn_of(world, running)
        action = _action(world, turn, keys[0])
        after, step = advance(world, running, action, keys[1], limit=_NEVER)
        seen = Played(running.state, turn, step, after.ended, after.num_steps)
        return after, seen, after.ended | (after.num_steps >= limit)

    def body(running: Running, keys: Key[Array, "lane 2"]) -> tuple[Running, Any]:
        after, seen, over = jax.vmap(one)(running, keys)
        return choose(over, starts, after), (seen, over)

    program = jax.jit(
        lambda running, keys: jax.lax.scan(body, running, keys),
        compiler_options=compilation.options(),
    )
    running, come, begun = starts, np.zeros(NUM_LANES, bool), time.monotonic()
    for first in range(0, LONGEST, _NUM_STEPS):
        # Outside of the program: each generator in it costs time to compile.
        own = named_key(key, "steps", first)
        keys = jax.random.split(own, (_NUM_STEPS, NUM_LANES, 2))
        running, (played, over) = program(running, keys)
        if not first:
            # What compiling took does not count.
            begun = time.monotonic()
        come |= np.asarray(over).any(0)
        yield played
        late = time.monotonic() - begun > _SECONDS
        if come.all() or not has_end or (late and (come.any() or not to_an_end)):
            return


class Restarts:
    """Finds a world that starts a new episode inside ``step``.

    The state where an episode ended lies where starts lie, and jumped there: by more
    than any step that ends nothing. One step at least must have ended nothing.

    Parameters
    ----------
    starts
        States at the start of episodes, one a lane.
    """

    def __init__(self, starts: Any) -> None:
        rows = _numbers(starts, 1)
        low, high = rows.min(0), rows.max(0)
        # Starts that were not drawn may lie a little outside of those that were.
        room = (high - low) / 4
        self._low, self._high = low - room, high + room
        self._ends: list[tuple[np.ndarray, np.ndarray]] = []
        self._furthest: np.ndarray | None = None

    def add(self, played: Played) -> None:
        """Take some steps into account."""
        ended = np.asarray(played.ended).ravel()
        after, earlier = _numbers(played.step.state, 2), _numbers(played.before, 2)
        moved = np.abs(after - earlier)
        if not ended.all():
            most = moved[~ended].max(0)
            known = self._furthest
            self._furthest = most if known is None else np.maximum(known, most)
        if ended.any():
            self._ends.append((after[ended], moved[ended]))

    def found(self) -> bool:
        """Whether most ends were such a start."""
        if self._furthest is None or not self._ends:
            return False
        after, moved = (np.concatenate(rows) for rows in zip(*self._ends, strict=True))
        inside = ((after >= self._low) & (after <= self._high)).all(1)
        jumped = (moved > 1.5 * self._furthest).any(1)
        return bool((inside & jumped).mean() >= 0.5)


def _numbers(state: Any, num_axes: int) -> Float[np.ndarray, "row number"]:
    """Each state of a batch as a row of numbers; keys say nothing and are left out."""
    rows, num = [], 0
    for leaf in jax.tree.leaves(state):
        if not jnp.issubdtype(jnp.asarray(leaf).dtype, jax.dtypes.prng_key):
            array = np.asarray(leaf, np.float64)
            num = int(np.prod(array.shape[:num_axes]))
            rows.append(array.reshape(num, -1))
        elif not rows:
            # A state of keys alone: rows that never differ.
            num = int(np.prod(leaf.shape[:num_axes]))
    return np.concatenate(rows, axis=1) if rows else np.zeros((num, 1))

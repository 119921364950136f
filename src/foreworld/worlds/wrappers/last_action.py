"""Shows an agent what it did last, beside what it sees: what remembering often needs.

Source: action concatenation of Tao et al. 2025, "POBAX", arXiv 2508.00046.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from foreworld.core.errors import ConfigError
from foreworld.core.spaces import Box, Discrete, Record
from foreworld.worlds.base import AbstractWorld, Action, Observation, State, Step
from foreworld.worlds.pomdp.tmaze import TMaze
from foreworld.worlds.wrappers.base import AbstractWrapper


class LastActionState(NamedTuple):
    """State of the inner world.

    Attributes
    ----------
    inner
        State of the inner world.
    code
        The action that led to it, zero at a start.
    """

    inner: State
    code: Float[Array, " size"]


class LastAction(AbstractWrapper):
    """A world that shows the action before, too: a record of ``obs`` and ``action``.

    The action is a row of numbers, the one-hot code of a choice, and zero at a start.
    """

    world: AbstractWorld = eqx.field(default_factory=TMaze)
    """the world inside, by name or as an object"""

    def __init__(self, world: Any = None) -> None:
        self.world = TMaze() if world is None else world

    def __check_init__(self) -> None:
        super().__check_init__()
        if self.world.action_space is None:
            raise ConfigError(
                f"LastAction.world={type(self.world).__name__} is passive: there is no "
                f"action that it could show."
            )

    @property
    def observation_space(self) -> Record:
        """What the inner world shows, and the action as a row."""
        space: Any = self.world.action_space
        low = 0.0 if isinstance(space, Discrete) else -float("inf")
        high = 1.0 if isinstance(space, Discrete) else float("inf")
        action = Box(low, high, (space.flat_size,))
        return Record({"obs": self.world.observation_space, "action": action})  # type: ignore[dict-item]

    def reset(self, key: Key[Array, ""]) -> tuple[LastActionState, Observation]:
        """The inner world's start, and no action."""
        return self._started(*self.world.reset(key))

    @property
    def num_starts(self) -> int:
        """The inner world's."""
        return self.world.num_starts

    def reset_at(
        self, index: Int[Array, ""] | int, key: Key[Array, ""]
    ) -> tuple[LastActionState, Observation]:
        """The inner world's start at a point, and no action."""
        return self._started(*self.world.reset_at(index, key))

    def _started(
        self, inner: State, obs: Observation
    ) -> tuple[LastActionState, Observation]:
        space: Any = self.world.action_space
        code = jnp.zeros(space.flat_size, jnp.float32)
        return LastActionState(inner, code), {"obs": obs, "action": code}

    def step(self, state: LastActionState, action: Action, key: Key[Array, ""]) -> Step:
        """The inner world's step, with the action that was taken."""
        space: Any = self.world.action_space
        step = self.world.step(state.inner, action, key)
        code = space.flatten(action)
        return step._replace(
            state=LastActionState(step.state, code),
            obs={"obs": step.obs, "action": code},
        )

    def inside(self, state: LastActionState) -> State:
        """The inner world's state."""
        return state.inner

    def with_inside(self, state: LastActionState, inner: State) -> LastActionState:
        """The state with another one of the inner world."""
        return state._replace(inner=inner)

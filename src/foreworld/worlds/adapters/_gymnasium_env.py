"""Our worlds as Gymnasium environments, one at a time and as one batched program.

An episode follows from one seed, drawn from the environment's own generator at every
reset, and from the actions. Lane ``i`` of a batch that was reset with ``seed`` is the
single environment that was reset with ``seed + i``, as in Gymnasium's own vectors.

Source: Towers et al., "Gymnasium: a standard interface for reinforcement learning
environments" (2024), arXiv 2407.17032.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import gymnasium
import jax
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from jaxtyping import UInt8

from foreworld.core.errors import ConfigError
from foreworld.core.parts.limits import Count
from foreworld.core.parts.opening import opened
from foreworld.core.parts.types import checked
from foreworld.core.spaces import Allowed, Discrete, Record, Space
from foreworld.worlds.adapters._episodes import Episodes
from foreworld.worlds.adapters._spaces import (
    action_mask,
    single_agent,
    to_foreign_space,
)
from foreworld.worlds.base import AbstractWorld
from foreworld.worlds.make import as_world

_MODES = ["rgb_array"]
_FPS = 10


class WorldEnv(gymnasium.Env):
    """A world as a Gymnasium environment.

    A passive world takes one action, 0, which is ignored. The time limit is the world's
    field ``max_episode_len`` and is reported as truncation. Where a world says what is
    allowed, ``info["action_mask"]`` is what ``action_space.sample`` takes; what a
    forbidden action does is the world's affair.

    Parameters
    ----------
    world
        A world, or the name of one.
    render_mode
        ``"rgb_array"`` or ``None``.
    fields
        Fields of a world that is given by name.

    Raises
    ------
    ConfigError
        Unknown names, values that are not allowed, or a game of several agents.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": _MODES, "render_fps": _FPS}

    def __init__(
        self, world: AbstractWorld | str, render_mode: str | None = None, **fields: Any
    ) -> None:
        self.world = opened(as_world(world, fields))
        self.render_mode = _render_mode(render_mode)
        actions, observations = single_agent(self.world, "Gymnasium")
        self._actions, self._observations = actions, observations
        self.action_space = to_foreign_space(actions, gymnasium.spaces)
        self.observation_space = to_foreign_space(observations, gymnasium.spaces)
        self._episodes = Episodes(self.world)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; ``options`` are ignored."""
        super().reset(seed=checked("seed", seed, int | None))
        obs, allowed = self._episodes.start(_draw_seeds([self.np_random]))
        return self._observed(obs), _info(self._actions, _first(allowed))

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One step; :class:`ConfigError` where the action is not allowed."""
        if self._actions is not None and not self.action_space.contains(action):
            raise ConfigError(
                f"action {action!r} is not in the action space {self.action_space} of "
                f"{type(self.world).__name__}."
            )
        lanes = jax.tree.map(lambda x: np.asarray(x)[None], action)
        out = self._episodes.step(_as_actions(self._actions, lanes))
        return (
            self._observed(out.obs),
            float(out.reward[0]),
            bool(out.terminated[0]),
            bool(out.truncated[0]),
            _info(self._actions, _first(out.allowed)),
        )

    def render(self) -> UInt8[np.ndarray, "height width 3"] | None:
        """The picture of the state, upright; ``None`` without a render mode."""
        return None if self.render_mode is None else self._episodes.frames()[0]

    def _observed(self, obs: Any) -> Any:
        return _first(_batch(self._observations, obs))


class WorldVectorEnv(gymnasium.vector.VectorEnv):
    """Many episodes of one world, stepped by one compiled program.

    An ended lane begins anew in the call after its last step, whose action is ignored
    and whose reward is zero (Gymnasium's next-step mode).

    Parameters
    ----------
    world, render_mode, fields
        As for :class:`WorldEnv`.
    num_envs
        Lanes.
    """

    metadata: ClassVar[dict[str, Any]] = {
        "render_modes": _MODES,
        "render_fps": _FPS,
        "autoreset_mode": AutoresetMode.NEXT_STEP,
    }

    def __init__(
        self,
        world: AbstractWorld | str,
        num_envs: int = 1,
        render_mode: str | None = None,
        **fields: Any,
    ) -> None:
        num_envs = checked("num_envs", num_envs, Count)
        self.world = opened(as_world(world, fields))
        self.num_envs = num_envs
        self.render_mode = _render_mode(render_mode)
        actions, observations = single_agent(self.world, "Gymnasium")
        self._actions, self._observations = actions, observations
        self.single_action_space = to_foreign_space(actions, gymnasium.spaces)
        self.single_observation_space = to_foreign_space(observations, gymnasium.spaces)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._episodes = Episodes(self.world)
        self._generators = [seeding.np_random()[0] for _ in range(num_envs)]
        self._ended = np.zeros(num_envs, bool)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode in every lane; a seed is counted up lane by lane."""
        if seed is not None:
            lanes = range(self.num_envs)
            if isinstance(seed, Sequence | np.ndarray):
                seeds = list(seed)
            else:
                seeds = [checked("seed", seed, int) + i for i in lanes]
            if len(seeds) != self.num_envs:
                raise ConfigError(
                    f"{len(seeds)} seeds for {self.num_envs} environments: give one "
                    f"number, or one for each."
                )
            self._generators = [
                self._generators[i]
                if one is None
                else seeding.np_random(checked("seed", one, int))[0]
                for i, one in enumerate(seeds)
            ]
        self._ended = np.zeros(self.num_envs, bool)
        obs, allowed = self._episodes.start(_draw_seeds(self._generators))
        return _batch(self._observations, obs), self._infos(allowed)

    def step(
        self, actions: Any
    ) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """One step of every lane; lanes that had ended begin anew."""
        if self._actions is not None and not self.action_space.contains(actions):
            raise ConfigError(
                f"actions {actions!r} are not in the action space {self.action_space}."
            )
        actions = _as_actions(self._actions, actions)
        if self._ended.any():
            seeds = np.zeros(self.num_envs, np.uint32)
            for lane in np.flatnonzero(self._ended):
                seeds[lane] = _draw_seeds([self._generators[lane]])[0]
            out = self._episodes.step(actions, self._ended, seeds)
        else:
            out = self._episodes.step(actions)
        self._ended = out.terminated | out.truncated
        obs = _batch(self._observations, out.obs)
        reward = out.reward.astype(np.float64)
        infos = self._infos(out.allowed)
        return obs, reward, out.terminated, out.truncated, infos

    def render(self) -> tuple[np.ndarray, ...] | None:
        """The picture of every lane; ``None`` without a render mode."""
        return None if self.render_mode is None else tuple(self._episodes.frames())

    def _infos(self, allowed: Allowed) -> dict[str, Any]:
        """Of all lanes, and which of them have it: all."""
        info, every = _info(self._actions, allowed), np.ones(self.num_envs, bool)
        return info | {f"_{name}": every for name in info}


def _render_mode(mode: str | None) -> str | None:
    if mode not in (None, *_MODES):
        raise ConfigError(f"render_mode={mode!r} is not one of None, 'rgb_array'.")
    return mode


def _draw_seeds(generators: Sequence[np.random.Generator]) -> np.ndarray:
    draws = [one.integers(2**32, dtype=np.uint32) for one in generators]
    return np.asarray(draws, np.uint32)


def _as_actions(space: Space | None, actions: Any) -> Any:
    if space is None:
        return None
    if isinstance(space, Record):
        return {name: _as_actions(one, actions[name]) for name, one in space.items}
    return np.asarray(actions, space.dtype)


def _batch(space: Space, obs: Any) -> Any:
    """Observations of all lanes, writable, choices as Gymnasium stores them."""
    if isinstance(space, Record):
        return {name: _batch(one, obs[name]) for name, one in space.items}
    return obs.astype(np.int64) if isinstance(space, Discrete) else obs.copy()


def _first(tree: Any) -> Any:
    """Of the first lane: whole numbers as such, floats as arrays, also without axes."""
    return jax.tree.map(lambda x: x[0] if x.dtype.kind == "i" else x[0, ...], tree)


def _info(space: Space | None, allowed: Allowed) -> dict[str, Any]:
    if space is None or allowed is None:
        return {}
    return {"action_mask": action_mask(space, allowed)}

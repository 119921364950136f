"""Gymnasium environments as pure functions: what follows from a seed and actions.

A program may step the same state twice, never, or in another order, so an environment
object cannot be its state. Here the state is the history (seed and actions so far), and
the objects are only a cache of it: a history that no live object has reached is played
again from its start.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np

from foreworld.core.errors import ConfigError
from foreworld.core.spaces import Discrete
from foreworld.worlds.adapters._optional import require
from foreworld.worlds.adapters._spaces import from_foreign_space

_MIN_LIVE = 16


class Moved(NamedTuple):
    """What one step gave."""

    obs: np.ndarray
    reward: np.float32
    terminated: np.bool_
    truncated: np.bool_


class Host:
    """The live objects of one environment in this process.

    Parameters
    ----------
    name, options
        What ``gymnasium.make`` is given.

    Raises
    ------
    ConfigError
        No such environment, spaces that have no counterpart here, or an environment
        that says itself that seeds and actions do not decide its episodes.
    """

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        self._name, self._options = name, options
        # Programs may run in several threads, and each may call back.
        self._lock = threading.Lock()
        self._live: OrderedDict[tuple[int, bytes], Any] = OrderedDict()
        self._free: list[Any] = []
        self._scratch = self._make()
        env = self._scratch
        spec = env.spec
        if spec is not None and spec.nondeterministic:
            raise ConfigError(
                f"{name} is not deterministic: the same seed and actions may give "
                f"other episodes. Such an environment cannot be a world."
            )
        self.max_steps: int = (spec.max_episode_steps if spec else None) or 0
        actions, observations = env.action_space, env.observation_space
        self.action_space = from_foreign_space(
            actions, actions.shape or (), f"{name}'s action space", even=True
        )
        self.observation_space = from_foreign_space(
            observations, observations.shape or (), f"{name}'s observation space"
        )

    def starts(self, seeds: Any) -> np.ndarray:
        """The first observations of episodes, one for each seed of any shape."""
        seeds = np.asarray(seeds)
        with self._lock:
            obs = [self._observed(self._scratch.reset(seed=int(s))) for s in seeds.flat]
        return np.stack(obs).reshape((*seeds.shape, *self.observation_space.shape))

    def steps(
        self,
        seeds: Any,
        histories: Any,
        num_steps: Any,
        actions: Any,
        skip: Any,
        last_obs: Any,
    ) -> Moved:
        """Go on with episodes by one action each; arrays have any leading axes.

        Where ``skip`` is true nothing is done and the last observation is repeated.
        """
        shape = seeds.shape
        num = max(1, seeds.size)
        flat = [
            np.asarray(x).reshape(num, *np.shape(x)[len(shape) :])
            for x in (seeds, histories, num_steps, actions, skip, last_obs)
        ]
        no = np.bool_(False)
        with self._lock:
            moved = [
                Moved(obs, np.float32(0), no, no)
                if skipped
                else self._step(int(seed), history[: int(count)], action, num)
                for seed, history, count, action, skipped, obs in zip(
                    *flat, strict=True
                )
            ]
        stacked: Any = [np.stack(values) for values in zip(*moved, strict=True)]
        return Moved(*(x.reshape((*shape, *x.shape[1:])) for x in stacked))

    def _step(self, seed: int, history: np.ndarray, action: Any, num: int) -> Moved:
        env = self._live.pop((seed, history.tobytes()), None)
        if env is None:
            env = self._free.pop() if self._free else self._make()
            env.reset(seed=seed)
            for past in history:
                env.step(self._given(past))
        obs, reward, terminated, truncated, _ = env.step(self._given(action))
        if terminated or truncated:
            self._free.append(env)
        else:
            done = np.concatenate([history, action[None]])
            self._live[seed, done.tobytes()] = env
        # Twice as many as go on at once, so that an evaluation in between does not
        # make training play its histories again.
        while len(self._live) > max(_MIN_LIVE, 2 * num):
            self._free.append(self._live.popitem(last=False)[1])
        return Moved(
            self._observed((obs, {})),
            np.float32(reward),
            np.bool_(terminated),
            np.bool_(truncated),
        )

    def _given(self, action: Any) -> Any:
        return int(action) if isinstance(self.action_space, Discrete) else action

    def _observed(self, result: tuple[Any, dict]) -> np.ndarray:
        return np.array(result[0], np.dtype(self.observation_space.dtype))

    def _make(self) -> Any:
        gymnasium = require("gymnasium")
        try:
            return gymnasium.make(self._name, disable_env_checker=True, **self._options)
        except (gymnasium.error.Error, TypeError, ImportError) as error:
            raise ConfigError(
                f"Gymnasium could not make {self._name!r} with options "
                f"{self._options}: {error}"
            ) from error

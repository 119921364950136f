"""Gymnasium environments as pure functions: what follows from a seed and actions.

A program may step the same state twice, never, or in another order, so an environment
object cannot be its state. Here the state is the history (seed and actions so far), and
the objects are only a cache of it: a history that no live object has reached is played
again from its start.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from foreworld.core.callbacks import origin, remembered
from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.core.keys import named_key, root_key
from foreworld.core.spaces import Discrete
from foreworld.worlds._compare import numpy_random
from foreworld.worlds.adapters._compound import (
    Observations,
    action_space,
    code_of,
    decoded,
    foreign_action,
)
from foreworld.worlds.adapters._optional import require

_MIN_LIVE = 16
_NUM_STEPS = 24
"""Steps of an episode that is tried out."""


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
        self._rehearsed = False
        self._scratch = self._make()
        env = self._scratch
        spec = env.spec
        if spec is not None and spec.nondeterministic:
            raise ConfigError(
                f"{name} is not deterministic: the same seed and actions may give "
                f"other episodes. Such an environment cannot be a world."
            )
        self.max_steps: int = (spec.max_episode_steps if spec else None) or 0
        self.action_space = action_space(env.action_space, f"{name}'s action space")
        seen = Observations(env.observation_space, f"{name}'s observation space")
        self._observations, self.observation_space = seen, seen.space

    def starts(self, seeds: Any) -> np.ndarray:
        """The first observations of episodes, one for each seed of any shape."""
        seeds = np.asarray(seeds)
        with self._lock, remembered():
            obs = [self._reset(self._scratch, int(s)) for s in seeds.flat]
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
        with self._lock, remembered():
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
            self._reset(env, seed)
            for past in history:
                self._move(env, past)
        moved = self._move(env, action)
        if moved.terminated or moved.truncated:
            self._free.append(env)
        else:
            done = np.concatenate([history, action[None]])
            self._live[seed, done.tobytes()] = env
        # Twice as many as go on at once, so that an evaluation in between does not
        # make training play its histories again.
        while len(self._live) > max(_MIN_LIVE, 2 * num):
            self._free.append(self._live.popitem(last=False)[1])
        return moved

    def rehearse(self) -> None:
        """Some steps of one seed, twice: what they give must fit, and be the same.

        Raises
        ------
        ConfigError
            Names the environment, the method and what is wrong.
        """
        with self._lock:
            if self._rehearsed:
                return
            before = numpy_random()
            first = self._short_episode()
            drawn = numpy_random() != before
            again = self._short_episode()
            pairs = zip(sum(first, ()), sum(again, ()), strict=False)
            same = len(first) == len(again)
            if drawn or not same or not all(np.array_equal(a, b) for a, b in pairs):
                raise ConfigError(
                    f"{self._name} ignores its seed: the same seed and actions may "
                    f"give other episodes. Draw with self.np_random after "
                    f"super().reset(seed=seed), and with no other random numbers."
                )
            self._rehearsed = True

    def _short_episode(self) -> list[Moved]:
        env, key = self._scratch, root_key(0)
        moved = [Moved(self._reset(env, 1), np.float32(0), np.False_, np.False_)]
        self._check_inside("reset", moved[0].obs)
        while len(moved) <= _NUM_STEPS and not (moved[-1][2] or moved[-1][3]):
            action = self.action_space.sample(named_key(key, "act", len(moved)))
            action = np.asarray(code_of(self.action_space, action))
            moved.append(self._move(env, action))
            self._check_inside("step", moved[-1].obs)
        return moved

    def _reset(self, env: Any, seed: int) -> np.ndarray:
        with self._words("reset"):
            made = env.reset(seed=seed)
            if not isinstance(made, tuple) or len(made) != 2:
                raise self._refuse(
                    "reset", f"it must return (observation, info), got {made!r}."
                )
            return self._observed("reset", made[0])

    def _move(self, env: Any, action: Any) -> Moved:
        with self._words("step"):
            given = decoded(self.action_space, np.asarray(action))
            made = env.step(foreign_action(env.action_space, given))
            if not isinstance(made, tuple) or len(made) != 5:
                raise self._refuse(
                    "step",
                    f"it must return (observation, reward, terminated, truncated, "
                    f"info), got {made!r}.",
                )
            obs, reward, *ends, _ = made
            number = np.asarray(reward, np.float64)
            if number.shape or not np.isfinite(np.float32(number)):
                raise self._refuse(
                    "step", f"the reward must be one finite number, got {reward!r}."
                )
            if any(np.shape(end) for end in ends):
                raise self._refuse(
                    "step",
                    f"terminated and truncated must be one bool each, got {ends!r}.",
                )
            seen = self._observed("step", obs)
            return Moved(seen, np.float32(number), *map(np.bool_, ends))

    def _observed(self, method: str, obs: Any) -> np.ndarray:
        space, given = self.observation_space, np.asarray(self._observations.seen(obs))
        with np.errstate(over="ignore"):
            seen = np.array(given, np.dtype(space.dtype))
        if seen.shape != space.shape:
            raise self._refuse(
                method,
                f"the observation has shape {list(seen.shape)}, but observation_space "
                f"says {list(space.shape)}.",
            )
        if seen.dtype.kind == "f" and not np.isfinite(seen).all():
            huge = np.isfinite(given).all()
            raise self._refuse(
                method,
                f"the observation {given.tolist()} is not finite"
                f"{' in float32, which programs hold' if huge else ''}.",
            )
        return seen

    def _check_inside(self, method: str, obs: np.ndarray) -> None:
        space = self.observation_space
        low, high = (
            (0, space.num - 1)
            if isinstance(space, Discrete)
            else np.asarray([space.low, space.high], obs.dtype)
        )
        if not (np.all(obs >= low) and np.all(obs <= high)):
            raise self._refuse(
                method,
                f"the observation {obs.tolist()} is outside of observation_space, "
                f"{space}.",
            )

    def _refuse(self, method: str, what: str) -> ConfigError:
        return ConfigError(f"{self._name}.{method}: {what}")

    @contextlib.contextmanager
    def _words(self, method: str) -> Iterator[None]:
        """Say which method an error came from, and the line of the environment."""
        try:
            yield
        except ForeworldError:
            raise
        except Exception as error:
            raise self._refuse(
                method, f"{type(error).__name__}: {error}{origin(error)}."
            ) from error

    def _make(self) -> Any:
        gymnasium = require("gymnasium")
        try:
            return gymnasium.make(self._name, disable_env_checker=True, **self._options)
        except (gymnasium.error.Error, TypeError, ImportError) as error:
            raise ConfigError(
                f"Gymnasium could not make {self._name!r} with options "
                f"{self._options}: {error}"
            ) from error

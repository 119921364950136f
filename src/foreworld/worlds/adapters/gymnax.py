"""Any gymnax 1.x environment as a world: CartPole, MinAtar, bsuite and others.

Source: https://github.com/RobertTLange/gymnax, Lange 2022.
"""

from __future__ import annotations

import functools
from typing import Annotated, Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key, UInt8

from foreworld.core.errors import ConfigError, unknown_name
from foreworld.core.keys import root_key
from foreworld.core.parts.part import Traced
from foreworld.core.spaces import Box, Discrete
from foreworld.worlds.adapters._optional import require
from foreworld.worlds.adapters._picture import picture
from foreworld.worlds.adapters._spaces import from_foreign_space
from foreworld.worlds.base import AbstractWorld, EpisodeLen, Step

Setting = bool | int | float | str


class GymnaxState(NamedTuple):
    """The environment's state, and what was observed in it."""

    inner: Any
    obs: Array


class Gymnax(AbstractWorld):
    """A gymnax environment, without the automatic reset of its ``step``.

    The environment's own time limit is reported as truncation too. ``render`` draws the
    observation, because the environments' pictures are made outside of JAX. Bounds of
    observations that differ between entries are given as the widest.
    """

    env: str = "CartPole-v1"
    """name of the environment, as for gymnax.make"""
    params: dict[str, int | float] = eqx.field(default_factory=dict)
    """parameters that differ from the environment's default ones"""
    options: dict[str, Setting] = eqx.field(default_factory=dict)
    """what else gymnax.make is given"""
    discount: Annotated[float, Traced(low=0, high=1)] = 0.99
    """discount factor of returns"""
    max_episode_len: EpisodeLen = 0
    """steps after which an episode is cut off; 0 takes the environment's own limit"""

    def __check_init__(self) -> None:
        super().__check_init__()
        limit = self.max_episode_len or int(self._foreign().params.max_steps_in_episode)
        object.__setattr__(self, "max_episode_len", limit)

    @property
    def truncates(self) -> bool:
        """The environment's own time limit is passed on."""
        return True

    @property
    def action_space(self) -> Discrete | Box:
        """That of the environment."""
        return self._foreign().action_space

    @property
    def observation_space(self) -> Discrete | Box:
        """That of the environment."""
        return self._foreign().observation_space

    def reset(self, key: Key[Array, ""]) -> tuple[GymnaxState, Array]:
        """The environment's own start."""
        env, params, *_ = self._foreign()
        obs, inner = env.reset_env(key, params)
        obs = jnp.asarray(obs, self.observation_space.dtype)
        # Of the dtypes that the values have inside a program.
        inner = jax.tree.map(lambda x: _as(x, jnp.result_type(x)), inner)
        return GymnaxState(inner, obs), obs

    def step(self, state: GymnaxState, action: Array, key: Key[Array, ""]) -> Step:
        """The environment's own step, and its time limit as truncation."""
        env, params, *_ = self._foreign()
        obs, inner, reward, terminated, _ = env.step_env(
            key, state.inner, action, params
        )
        terminated = jnp.asarray(terminated, bool)
        truncated = jnp.asarray(env.is_truncated(inner, params), bool)
        # The next state has the types of the last one, or it could not be scanned over.
        inner = jax.tree.map(lambda new, old: _as(new, old.dtype), inner, state.inner)
        obs = jnp.asarray(obs, self.observation_space.dtype)
        reward = jnp.asarray(reward, jnp.float32).reshape(())
        return Step(GymnaxState(inner, obs), obs, reward, terminated, truncated)

    def render(self, state: GymnaxState) -> UInt8[Array, "height width 3"]:
        """A picture of the observation."""
        return picture(state.obs)

    def _foreign(self) -> _Foreign:
        return _make(self.env, _items(self.options), _items(self.params))


class _Foreign(NamedTuple):
    env: Any
    params: Any
    action_space: Discrete | Box
    observation_space: Discrete | Box


def _items(settings: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(settings.items()))


@functools.cache
def _make(
    name: str,
    options: tuple[tuple[str, Any], ...],
    changes: tuple[tuple[str, Any], ...],
) -> _Foreign:
    gymnax = require("gymnax")
    if name not in gymnax.registered_envs:
        raise unknown_name("gymnax environment", name, gymnax.registered_envs)
    # Spaces are arrays there; made inside a program they would belong to it.
    with jax.ensure_compile_time_eval():
        try:
            env, params = gymnax.make(name, **dict(options))
        except (TypeError, ValueError, OSError) as error:
            raise ConfigError(
                f"gymnax could not make {name!r} with options {dict(options)}: {error}."
            ) from error
        for parameter, value in changes:
            if parameter not in vars(params):
                raise unknown_name(f"parameter of {name}", parameter, vars(params))
            _check_number(f"{name}.{parameter}", value, vars(params)[parameter])
        params = params.replace(**dict(changes))
        actions = env.action_space(params)
        shape = np.zeros(actions.shape).shape
        obs, _ = jax.eval_shape(env.reset_env, root_key(0), params)
        observations = env.observation_space(params)
        return _Foreign(
            env,
            params,
            from_foreign_space(actions, shape, f"{name}'s action space", True),
            from_foreign_space(observations, obs.shape, f"{name}'s observation space"),
        )


def _check_number(where: str, value: Any, default: Any) -> None:
    """Refuse a number that a program would hold as another one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    whole = isinstance(default, int) and not isinstance(default, bool)
    if whole and (value != int(value) or not -(2**31) <= value < 2**31):
        raise ConfigError(
            f"{where}={value!r} must be a whole number of 32 bits: its default is "
            f"{default!r}."
        )
    with np.errstate(over="ignore"):
        if not np.isfinite(np.float32(value)):
            raise ConfigError(
                f"{where}={value!r} is not finite in float32, in which programs "
                f"compute. Give a number within 3.4e38."
            )


def _as(value: Any, dtype: Any) -> Array:
    if jnp.issubdtype(dtype, jax.dtypes.prng_key):
        return value
    # Unlike a plain cast this also drops JAX's weak types.
    return jax.lax.convert_element_type(value, dtype)

"""Any deterministic Gymnasium environment as a world, stepped outside of programs.

Source: https://gymnasium.farama.org; Towers et al. 2024, arXiv 2407.17032.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Key, UInt8, UInt32

from foreworld.core.errors import ConfigError
from foreworld.core.parts.part import Traced
from foreworld.core.spaces import Box, Discrete, Space
from foreworld.worlds.adapters._compound import code_like, code_of
from foreworld.worlds.adapters._host import Host, Moved
from foreworld.worlds.adapters._picture import picture
from foreworld.worlds.base import AbstractWorld, EpisodeLen, Step

Setting = bool | int | float | str


class GymnasiumState(NamedTuple):
    """An episode so far: all that decides how it goes on."""

    seed: UInt32[Array, ""]
    actions: Array
    """actions so far, in a buffer as long as the longest episode"""
    num_steps: Int[Array, ""]
    ended: Bool[Array, ""]
    obs: Array


class Gymnasium(AbstractWorld):
    """A Gymnasium environment, seen as a function of its seed and actions.

    It can be used wherever a world can, inside compiled programs too: they call back
    to Python. What that costs: one call a step for all lanes together, with Python's
    speed inside (CartPole in 4 lanes: about a tenth of the speed of Gymnasium's own
    sync vector, a hundredth of gymnax's); a copy of the actions so far in every state;
    a reset in Python for every step and lane, because starts are drawn ahead; states
    that are not stepped in order are played again from their start; and JAX
    keeps no compiled program that calls back, so each process compiles its own. No
    gradient flows through a step.

    All randomness of an episode follows from its reset's seed, as Gymnasium demands;
    keys of steps are not used. ``render`` draws the observation.

    Observations made of several parts (Dict, Tuple, MultiDiscrete, MultiBinary) are one
    row of numbers, as Gymnasium's own ``flatten`` makes it; such actions are a record.
    """

    env: str = "CartPole-v1"
    """name of the environment, as for gymnasium.make"""
    options: dict[str, Setting] = eqx.field(default_factory=dict)
    """what else gymnasium.make is given"""
    discount: Annotated[float, Traced(low=0, high=1)] = 0.99
    """discount factor of returns"""
    max_episode_len: EpisodeLen = 0
    """steps after which an episode is cut off; 0 takes the environment's own limit"""

    @classmethod
    def runs(cls, fields: Mapping[str, Any]) -> Sequence[str]:
        """The module in ``module:Name-v0``, which gymnasium.make imports."""
        module, colon, _ = str(fields.get("env", "")).partition(":")
        return (module,) if colon else ()

    def __check_init__(self) -> None:
        super().__check_init__()
        longest = self.max_episode_len or self._host().max_steps
        if not longest:
            raise ConfigError(
                f"{type(self).__name__}.max_episode_len=0 takes the environment's own "
                f"time limit, but {self.env} has none. Give the longest episode."
            )
        object.__setattr__(self, "max_episode_len", longest)

    def rehearse(self) -> None:
        """Two short episodes of one seed, in plain Python."""
        self._host().rehearse()

    @property
    def truncates(self) -> bool:
        """The environment's own time limit is passed on."""
        return True

    @property
    def action_space(self) -> Space:
        """That of the environment; a record where it is made of several."""
        return self._host().action_space

    @property
    def observation_space(self) -> Discrete | Box:
        """That of the environment; one row of numbers where it is made of several."""
        return self._host().observation_space

    def reset(self, key: Key[Array, ""]) -> tuple[GymnasiumState, Array]:
        """The environment's start from a seed drawn with the key."""
        host = self._host()
        # 31 bits: some environments hold their seed in a signed integer.
        seed = jax.random.bits(key, (), jnp.uint32) >> 1
        like = self.observation_space.like
        obs = jax.pure_callback(host.starts, like, seed, vmap_method="expand_dims")
        code = code_like(self.action_space)
        actions = jnp.zeros((self.max_episode_len, *code.shape), code.dtype)
        state = GymnasiumState(seed, actions, jnp.int32(0), jnp.asarray(False), obs)
        return state, obs

    def step(self, state: GymnasiumState, action: Any, key: Key[Array, ""]) -> Step:
        """The environment's own step; an ended episode stays as it is."""
        host = self._host()
        action = code_of(self.action_space, action)
        flag = jax.ShapeDtypeStruct((), jnp.bool_)
        reward = jax.ShapeDtypeStruct((), jnp.float32)
        so_far = (state.seed, state.actions, state.num_steps, action)
        moved = jax.pure_callback(
            host.steps,
            Moved(self.observation_space.like, reward, flag, flag),  # type: ignore
            *jax.lax.stop_gradient((*so_far, state.ended, state.obs)),
            vmap_method="broadcast_all",
        )
        num_steps = state.num_steps + ~state.ended
        late = (num_steps >= self.max_episode_len) & ~state.ended
        truncated = moved.truncated | late
        new = GymnasiumState(
            state.seed,
            state.actions.at[state.num_steps].set(action),
            num_steps,
            state.ended | moved.terminated | truncated,
            moved.obs,
        )
        return Step(new, moved.obs, moved.reward, moved.terminated, truncated)

    def render(self, state: GymnasiumState) -> UInt8[Array, "height width 3"]:
        """A picture of the observation."""
        return picture(state.obs)

    def _host(self) -> Host:
        return _find(self.env, tuple(sorted(self.options.items())))


@functools.cache
def _find(name: str, options: tuple[tuple[str, Setting], ...]) -> Host:
    return Host(name, dict(options))

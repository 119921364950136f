"""What long series with switching laws share: a latent state, a mode, noisy signals.

The observation is the latent state. Data sets store beside it the signal, a fixed
linear picture of the latent state in more dimensions, and the discrete mode.
"""

from __future__ import annotations

import abc
import math
from typing import Annotated, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, UInt8

from foreworld.core.keys import named_key
from foreworld.core.parts.part import Bounded
from foreworld.core.spaces import Box
from foreworld.render.discs import draw_binary
from foreworld.worlds.base import Step
from foreworld.worlds.dynamics.base import AbstractDynamics, working_dtype

Latent = Float[Array, " latent"]
Mode = Int[Array, ""]
Signal = Float[Array, " signal"]

NumObserved = Annotated[int, Bounded(low=1)]
"""Type of ``num_observed`` fields."""
Seed = Annotated[int, Bounded(low=0)]
"""Type of fields that name a fixed draw of constants."""
_DOT = 0.05
"""Radius of the dot for the newest place, in widths of the picture."""


class SeriesState(NamedTuple):
    """A moment of a series.

    ``noise`` is what the signal of this moment has too much; ``trail`` holds the latest
    latent states for the picture, newest first.
    """

    latent: Latent
    mode: Mode
    noise: Signal
    trail: Float[Array, "time latent"]


class AbstractSeries(AbstractDynamics):
    """A world that is watched through signals, and whose law has modes.

    The mode of a moment is the one by which the next step moves, unless a world says
    otherwise.
    """

    image_size: eqx.AbstractVar[int]
    """width and height of a frame"""
    num_observed: eqx.AbstractVar[int]
    """number of signals"""

    trail_len: eqx.AbstractClassVar[int]
    """moments that the picture shows"""
    num_draws: eqx.AbstractClassVar[int]
    """random numbers that the law takes each step"""

    @property
    def num_latent(self) -> int:
        """Numbers in the latent state."""
        return len(self.quantities.state)

    @abc.abstractmethod
    def start(self, key: Key[Array, ""]) -> tuple[Latent, Mode]:
        """A first latent state, drawn in float32, and its mode."""

    @abc.abstractmethod
    def advance(
        self, latent: Latent, mode: Mode, draws: Float[Array, " draw"]
    ) -> tuple[Latent, Mode]:
        """The latent state and the mode one step later, given standard normal draws."""

    @abc.abstractmethod
    def signal(self, latent: Latent) -> Signal:
        """The signal without noise."""

    @property
    @abc.abstractmethod
    def has_noise(self) -> bool:
        """Whether signals have noise at all; a matter of the configuration."""

    @abc.abstractmethod
    def noise_spread(self) -> Signal:
        """Standard deviation of each signal's noise."""

    @property
    def observation_space(self) -> Box:
        """The latent state, without limits."""
        return Box(-math.inf, math.inf, (self.num_latent,))

    def reset(self, key: Key[Array, ""]) -> tuple[SeriesState, Latent]:
        """The first moment of a series."""
        latent, mode = self.start(named_key(key, "start"))
        latent, obs = latent.astype(working_dtype()), latent.astype(jnp.float32)
        trail = jnp.broadcast_to(obs, (self.trail_len, self.num_latent))
        _, noise = self._draw(named_key(key, "noise"))
        return SeriesState(latent, mode, noise, trail), obs

    def step(self, state: SeriesState, action: None, key: Key[Array, ""]) -> Step:
        """The next moment; the key moves the noise and what is random in the law."""
        draws, noise = self._draw(key)
        latent, mode = self.advance(state.latent, state.mode, draws)
        obs = latent.astype(jnp.float32)
        trail = jnp.concatenate([obs[None], state.trail])[: self.trail_len]
        no = jnp.asarray(False)
        state = SeriesState(latent, mode, noise, trail)
        return Step(state, obs, jnp.float32(0), no, no)

    def keeps(self, state: SeriesState) -> Bool[Array, ""]:
        """Whether all is finite: a law with other numbers may run away."""
        return jnp.all(jnp.isfinite(state.latent))

    def extras(self, state: SeriesState) -> dict[str, Array]:
        """``signal``, with its noise, and the ``mode``."""
        signal = self.signal(state.latent).astype(jnp.float32) + state.noise
        return {"signal": signal, "mode": state.mode}

    def settle(self, state: SeriesState) -> SeriesState:
        """The newest place of the picture's trail is where the point is."""
        if not len(state.trail):
            return state
        newest = state.latent.astype(state.trail.dtype)
        return state._replace(trail=state.trail.at[0].set(newest))

    def _draw(self, key: Key[Array, ""]) -> tuple[Float[Array, " draw"], Signal]:
        """Draws for the law, and the noise of the signals."""
        # All at once: in a series of single steps each call of a generator counts.
        num = self.num_draws + (self.num_observed if self.has_noise else 0)
        draws = jax.random.normal(key, (num,), jnp.float32)
        if not self.has_noise:
            return draws, jnp.zeros(self.num_observed, jnp.float32)
        draws, noise = draws[: self.num_draws], draws[self.num_draws :]
        return draws, noise * self.noise_spread().astype(jnp.float32)


def fixed_normal(
    seed: int, rows: int, columns: int
) -> Float[np.ndarray, "rows columns"]:
    """Constants that a seed names: standard normal, of NumPy's default generator."""
    return np.random.default_rng(seed).standard_normal((rows, columns))


def draw_trail(
    places: Float[Array, "time 2"], size: int
) -> UInt8[Array, "height width 1"]:
    """A dot at the first place and a thin line of pixels at the others.

    Places are shares of the picture, x to the right and y up.
    """
    radii = jnp.zeros(places.shape[0]).at[0].set(_DOT)
    return draw_binary(places, radii, size)

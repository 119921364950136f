"""The Lorenz system in Euler steps, watched through ten signals.

Source: Lorenz, "Deterministic nonperiodic flow" (1963); as a series with two modes:
Linderman et al., "Bayesian learning and inference in recurrent switching linear
dynamical systems" (2017).
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key, UInt8

from foreworld.core.parts.part import Bounded, Traced
from foreworld.worlds.base import EpisodeLen
from foreworld.worlds.dynamics._series import (
    AbstractSeries,
    Latent,
    Mode,
    NumObserved,
    Seed,
    SeriesState,
    Signal,
    draw_trail,
    fixed_normal,
)
from foreworld.worlds.dynamics.base import Discount, FrameTime, ImageSize, working_dtype
from foreworld.worlds.quantities import Quantities, Quantity

_COVARIANCE = ((67.8, 66.9, 0.0), (66.9, 84.0, 0.0), (0.0, 0.0, 58.8))
"""Of (x, y, z) on the attractor of the default numbers; by symmetry z stands alone."""


class Lorenz(AbstractSeries):
    """The butterfly: a point that circles two centres in turn, never the same way.

    The observation is ``(x, y, z)``. The mode says which wing the point is on, 1 where
    ``x > 0``; the law is the same on both. Signals are ``(x, y, z) F`` with fixed F.
    """

    sigma: Annotated[float, Traced(low=0)] = 10.0
    """rate at which x follows y"""
    rho: Annotated[float, Traced(above=0)] = 28.0
    """how strongly the wings are driven apart; the point circles at z = rho - 1"""
    beta: Annotated[float, Traced(low=0)] = 2.667
    """rate at which z falls"""
    dt: FrameTime = 0.01
    start_x: Annotated[float, Traced()] = 0.1
    """first x"""
    start_y: Annotated[float, Traced()] = 0.99
    """first y"""
    start_z: Annotated[float, Traced()] = 1.0219965
    """first z"""
    start_noise: Annotated[float, Traced(low=0)] = 0.0
    """standard deviation of a normal draw that is added to each; with 0 all series of
    one world are the same"""
    num_observed: NumObserved = 10
    emission_seed: Seed = 0
    """which fixed F: standard normal, 3 by num_observed"""
    noise: Annotated[float, Bounded(low=0)] = 0.0
    """noise of the signals, as a share of the standard deviation that each has on the
    attractor of the default numbers"""
    image_size: ImageSize = 32
    discount: Discount = 1.0
    max_episode_len: EpisodeLen = 0
    trail_len: ClassVar[int] = 24
    """about a third of a turn"""
    num_draws: ClassVar[int] = 0
    """none: only the start is random"""

    @property
    def quantities(self) -> Quantities:
        """x, y and z, without units."""
        law = "x' = sigma (y - x),  y' = x (rho - z) - y,  z' = x y - beta z"
        return Quantities(tuple(map(Quantity, "xyz")), law)

    @property
    def has_noise(self) -> bool:
        """Whether ``noise`` is above 0."""
        return self.noise > 0

    def start(self, key: Key[Array, ""]) -> tuple[Latent, Mode]:
        """The given point, moved a little where ``start_noise`` says so."""
        # At the working precision, not the draw's: the given point is exact.
        given = (self.start_x, self.start_y, self.start_z)
        place = jnp.stack([jnp.asarray(x, working_dtype()) for x in given])
        draw = jax.random.normal(key, (3,), jnp.float32)
        place = place + self.start_noise * draw
        return place, _wing(place)

    def advance(
        self, latent: Latent, mode: Mode, draws: Float[Array, " draw"]
    ) -> tuple[Latent, Mode]:
        """One step of explicit Euler."""
        latent = latent + self.dt * self._law(latent)
        return latent, _wing(latent)

    def derivative(self, state: SeriesState) -> Latent:
        """Lorenz's equations."""
        return self._law(state.latent)

    def signal(self, latent: Latent) -> Signal:
        """``(x, y, z) F``."""
        mix = jnp.asarray(fixed_normal(self.emission_seed, 3, self.num_observed))
        return jnp.sum(latent[:, None] * mix, axis=0)

    def noise_spread(self) -> Signal:
        """The share of each signal's standard deviation."""
        mix = fixed_normal(self.emission_seed, 3, self.num_observed)
        variance = np.einsum("if,ij,jf->f", mix, np.array(_COVARIANCE), mix)
        return jnp.asarray(self.noise * np.sqrt(variance))

    def render(self, state: SeriesState) -> UInt8[Array, "height width 1"]:
        """The butterfly from the front: x to the right, z up, with a short trail."""
        middle = jnp.stack([jnp.zeros(()), jnp.asarray(self.rho - 1)])
        places = (state.trail[:, ::2] - middle) / (1.9 * self.rho) + 0.5
        return draw_trail(places, self.image_size)

    def _law(self, latent: Latent) -> Float[Array, "3"]:
        x, y, z = latent
        rates = self.sigma * (y - x), x * (self.rho - z) - y, x * y - self.beta * z
        return jnp.stack(rates)


def _wing(latent: Latent) -> Mode:
    return (latent[0] > 0).astype(jnp.int32)

"""A double pendulum whose law switches: it coasts, is braked, or is pushed.

Source: ours, in the manner of Linderman et al., "Bayesian learning and inference in
recurrent switching linear dynamical systems" (2017), with a law that is not linear.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, UInt8

from foreworld.core.errors import ConfigError
from foreworld.core.parts.part import Bounded, Traced
from foreworld.core.parts.partition import combine, partition
from foreworld.worlds.base import EpisodeLen
from foreworld.worlds.dynamics._picture import Picture
from foreworld.worlds.dynamics._series import (
    AbstractSeries,
    Latent,
    Mode,
    NumObserved,
    Seed,
    SeriesState,
    Signal,
    fixed_normal,
)
from foreworld.worlds.dynamics.base import Discount, FrameTime, ImageSize, Substeps
from foreworld.worlds.dynamics.double_pendulum import DoublePendulum
from foreworld.worlds.quantities import Quantities

Number = Float[Array, ""] | float

_COAST, _BRAKE, _PUSH = range(3)
_NUM_FEATURES = 6


class SwitchingDoublePendulum(AbstractSeries):
    """Two equal masses on two equal rods, whose gravity and friction switch.

    Each step the mode is left by chance. From coasting (mode 0) it goes to pushing (2)
    where the energy is below the target and to braking (1) elsewhere, and from both
    back to coasting; pushing ends at once where the energy is twice the target. So the
    motion neither dies nor runs away. Energy is measured in the gravity of coasting,
    from hanging at rest. The observation is ``(q1, q2, p1, p2)``; angles are not
    wrapped. Signals are ``(sin q1, sin q2, cos q1, cos q2, p1, p2) F`` with fixed F.
    """

    mass: Annotated[float, Traced(above=0, unit="kg")] = 0.5
    """mass of each bob, whose disc has this area"""
    length: Annotated[float, Traced(above=0, unit="m")] = 1.0
    """length of each rod"""
    gravity: tuple[float, float, float] = (3.0, 5.0, 2.0)
    """gravitational acceleration (m/s^2) when coasting, braked and pushed"""
    friction: tuple[float, float, float] = (0.0, 0.15, -0.15)
    """friction coefficient (kg/s) when coasting, braked and pushed; negative pushes"""
    switching: Annotated[float, Traced(low=0, high=1)] = 0.02
    """chance of leaving the mode, each step"""
    target: Annotated[float, Traced(low=0, unit="J")] = 6.0
    """energy about which the modes hold the motion"""
    dt: FrameTime = 0.05
    radius: tuple[float, float] = (1.3, 2.3)
    """smallest and largest distance of each initial (q, p) from the origin"""
    num_observed: NumObserved = 10
    emission_seed: Seed = 0
    """which fixed F: standard normal, 6 by num_observed"""
    noise: Annotated[float, Bounded(low=0)] = 0.0
    """standard deviation of the noise of each signal"""
    image_size: ImageSize = 32
    substeps: Substeps = 2
    discount: Discount = 1.0
    max_episode_len: EpisodeLen = 0
    trail_len: ClassVar[int] = 0
    """none: the rods' ends say enough"""
    num_draws: ClassVar[int] = 1
    """for the switch"""

    def __check_init__(self) -> None:
        super().__check_init__()
        if min(self.gravity) < 0:
            raise ConfigError(
                f"SwitchingDoublePendulum.gravity={self.gravity} must be three numbers "
                f"of at least 0."
            )
        self.check_ends("radius", 0.0)

    @property
    def quantities(self) -> Quantities:
        """Angles and their momenta."""
        law = "the double pendulum's, with the gravity and the friction of the mode"
        return Quantities(self._pendulum().quantities.state, law)

    @property
    def has_noise(self) -> bool:
        """Whether ``noise`` is above 0."""
        return self.noise > 0

    def start(self, key: Key[Array, ""]) -> tuple[Latent, Mode]:
        """``(q1, p1)`` and ``(q2, p2)`` from the annulus, coasting."""
        return self._pendulum().start(key), jnp.int32(_COAST)

    def advance(
        self, latent: Latent, mode: Mode, draws: Float[Array, " draw"]
    ) -> tuple[Latent, Mode]:
        """Move by the mode, then perhaps change it."""
        law = self._law(mode)
        latent = law.advance(latent)
        energy = self.height(latent)
        # A normal draw's own rank is uniform.
        leaves = jax.scipy.special.ndtr(draws[0]) < self.switching
        leaves |= (mode == _PUSH) & (energy > 2 * self.target)
        after_coasting = jnp.where(energy < self.target, _PUSH, _BRAKE)
        other = jnp.where(mode == _COAST, after_coasting, _COAST)
        return latent, jnp.where(leaves, other, mode).astype(jnp.int32)

    def height(self, latent: Latent) -> Float[Array, ""]:
        """Energy above hanging at rest, in the gravity of coasting."""
        rest = 3 * self.mass * self.gravity[_COAST] * self.length
        return self._pendulum().energy(latent) + rest

    def derivative(self, state: SeriesState) -> Latent:
        """The equations of motion of the mode."""
        return self._law(state.mode).derivative(state.latent)

    def signal(self, latent: Latent) -> Signal:
        """``(sin q1, sin q2, cos q1, cos q2, p1, p2) F``."""
        angles, momenta = jnp.split(latent, 2)
        features = jnp.concatenate([jnp.sin(angles), jnp.cos(angles), momenta])
        mix = fixed_normal(self.emission_seed, _NUM_FEATURES, self.num_observed)
        return jnp.sum(features[:, None] * jnp.asarray(mix), axis=0)

    def noise_spread(self) -> Signal:
        """The same for all signals."""
        return jnp.full(self.num_observed, self.noise)

    def render(self, state: SeriesState) -> UInt8[Array, "height width 1"]:
        """Both bobs."""
        return self._pendulum().render(state.latent)

    def _pendulum(
        self, gravity: Number | None = None, friction: Number = 0.0
    ) -> DoublePendulum:
        """The pendulum with a gravity (that of coasting) and any friction."""
        static, traced, *rest = partition(
            DoublePendulum(
                radius=self.radius,
                picture=Picture(image_size=self.image_size),
                substeps=self.substeps,
            )
        )
        own = {"mass_1": self.mass, "mass_2": self.mass, "dt": self.dt}
        own |= {"length_1": self.length, "length_2": self.length, "friction": friction}
        own |= {"gravity": self.gravity[_COAST] if gravity is None else gravity}
        # Not made anew: inside a program these are arrays, and friction may push.
        return combine(static, {**traced, **own}, *rest)

    def _law(self, mode: Mode) -> DoublePendulum:
        """The pendulum of a mode."""
        gravity, friction = jnp.asarray(self.gravity), jnp.asarray(self.friction)
        return self._pendulum(gravity[mode], friction[mode])

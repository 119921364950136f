"""NASCAR: a point on a race track whose law switches between four linear ones.

Source: Linderman et al., "Bayesian learning and inference in recurrent switching linear
dynamical systems" (2017). Nothing needs to be inferred to generate it.
"""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key, UInt8

from foreworld.core.keys import named_key
from foreworld.core.parts.part import Traced
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
)
from foreworld.worlds.dynamics.base import Discount, FrameTime, ImageSize
from foreworld.worlds.quantities import Quantities, Quantity

_NUM_MODES = 4
_CENTRES = ((2.0, 0.0), (-2.0, 0.0))
_TURNS = (math.pi / 24, math.pi / 48)
_DRIFTS = ((0.1, 0.0), (-0.35, 0.0))
_HALF_WIDTH = 5.0
"""Half-width of the picture: laps grow slowly, and after 10,000 steps fill it."""
_STICK_MEANS = (-1.5, -1.0, 0.0)
"""Means of the log-odds of a stick broken uniformly in four, ``digamma(1) -
digamma(4 - k)``."""


class Laws(NamedTuple):
    """The constants that a seed names."""

    turning: Float[np.ndarray, "mode 2 2"]
    drift: Float[np.ndarray, "mode 2"]
    emission: Float[np.ndarray, "signal 2"]


class Nascar(AbstractSeries):
    """A recurrent switching linear system: two bends and two straights.

    The observation is the place ``(x, y)``. Modes are drawn anew in each step by
    breaking a stick whose parts depend on the place alone: bend right of 2 (mode 0),
    bend left of -2 (1), the upper straight (2), the lower one (3). The mode of a moment
    moves the next step.
    """

    sharpness: Annotated[float, Traced(low=0)] = 100.0
    """slope of the log-odds at the borders between modes"""
    process_variance: Annotated[float, Traced(low=0)] = 1e-4
    """variance of the noise of each coordinate and step"""
    observation_variance: Annotated[float, Traced(low=0)] = 1e-5
    """variance of the noise of each signal"""
    start_variance: Annotated[float, Traced(low=0)] = 1e-3
    """variance of each coordinate of the first place about (0, 1)"""
    num_observed: NumObserved = 10
    law_seed: Seed = 0
    """which fixed constants: the matrix of the signals, standard normal, and the senses
    of the bends. The default has both clockwise, which closes the track"""
    dt: FrameTime = 0.05
    """time that a step is said to take; the law counts steps"""
    image_size: ImageSize = 32
    discount: Discount = 1.0
    max_episode_len: EpisodeLen = 0
    trail_len: ClassVar[int] = 24
    """about a bend"""
    num_draws: ClassVar[int] = 2 + _NUM_MODES - 1
    """two for the place, three for the stick"""

    @property
    def quantities(self) -> Quantities:
        """Place on the track, without units."""
        law = "x_t = A_k x_(t-1) + b_k + noise, with the mode k drawn by place"
        return Quantities(tuple(map(Quantity, "xy")), law)

    @property
    def has_noise(self) -> bool:
        """Signals have noise, if only of variance 0."""
        return True

    def start(self, key: Key[Array, ""]) -> tuple[Latent, Mode]:
        """A place near (0, 1), and any mode."""
        draw = jax.random.normal(named_key(key, "place"), (2,), jnp.float32)
        place = jnp.array([0.0, 1.0]) + jnp.sqrt(self.start_variance) * draw
        mode = jax.random.randint(
            named_key(key, "mode"), (), 0, _NUM_MODES, dtype=jnp.int32
        )
        return place, mode

    def advance(
        self, latent: Latent, mode: Mode, draws: Float[Array, " draw"]
    ) -> tuple[Latent, Mode]:
        """Move by the mode; draw the next mode from where the point was."""
        laws = _laws(self.law_seed, self.num_observed)
        turning = jnp.asarray(laws.turning, latent.dtype)[mode]
        drift = jnp.asarray(laws.drift, latent.dtype)[mode]
        kick = jnp.sqrt(jnp.asarray(self.process_variance)) * draws[:2]
        moved = jnp.sum(turning * latent, axis=1) + drift + kick
        # A normal draw's own rank is uniform.
        taken = jax.scipy.special.ndtr(draws[2:]) < jax.nn.sigmoid(
            self.log_odds(latent)
        )
        last = jnp.ones(1, bool)
        return moved, jnp.argmax(jnp.concatenate([taken, last])).astype(jnp.int32)

    def signal(self, latent: Latent) -> Signal:
        """``C (x, y)``."""
        emission = jnp.asarray(_laws(self.law_seed, self.num_observed).emission)
        return jnp.sum(emission * latent, axis=1)

    def noise_spread(self) -> Signal:
        """The same for all signals."""
        spread = jnp.sqrt(jnp.asarray(self.observation_variance))
        return jnp.broadcast_to(spread, (self.num_observed,))

    def log_odds(self, latent: Latent) -> Float[Array, "3"]:
        """Log-odds of taking each of the first three modes if those before are not."""
        x, y = latent
        sides = jnp.stack([x - 2, -x - 2, y])
        return self.sharpness * sides + jnp.asarray(_STICK_MEANS, latent.dtype)

    def render(self, state: SeriesState) -> UInt8[Array, "height width 1"]:
        """The track from above: the place, and the trail of the latest ones."""
        return draw_trail(state.trail / (2 * _HALF_WIDTH) + 0.5, self.image_size)


def _laws(seed: int, num_observed: int) -> Laws:
    """Bends are turns about a centre, each seen in a random orthogonal basis.

    In two dimensions such a basis keeps a turn or reverses its sense.
    """
    rng = np.random.default_rng(seed)
    turning, drift = [], []
    for centre, angle in zip(_CENTRES, _TURNS, strict=True):
        # A random orthogonal basis; mirrored, it turns the sense of the bend around.
        own, sign = rng.uniform(0, 2 * math.pi), -1.0 if rng.random() < 0.5 else 1.0
        cosine, sine = math.cos(own), math.sin(own)
        basis = np.array([[cosine, -sign * sine], [sine, sign * cosine]])
        cosine, sine = math.cos(angle), math.sin(angle)
        turn = basis @ np.array([[cosine, -sine], [sine, cosine]]) @ basis.T
        turning.append(turn)
        drift.append(np.array(centre) - turn @ np.array(centre))
    turning += [np.eye(2)] * len(_DRIFTS)
    drift += [np.array(step) for step in _DRIFTS]
    emission = rng.standard_normal((num_observed, 2))
    return Laws(np.stack(turning), np.stack(drift), emission)

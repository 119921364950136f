"""What all dynamics have in common: they move by a law of their own, and nobody acts.

A system adds its start, its law and its picture. What it can say beside (a time
derivative, an energy, signals, whether a state may stay in a data set) is used by data
sets, previews and live play, which know only this class.
"""

from __future__ import annotations

import math
from typing import Annotated, Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Num

from foreworld.core.errors import ConfigError
from foreworld.core.parts.part import Bounded, Traced, field_specs
from foreworld.worlds.base import AbstractWorld, State
from foreworld.worlds.dynamics._order8 import STAGES, STEP, Row

FrameTime = Annotated[float, Traced(above=0, unit="s")]
"""Type of ``dt`` fields: time between frames."""
LARGEST = 4096
"""Pixels of a frame's side, at most."""
ImageSize = Annotated[int, Bounded(low=2, high=LARGEST, unit="pixels")]
"""Type of ``image_size`` fields: width and height of a frame."""
Substeps = Annotated[int, Bounded(low=1)]
"""Type of ``substeps`` fields: integration steps a frame."""
Discount = Annotated[float, Traced(low=0, high=1)]
"""Type of ``discount`` fields."""


class AbstractDynamics(AbstractWorld):
    """A passive world that moves by a law of its own.

    Attributes
    ----------
    dt
        Time between frames, in the system's own unit.
    """

    dt: eqx.AbstractVar[float]
    """time between frames"""
    discount: eqx.AbstractVar[float]
    """discount factor of returns (there are no rewards)"""
    max_episode_len: eqx.AbstractVar[int]
    """steps after which an episode is cut off; 0 for never"""

    def check_ends(self, name: str, least: float) -> None:
        """Check that a field is two numbers, the smaller one first.

        Parameters
        ----------
        name
            The field.
        least
            What both must be at least; minus infinity where they may be anything.

        Raises
        ------
        ConfigError
            They are not.
        """
        low, high = getattr(self, name)
        if not least <= low <= high:
            allowed = "" if math.isinf(least) else f" of at least {least:g}"
            raise ConfigError(
                f"{type(self).__name__}.{name}=({low}, {high}) must be two numbers"
                f"{allowed}, the smaller one first."
            )

    @property
    def action_space(self) -> None:
        """Nobody acts."""
        return None

    def derivative(self, state: State) -> Float[Array, " state"] | None:
        """Time derivative of the observation, friction included.

        ``None`` where there is none: time is discrete. Which of the two is a matter
        of the configuration, never of the state.
        """
        return None

    def energy(self, state: State) -> Float[Array, ""] | None:
        """What the motion conserves, or loses by friction; ``None`` for nothing such.

        A sequence in which it grows is wrong, and data sets draw it again.
        """
        return None

    def keeps(self, state: State) -> Bool[Array, ""]:
        """Whether a sequence with this state may stay in a data set.

        Data sets draw others again; a system that leaves its canvas is an example.
        """
        return jnp.asarray(True)

    @property
    def step_error(self) -> float:
        """By how much a frame's steps of integration may be wrong.

        As a share of the size of the states. What is measured is by how much they
        move where the number of steps (a field ``substeps``) is doubled, or ``dt`` is
        halved where there is no such field: there a rule of low order may be part of
        the law, and only what no longer follows it is refused.
        """
        return 1e-5 if self.counts_substeps else 0.03

    @property
    def counts_substeps(self) -> bool:
        """Whether a field ``substeps`` says how many steps a frame is integrated in."""
        return any(spec.name == "substeps" for spec in field_specs(type(self)))

    @property
    def starts_slowly(self) -> bool:
        """Whether a start takes far longer than the frames after it."""
        return False

    def dissipates(self) -> Bool[Array, ""]:
        """Whether the energy may fall; where it may not, both ways are wrong."""
        return jnp.asarray(True)

    def extras(self, state: State) -> dict[str, Array]:
        """What data sets store of a state beside its picture and the observation.

        Observed signals and discrete modes, by column name; most systems: nothing.
        """
        return {}

    def readings(self, state: State) -> dict[str, Num[Array, ""]]:
        """The energy, and the modes."""
        found, energy = {}, self.energy(state)
        if energy is not None:
            found[self.quantities.energy.label] = energy
        for name, value in self.extras(state).items():
            if value.ndim == 0 and jnp.issubdtype(value.dtype, jnp.integer):
                found[name] = value
        return found


def working_dtype() -> Any:
    """float64 where it is enabled, float32 elsewhere."""
    return jnp.result_type(float)


def integrate(
    derivative: Any,
    state: Float[Array, " state"],
    duration: float | Float[Array, ""],
    num_steps: int,
) -> Float[Array, " state"]:
    """Advance an autonomous system by equal steps of order 8.

    The order-8 Runge-Kutta method of Dormand and Prince with a fixed step (Hairer,
    Norsett and Wanner, "Solving Ordinary Differential Equations I", 2nd ed., section
    II.5): exact enough in float64 to conserve energy to 1e-7 with few steps a frame,
    and several times faster in bulk than adaptive solvers, whose slowest lane decides.

    Parameters
    ----------
    derivative
        Right-hand side, from a state to its time derivative.
    state
        Where to begin; its dtype is the precision of the result.
    duration
        Time to advance; negative goes backwards.
    num_steps
        Number of equal steps.
    """
    # Inside jit a Python float and an array must give the same float type.
    size = jnp.asarray(duration, state.dtype) / num_steps

    def advance(state: Float[Array, " state"], _: None) -> tuple[Any, None]:
        slopes: list[Any] = []
        for row in STAGES:
            slopes.append(derivative(_advance(state, size, row, slopes)))
        return _advance(state, size, STEP, slopes), None

    if num_steps == 1:
        return advance(state, None)[0]
    return jax.lax.scan(advance, state, None, num_steps)[0]


def _advance(
    state: Float[Array, " state"], size: Float[Array, ""], row: Row, slopes: list[Any]
) -> Float[Array, " state"]:
    terms = [weight * slopes[number] for number, weight in row]
    return state + size * sum(terms[1:], terms[0]) if terms else state

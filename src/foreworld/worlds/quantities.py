"""What the numbers of a world are called, for the axes of figures and for live play."""

from __future__ import annotations

from typing import NamedTuple


class Quantity(NamedTuple):
    """A number with a name and a unit."""

    name: str
    unit: str = ""

    @property
    def label(self) -> str:
        """``speed (m/s)``."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


ENERGY = Quantity("energy", "J")


class Quantities(NamedTuple):
    """Names of the numbers of an observation and of the energy, and the law of motion.

    Attributes
    ----------
    state
        In the order of the observation.
    law
        The Hamiltonian or the equations of motion, in a line.
    energy
        What the world's energy is called.
    """

    state: tuple[Quantity, ...]
    law: str = ""
    energy: Quantity = ENERGY


def numbered(size: int) -> Quantities:
    """Numbers that have no names.

    Parameters
    ----------
    size
        How many.
    """
    numbers = tuple(Quantity(f"state {i + 1}") for i in range(size))
    return Quantities(numbers, energy=Quantity("energy"))


def planes_of(size: int, most: int = 6) -> tuple[tuple[int, int], ...]:
    """Pairs of numbers that are drawn against each other.

    Positions and as many momenta, velocities or opponents make a pair each; an odd
    number of numbers has no halves, and all pairs are taken.

    Parameters
    ----------
    size
        How many numbers a state has.
    most
        Pairs at most.
    """
    half = size // 2
    if size % 2 == 0:
        pairs = [(i, i + half) for i in range(half)]
    else:
        pairs = [(i, j) for i in range(size) for j in range(i + 1, size)]
    return tuple(pairs[:most])

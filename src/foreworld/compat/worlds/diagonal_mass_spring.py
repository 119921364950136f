"""The mass spring of data sets whose random canvas shifts along the diagonal only.

One offset is drawn there and used for both axes; ours draws two.

Source: slvm-data-generation (github.com/qu-gg/slvm-data-generation) and the DeepMind
Hamiltonian dynamics suite.
"""

from __future__ import annotations

from typing import Any

from foreworld.worlds.dynamics.mass_spring import AbstractMassSpring


class DiagonalMassSpring(AbstractMassSpring):
    """A mass spring whose picture moves upwards by ``offset_x`` as well."""

    @property
    def shift(self) -> tuple[Any, Any]:
        """The offset to the right, twice."""
        return self.picture.offset_x, self.picture.offset_x

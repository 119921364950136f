"""Matching pennies, played by two populations that follow the replicator dynamics.

Source: Botev et al., "Which priors matter? Benchmarking models for learning latent
dynamics" (2021), matching pennies.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from foreworld.worlds.dynamics._replicator import AbstractReplicator


class MatchingPennies(AbstractReplicator):
    """Mixed strategies in matching pennies, which circle about half and half.

    The row player wins 1 where both show the same side and loses 1 otherwise. The
    observation is the row player's strategy, then the column player's: 4 numbers.
    """

    def payoff(self) -> Float[np.ndarray, "row column"]:
        """1 for the same side, -1 for different ones."""
        return np.array([[1.0, -1.0], [-1.0, 1.0]])

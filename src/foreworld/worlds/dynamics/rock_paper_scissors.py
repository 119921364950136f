"""Rock, paper, scissors, played by two populations under the replicator dynamics.

Source: Botev et al., "Which priors matter? Benchmarking models for learning latent
dynamics" (2021), rock-paper-scissors.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from foreworld.worlds.dynamics._replicator import AbstractReplicator


class RockPaperScissors(AbstractReplicator):
    """Mixed strategies in rock, paper, scissors; neither settles.

    The winner gets 1 and the loser loses 1. The observation is the row player's
    strategy, then the column player's: 6 numbers.
    """

    def payoff(self) -> Float[np.ndarray, "row column"]:
        """Paper beats rock, scissors beat paper, rock beats scissors."""
        return np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])

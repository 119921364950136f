"""Matching pennies, played by two populations that follow the replicator dynamics.

Source: Botev et al., "Which priors matter? Benchmarking models for learning latent
dynamics" (2021), matching pennies.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float

from foreworld.worlds.base import EpisodeLen
from foreworld.worlds.dynamics._replicator import AbstractReplicator
from foreworld.worlds.dynamics.base import Discount, FrameTime, ImageSize, Substeps


class MatchingPennies(AbstractReplicator):
    """Mixed strategies in matching pennies, which circle about half and half.

    The row player wins 1 where both show the same side and loses 1 otherwise. The
    observation is the row player's strategy, then the column player's: 4 numbers.
    """

    dt: FrameTime = 0.1
    image_size: ImageSize = 32
    colour: Literal["grey", "rgb"] = "grey"
    substeps: Substeps = 1
    discount: Discount = 1.0
    max_episode_len: EpisodeLen = 0

    def payoff(self) -> Float[np.ndarray, "row column"]:
        """1 for the same side, -1 for different ones."""
        return np.array([[1.0, -1.0], [-1.0, 1.0]])

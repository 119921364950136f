"""The T-maze with the cues of POBAX, where one of the two starts is hard to tell.

A start with the goal above looks like the corridor. Our T-maze shows a cue of its own
for either goal, so that what an agent must remember is an observation and not the lack
of one.

Source: Tao et al. 2025, "POBAX", arXiv 2508.00046, and its code.
"""

from __future__ import annotations

from typing import Annotated

import jax.numpy as jnp
from jaxtyping import Array, Float

from foreworld.core.parts.part import Traced
from foreworld.worlds.base import EpisodeLen
from foreworld.worlds.pomdp.tmaze import (
    AbstractTMaze,
    Length,
    Probability,
    TMazeState,
)


class PobaxTMaze(AbstractTMaze):
    """A T-maze whose start says by a flag whether the goal is below.

    Entry 0 of an observation is the goal, shown at the start (with ``perfect_memory``
    everywhere), entry 1 is one everywhere but at the junction, entry 2 is one there,
    and entry 3 is never set.
    """

    length: Length = 10
    perfect_memory: bool = False
    """show the goal at every step, which makes the task fully observed"""
    good_reward: Annotated[float, Traced()] = 4.0
    bad_reward: Annotated[float, Traced()] = -0.1
    slip_prob: Probability = 0.0
    discount: Probability = 0.99
    """discount factor of returns"""
    max_episode_len: EpisodeLen = 1000
    """steps after which an episode is cut off; 0 for never"""

    def observe(self, state: TMazeState) -> Float[Array, "4"]:
        """Goal below where it is shown, no junction, junction, and nothing."""
        start, junction = state.position == 0, state.position >= self.length + 1
        flags = [
            (start | self.perfect_memory) & (state.goal == 1),
            ~junction,
            junction,
            jnp.zeros_like(start),
        ]
        return jnp.stack(flags).astype(jnp.float32)

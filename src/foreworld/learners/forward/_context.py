"""What a context RNN is made of: its networks, and what an update draws."""

from __future__ import annotations

from typing import NamedTuple

import equinox as eqx
from jaxtyping import Array, Float, Int, UInt8

from foreworld.learners.forward._training import Batch
from foreworld.nn.gru import GRUCell
from foreworld.nn.stacks import Encoder, Renderer


class Network(eqx.Module):
    """Parameters.

    Attributes
    ----------
    shots
        Frames of one context sequence to its part of the embedding.
    encoder
        Given frames of a query to the first latent state.
    actions
        Action codes to the core's inputs; ``None`` in a passive world.
    core
        Moves the latent state.
    renderer
        Latent states to logits of frames.
    """

    shots: Encoder
    encoder: Encoder
    actions: Float[Array, "code embedding"] | None
    core: GRUCell
    renderer: Renderer


class Shots(NamedTuple):
    """Windows of queries, the task of each, and the tasks' context sets.

    Attributes
    ----------
    batch
        Windows of the queries.
    task
        Number of each query's task.
    context
        Context set of every task.
    """

    batch: Batch
    task: Int[Array, " batch"]
    context: UInt8[Array, "task shot frames height width channels"]

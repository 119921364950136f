"""RNN Deconvolve whose loss counts the padding after an episode as predicted.

The mean is over all frames of a batch, so that short episodes weigh less and a limit
of the gradient's norm cuts less of it; ours is over the frames that exist.

Source: rnn_deconvolve of github.com/ichko/forward-model (2020).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, Num, UInt8

from foreworld.data.views.source import DataSource
from foreworld.learners.base import Source
from foreworld.learners.forward._evaluation import Trials
from foreworld.learners.forward.base import AbstractForwardModel, ForwardState, Memory
from foreworld.learners.forward.rnn_deconvolve import Network, RNNDeconvolve
from foreworld.learners.metrics import Metrics
from foreworld.learners.start import Start


class PaddedDeconvolve(AbstractForwardModel):
    """An RNN Deconvolve with the loss of its source."""

    model: RNNDeconvolve = RNNDeconvolve()
    """everything but the loss"""

    @property
    def context_len(self) -> int:
        """Frames that are given."""
        return self.model.context_len

    @property
    def pixel_scale(self) -> int:
        """Pixel value that counts as 1."""
        return self.model.pixel_scale

    @property
    def batch_size(self) -> int:
        """Sequences in an update."""
        return self.model.batch_size

    @property
    def num_updates(self) -> int:
        """Updates in a run."""
        return self.model.num_updates

    @property
    def num_eval_sequences(self) -> int:
        """Sequences that an evaluation predicts, at most."""
        return self.model.num_eval_sequences

    def check_fit(self, source: Source) -> None:
        """As the model's own."""
        self.model.check_fit(source)

    def init(
        self, key: Key[Array, ""], source: Source, start: Start | None = None
    ) -> ForwardState:
        """Fresh parameters of the model."""
        return self.model.init(key, source, start)

    def scheduled(self, progress: float) -> dict[str, float]:
        """As the model's own."""
        return self.model.scheduled(progress)

    def update(
        self,
        state: ForwardState,
        source: Source,
        key: Key[Array, ""],
        progress: Float[Array, ""],
    ) -> tuple[ForwardState, Metrics]:
        """One step of Adam; the loss is divided by padded frames, too."""
        batch, num_frames = self.model.draw(source, key)

        def loss(network: Network) -> tuple[Float[Array, ""], Any]:
            mean, statistics = self.model.loss(network, state, batch, num_frames, True)
            # A mean of the valid frames, and how many of all they are.
            return mean * jnp.mean(batch.valid, dtype=jnp.float32), statistics

        (value, statistics), gradient = jax.value_and_grad(loss, has_aux=True)(
            state.network
        )
        return self.model.descend(state, statistics, value, gradient, progress)

    def predict(
        self,
        state: ForwardState,
        context: UInt8[Array, "batch context height width channels"],
        actions: Num[Array, "batch num_frames ..."] | None,
        num_frames: int,
    ) -> Float[Array, "batch num_frames height width channels"]:
        """As the model does."""
        return self.model.predict(state, context, actions, num_frames)

    def trials(self, state: ForwardState, source: DataSource) -> Trials:
        """Those of the model."""
        return self.model.trials(state, source)

    def reset(
        self,
        state: ForwardState,
        context: UInt8[Array, "batch context height width channels"],
    ) -> Memory:
        """As the model does."""
        return self.model.reset(state, context)

    def step(
        self,
        state: ForwardState,
        memory: Memory,
        action: Num[Array, "batch ..."] | None,
    ) -> tuple[Memory, Float[Array, "batch height width channels"]]:
        """As the model does."""
        return self.model.step(state, memory, action)

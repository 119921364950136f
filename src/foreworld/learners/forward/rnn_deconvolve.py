"""RNN Deconvolve: encodes a context, runs a recurrent core, renders every frame.

Source: rnn_deconvolve of github.com/ichko/forward-model (2020).

Open loop from the context: predicted frames are never inputs. Against the source:
brightness is divided by 255, the loss is over valid frames, actions before the newest
given frame are never used, and evaluation uses running statistics and keeps them.
"""

from __future__ import annotations

import functools
from typing import Annotated, Any, ClassVar, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, Num, UInt8

from foreworld.core.keys import named_key
from foreworld.core.parts.part import Bounded, Traced
from foreworld.data.views.source import DataSource
from foreworld.learners.base import Source
from foreworld.learners.forward._evaluation import Trials, as_unit, first_sequences
from foreworld.learners.forward._fit import check_fields, check_sequences
from foreworld.learners.forward._training import (
    Batch,
    Schedule,
    action_inputs,
    add_mean,
    binary_loss,
    descend,
    draw_batch,
    init_actions,
    mean_of_frames,
    rate_factor,
    stack_frames,
)
from foreworld.learners.forward.base import AbstractForwardModel, ForwardState
from foreworld.learners.metrics import Metrics
from foreworld.learners.start import Start, started
from foreworld.nn.adam import init_adam
from foreworld.nn.dilated import CoreMemory, RecurrentCore
from foreworld.nn.norm import NormKind
from foreworld.nn.stacks import Encoder, Renderer, Statistics, init_statistics

Width = Annotated[int, Bounded(low=1)]


class Network(eqx.Module):
    """Parameters.

    Attributes
    ----------
    encoder
        Context frames to the first memory of the core.
    actions
        Action codes to the core's inputs; ``None`` in a passive world.
    core
        The recurrent core.
    renderer
        The core's outputs to logits of frames.
    """

    encoder: Encoder
    actions: Float[Array, "code embedding"] | None
    core: RecurrentCore
    renderer: Renderer


class RNNDeconvolve(AbstractForwardModel):
    """A recurrent forward model with a deconvolutional renderer.

    The defaults are the source's; the preset ``small`` trains in under a minute.
    """

    version: ClassVar[int] = 2
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "small": {
            "learning_rate": 2e-3,
            "max_grad_norm": 1.0,
            "warm_up": 0.05,
            "schedule": "cosine",
            "num_updates": 500,
            "batch_size": 64,
            "num_scored": 6,
            "hidden_size": 48,
            "encoder_widths": (8, 16),
            "renderer_widths": (32, 16, 8),
            "norm": "none",
            "start_at_mean": True,
        }
    }
    """``small`` is for small frames and one or two CPU cores."""

    learning_rate: Annotated[float, Traced(above=0)] = 1e-3
    """step size of Adam"""
    label_smoothing: Annotated[float, Traced(low=0, high=1)] = 0.0
    """how far targets are moved towards one half"""
    max_grad_norm: Annotated[float, Traced(low=0)] = 0.0
    """largest norm of the gradient; 0 for no limit"""
    warm_up: Annotated[float, Traced(low=0, high=1)] = 0.0
    """fraction of the run in which the learning rate rises"""
    schedule: Schedule = "steps"
    """how the learning rate falls: 1, 1/2, 1/3, 1/4 in steps, as a cosine, or not"""
    num_updates: Annotated[int, Bounded(low=1)] = 50_000
    """updates in a run"""
    batch_size: Annotated[int, Bounded(low=1, unit="sequences")] = 32
    """sequences in an update"""
    context_len: Annotated[int, Bounded(low=1, unit="frames")] = 3
    """frames that are given"""
    window_len: Annotated[int, Bounded(low=0, unit="frames")] = 0
    """frames of a training window, context included; 0 for whole sequences"""
    num_scored: Annotated[int, Bounded(low=0, unit="frames")] = 0
    """frames of a window that an update renders and scores; 0 for all"""
    hidden_size: Annotated[int, Bounded(low=1)] = 32
    """width of the recurrent memories"""
    action_size: Annotated[int, Bounded(low=1)] = 32
    """width of an embedded action"""
    num_layers: Annotated[int, Bounded(low=0)] = 2
    """layers of the dilated GRU"""
    skip: Annotated[int, Bounded(low=1, unit="frames")] = 8
    """how far back the dilated GRU looks"""
    encoder_widths: tuple[Width, ...] = (64, 64)
    """channels after each halving of the context"""
    kernel_size: Annotated[int, Bounded(low=2, unit="pixels")] = 5
    """side of the encoder's kernels"""
    renderer_widths: tuple[Width, ...] = (128, 128, 64, 32)
    """channels before each doubling to a frame"""
    norm: NormKind = "batch"
    """normalisation of feature maps"""
    start_at_mean: bool = False
    """render the difference from the mean training frame, in logits"""
    pixel_scale: Literal[255, 256] = 255
    """pixel value that counts as 1; the source divides by 256"""
    num_eval_sequences: Annotated[int, Bounded(low=1, unit="sequences")] = 256
    """sequences that an evaluation predicts"""

    def __check_init__(self) -> None:
        super().__check_init__()
        widths = {n: getattr(self, n) for n in ("encoder_widths", "renderer_widths")}
        check_fields(
            type(self).__name__,
            widths,
            self.context_len,
            self.window_len,
            self.num_scored,
        )

    def check_fit(self, source: Source) -> None:
        """Data, long enough, in frames that the renderer can make."""
        name = type(self).__name__
        window_len = self.window_len or self.context_len + max(self.num_scored, 1)
        multiple = 2 ** len(self.renderer_widths)
        check_sequences(name, source, self.context_len, window_len, multiple)

    def init(
        self, key: Key[Array, ""], source: Source, start: Start | None = None
    ) -> ForwardState:
        """Fresh parameters for a data set's frames and actions, or another run's."""
        data = check_sequences(type(self).__name__, source, self.context_len, 0, 1)
        height, width, channels = data.image.shape[2:]
        given = (height, width, channels * self.context_len)
        hidden = self.hidden_size
        encoder = Encoder.init(
            named_key(key, "encoder"),
            given,
            self.encoder_widths,
            self.kernel_size,
            hidden,
            self.norm,
        )
        actions, num_inputs = init_actions(
            named_key(key, "actions"), data.action_space, self.action_size
        )
        core = RecurrentCore.init(
            named_key(key, "core"), num_inputs, hidden, self.num_layers
        )
        renderer = Renderer.init(
            named_key(key, "renderer"),
            hidden,
            self.renderer_widths,
            (height, width, channels),
            self.norm,
        )
        network = Network(encoder, actions, core, renderer)
        statistics = (
            init_statistics(encoder.affines, self.norm),
            init_statistics(renderer.affines, self.norm),
        )
        mean_frame = mean_of_frames(data, self.pixel_scale)
        state = ForwardState(network, statistics, init_adam(network), mean_frame)
        return started(state, start)

    def scheduled(self, progress: float) -> dict[str, float]:
        """The learning rate, where it changes over a run."""
        if self.schedule == "constant" and not self.warm_up:
            return {}
        rest = self.schedule, jnp.float32(progress), self.warm_up, self.num_updates
        return {"learning_rate": self.learning_rate * float(rate_factor(*rest))}

    def update(
        self,
        state: ForwardState,
        source: Source,
        key: Key[Array, ""],
        progress: Float[Array, ""],
    ) -> tuple[ForwardState, Metrics]:
        """One step of Adam on a minibatch of windows.

        Returns
        -------
        state
            Updated.
        metrics
            ``loss`` (nats per pixel) and ``grad_norm`` (before clipping).
        """
        batch, num_frames = self.draw(source, key)
        (loss, statistics), gradient = jax.value_and_grad(self.loss, has_aux=True)(
            state.network, state, batch, num_frames, True
        )
        return self.descend(state, statistics, loss, gradient, progress)

    def draw(self, source: Source, key: Key[Array, ""]) -> tuple[Batch, int]:
        """A minibatch of windows, and how many frames of each are to be predicted.

        Parameters
        ----------
        source
            The training split.
        key
            A key of this update alone.
        """
        data = check_sequences(type(self).__name__, source, self.context_len, 0, 1)
        window_len = self.window_len or data.sequence_len
        sizes = self.batch_size, self.context_len, window_len, self.num_scored
        return draw_batch(data, key, *sizes), window_len - self.context_len

    def descend(
        self,
        state: ForwardState,
        statistics: tuple[Statistics, Statistics],
        loss: Float[Array, ""],
        gradient: Network,
        progress: Float[Array, ""],
    ) -> tuple[ForwardState, Metrics]:
        """One step of Adam along a gradient, at the rate of this moment.

        Parameters
        ----------
        state
            Before the step.
        statistics
            Running statistics after the batch.
        loss, gradient
            Of the batch.
        progress
            Fraction of the run that is done, from 0 to 1.
        """
        rate = self.learning_rate * rate_factor(
            self.schedule, progress, self.warm_up, self.num_updates
        )
        return descend(state, statistics, loss, gradient, rate, self.max_grad_norm)

    def loss(
        self,
        network: Network,
        state: ForwardState,
        batch: Batch,
        num_frames: int,
        training: bool,
    ) -> tuple[Float[Array, ""], tuple[Statistics, Statistics]]:
        """Loss of a batch, as a function of the parameters.

        Parameters
        ----------
        network
            Parameters to use instead of the state's.
        state
            What is not differentiated: running statistics and the mean frame.
        batch
            Aligned windows.
        num_frames
            Frames to predict, of which the batch scores some.
        training
            Whether normalisations use the batch's own statistics.

        Returns
        -------
        loss
            Nats per pixel.
        statistics
            Running statistics after the batch.
        """
        counted = batch.valid if training else None
        state = state._replace(network=network)
        logits, statistics = self._logits(
            state, batch.context, batch.actions, num_frames, batch.times, counted
        )
        target = as_unit(batch.target, self.pixel_scale)
        loss = binary_loss(logits, target, batch.valid, self.label_smoothing)
        return loss, statistics

    def predict(
        self,
        state: ForwardState,
        context: UInt8[Array, "batch context height width channels"],
        actions: Num[Array, "batch num_frames ..."] | None,
        num_frames: int,
    ) -> Float[Array, "batch num_frames height width channels"]:
        """Predict the frames after a context, open loop, by running statistics."""
        times = jnp.arange(num_frames)
        logits, _ = self._logits(state, context, actions, num_frames, times, None)
        return jax.nn.sigmoid(logits)

    def trials(self, state: ForwardState, source: DataSource) -> Trials:
        """The first ``num_eval_sequences``."""
        predict = functools.partial(self.predict, state)
        return first_sequences(predict, source, self.num_eval_sequences)

    def reset(
        self,
        state: ForwardState,
        context: UInt8[Array, "batch context height width channels"],
    ) -> CoreMemory:
        """Memory of the core after a context."""
        code, _ = self._encode(state, context, None)
        return state.network.core.start(code, self.skip)

    def step(
        self,
        state: ForwardState,
        memory: CoreMemory,
        action: Num[Array, "batch ..."] | None,
    ) -> tuple[CoreMemory, Float[Array, "batch height width channels"]]:
        """The next frame."""
        num_rows = memory.first.shape[0]
        actions = None if action is None else action[:, None]
        inputs = action_inputs(state.network.actions, actions, num_rows, 1)[0]
        memory, vector = state.network.core.step(memory, inputs, self.skip)
        logits, _ = self._render(state, vector, None)
        return memory, jax.nn.sigmoid(logits)

    def _logits(
        self,
        state: ForwardState,
        context: UInt8[Array, "batch context height width channels"],
        actions: Num[Array, "batch num_frames ..."] | None,
        num_frames: int,
        times: Int[Array, " scored"],
        counted: Bool[Array, "batch scored"] | None,
    ) -> tuple[
        Float[Array, "batch scored height width channels"],
        tuple[Statistics, Statistics],
    ]:
        rows = None if counted is None else jnp.any(counted, axis=1)
        code, encoder_statistics = self._encode(state, context, rows)
        inputs = action_inputs(
            state.network.actions, actions, context.shape[0], num_frames
        )
        vectors = state.network.core.sequence(inputs, code, self.skip)
        vectors = vectors[times].swapaxes(0, 1)
        shape = (*vectors.shape[:2], *state.mean_frame.shape)
        logits, renderer_statistics = self._render(
            state,
            vectors.reshape(-1, self.hidden_size),
            None if counted is None else counted.reshape(-1),
        )
        return logits.reshape(shape), (encoder_statistics, renderer_statistics)

    def _encode(
        self, state: ForwardState, context: Array, counted: Array | None
    ) -> tuple[Array, Statistics]:
        stacked = stack_frames(context, self.pixel_scale)
        encoder: Encoder = state.network.encoder
        return encoder(stacked, state.statistics[0], self.norm, counted)

    def _render(
        self, state: ForwardState, vectors: Array, counted: Array | None
    ) -> tuple[Array, Statistics]:
        renderer: Renderer = state.network.renderer
        height, width, channels = state.mean_frame.shape
        logits, statistics = renderer(
            vectors, (height, width, channels), state.statistics[1], self.norm, counted
        )
        if self.start_at_mean:
            logits = add_mean(logits, state.mean_frame)
        return logits, statistics

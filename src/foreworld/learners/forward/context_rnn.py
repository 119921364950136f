"""Context RNN: predicts a sequence from a few of its frames and others of its task.

The context set (other sequences of the same dynamics) is encoded one by one and
averaged to an embedding of the task, which does not depend on their order. The first
frames of the query give the first latent state; a GRU that is given the embedding at
every step moves it, and every state is rendered. In each update contexts and queries
are drawn anew.

Source: the few-shot protocol of Jiang et al. 2023, "Sequential latent variable models
for few-shot high-dimensional time-series forecasting" (ICLR), with a deterministic
state; averaging encodings as in Garnelo et al. 2018, arXiv 1807.01613.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, Num, UInt8

from foreworld.core.keys import named_key, root_key
from foreworld.core.parts.part import Bounded, Traced
from foreworld.data.views.source import DataSource
from foreworld.data.views.tasks import Tasks
from foreworld.learners.base import Source
from foreworld.learners.forward._context import Network, Shots
from foreworld.learners.forward._evaluation import Trials, as_unit
from foreworld.learners.forward._fit import check_fields, check_sequences, check_tasks
from foreworld.learners.forward._training import (
    Schedule,
    action_inputs,
    add_mean,
    binary_loss,
    descend,
    draw_windows,
    init_actions,
    mean_of_frames,
    rate_factor,
    stack_frames,
)
from foreworld.learners.forward.base import AbstractForwardModel, ForwardState
from foreworld.learners.metrics import Metrics
from foreworld.learners.start import Start, started
from foreworld.nn.adam import init_adam
from foreworld.nn.gru import GRUCell
from foreworld.nn.stacks import Encoder, Renderer

Width = Annotated[int, Bounded(low=1)]
_NORM: Literal["none"] = "none"
"""Context sets of a few sequences have no statistics worth a normalisation."""


class ContextRNN(AbstractForwardModel):
    """A recurrent forward model that is given other sequences of the same task.

    Its state holds one embedding, which predictions use: that of the average task
    after training, or of a context set by :meth:`adapt`.
    """

    learning_rate: Annotated[float, Traced(above=0)] = 2e-3
    """step size of Adam"""
    max_grad_norm: Annotated[float, Traced(low=0)] = 1.0
    """largest norm of the gradient; 0 for no limit"""
    warm_up: Annotated[float, Traced(low=0, high=1)] = 0.05
    """fraction of the run in which the learning rate rises"""
    schedule: Schedule = "cosine"
    """how the learning rate falls: 1, 1/2, 1/3, 1/4 in steps, as a cosine, or not"""
    num_updates: Annotated[int, Bounded(low=1)] = 2000
    """updates in a run; each draws an episode"""
    batch_size: Annotated[int, Bounded(low=1, unit="sequences")] = 64
    """queries in an update"""
    num_context: Annotated[int, Bounded(low=1, unit="sequences")] = 15
    """sequences of a task's context set"""
    num_context_frames: Annotated[int, Bounded(low=1, unit="frames")] = 8
    """frames that are read of each context sequence, from its first one on"""
    context_len: Annotated[int, Bounded(low=1, unit="frames")] = 3
    """frames of the query that are given"""
    window_len: Annotated[int, Bounded(low=0, unit="frames")] = 0
    """frames of a training window, given ones included; 0 for whole sequences"""
    num_scored: Annotated[int, Bounded(low=0, unit="frames")] = 6
    """frames of a window that an update renders and scores; 0 for all"""
    embedding_size: Annotated[int, Bounded(low=1)] = 16
    """width of the embedding of a task"""
    hidden_size: Annotated[int, Bounded(low=1)] = 64
    """width of the latent state"""
    action_size: Annotated[int, Bounded(low=1)] = 16
    """width of an embedded action"""
    encoder_widths: tuple[Width, ...] = (8, 16)
    """channels after each halving, of queries and context sequences"""
    kernel_size: Annotated[int, Bounded(low=2, unit="pixels")] = 5
    """side of the encoders' kernels"""
    renderer_widths: tuple[Width, ...] = (32, 16, 8)
    """channels before each doubling to a frame"""
    pixel_scale: Literal[255, 256] = 255
    """pixel value that counts as 1"""
    num_eval_sequences: Annotated[int, Bounded(low=1, unit="sequences")] = 256
    """queries that an evaluation predicts, of all tasks"""

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
        """Data, with enough sequences of each task, in frames that can be rendered."""
        name = type(self).__name__
        window_len = self.window_len or self.context_len + max(self.num_scored, 1)
        multiple = 2 ** len(self.renderer_widths)
        check_sequences(name, source, self.context_len, window_len, multiple)
        self._tasks(source)

    def init(
        self, key: Key[Array, ""], source: Source, start: Start | None = None
    ) -> ForwardState:
        """Fresh parameters for a data set's frames and actions, or another run's."""
        data = self._data(source)
        height, width, channels = data.image.shape[2:]

        def encoder(name: str, num_frames: int, num_outputs: int) -> Encoder:
            frame = (height, width, channels * num_frames)
            shape = self.encoder_widths, self.kernel_size, num_outputs
            return Encoder.init(named_key(key, name), frame, *shape, _NORM)

        actions, num_inputs = init_actions(
            named_key(key, "actions"), data.action_space, self.action_size
        )
        network = Network(
            shots=encoder("shots", self.num_context_frames, self.embedding_size),
            encoder=encoder("encoder", self.context_len, self.hidden_size),
            actions=actions,
            core=GRUCell.init(
                named_key(key, "core"),
                num_inputs + self.embedding_size,
                self.hidden_size,
            ),
            renderer=Renderer.init(
                named_key(key, "renderer"),
                self.hidden_size,
                self.renderer_widths,
                (height, width, channels),
                _NORM,
            ),
        )
        embedding = jnp.zeros(self.embedding_size, jnp.float32)
        mean_frame = mean_of_frames(data, self.pixel_scale)
        state = ForwardState(network, embedding, init_adam(network), mean_frame)
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
        """One step of Adam on an episode: new contexts, and queries among the rest.

        Returns
        -------
        state
            Updated.
        metrics
            ``loss`` (nats per pixel) and ``grad_norm`` (before clipping).
        """
        data = self._data(source)
        shots = self.draw(data, key)
        num_frames = (self.window_len or data.sequence_len) - self.context_len
        (loss, embedding), gradient = jax.value_and_grad(self.loss, has_aux=True)(
            state.network, state, shots, num_frames
        )
        rate = self.learning_rate * rate_factor(
            self.schedule, progress, self.warm_up, self.num_updates
        )
        return descend(state, embedding, loss, gradient, rate, self.max_grad_norm)

    def draw(self, source: DataSource, key: Key[Array, ""]) -> Shots:
        """Contexts and queries of an episode, by its key.

        Parameters
        ----------
        source
            The training split.
        key
            A key of this update alone.
        """
        tasks = self._tasks(source)
        context = tasks.context(jnp, key, self.num_context)
        position = tasks.draw_queries(jnp, key, self.num_context, self.batch_size)
        row, task = tasks.queries(jnp, context, position)
        window_len = self.window_len or source.sequence_len
        batch = draw_windows(
            source, row, key, self.context_len, window_len, self.num_scored
        )
        return Shots(batch, task, source.image[context, : self.num_context_frames])

    def loss(
        self, network: Network, state: ForwardState, shots: Shots, num_frames: int
    ) -> tuple[Float[Array, ""], Float[Array, " embedding"]]:
        """Loss of an episode, as a function of the parameters.

        Parameters
        ----------
        network
            Parameters to use instead of the state's.
        state
            What is not differentiated: the mean frame.
        shots
            Queries with the context sets of their tasks, from :meth:`draw`.
        num_frames
            Frames to predict, of which the batch scores some.

        Returns
        -------
        loss
            Nats per pixel.
        embedding
            That of the average task.
        """
        batch, state = shots.batch, state._replace(network=network)
        embedding = self.embed(state, shots.context)
        logits = self._logits(
            state._replace(statistics=embedding[shots.task]),
            batch.context,
            batch.actions,
            num_frames,
            batch.times,
        )
        target = as_unit(batch.target, self.pixel_scale)
        loss = binary_loss(logits, target, batch.valid)
        return loss, jax.lax.stop_gradient(jnp.mean(embedding, axis=0))

    def embed(
        self,
        state: ForwardState,
        context: UInt8[Array, "*sets shot frames height width channels"],
    ) -> Float[Array, "*sets embedding"]:
        """Embeddings of context sets; the order of their sequences does not matter.

        Parameters
        ----------
        state
            Parameters of a model.
        context
            The first ``num_context_frames`` frames of any number of sequences.
        """
        shape = context.shape
        frames = stack_frames(context.reshape(-1, *shape[-4:]), self.pixel_scale)
        parts, _ = state.network.shots(frames, (), _NORM, None)
        return jnp.mean(parts.reshape(*shape[:-4], -1), axis=-2)

    def adapt(
        self,
        state: ForwardState,
        context: UInt8[Array, "shot time height width channels"],
    ) -> ForwardState:
        """A state that predicts sequences of the task that a context set shows.

        Parameters
        ----------
        state
            Parameters of a model; its embedding is replaced.
        context
            Sequences of the task, of ``num_context_frames`` frames at least.
        """
        frames = context[:, : self.num_context_frames]
        return state._replace(statistics=self.embed(state, frames))

    def trials(self, state: ForwardState, source: DataSource) -> Trials:
        """Queries of all tasks, with their own and with the next task's context set.

        Where there is but one task, there is no wrong context.
        """
        tasks = self._tasks(source)
        context = tasks.context(jnp, root_key(0), self.num_context)
        embedding = self.embed(state, source.image[context, : self.num_context_frames])
        num_queries = tasks.num_rows - tasks.num_tasks * self.num_context
        num = min(self.num_eval_sequences, num_queries)
        # Evenly over the list, in which the tasks lie one after the other.
        position = (jnp.arange(num) * (num_queries / num)).astype(jnp.int32)
        row, task = tasks.queries(jnp, context, position)

        def predict_with(shift: int) -> Any:
            given_task = (task + shift) % tasks.num_tasks

            def predict(given: Array, actions: Any, num_frames: int, at: Array) -> Any:
                adapted = state._replace(statistics=embedding[given_task[at]])
                return self.predict(adapted, given, actions, num_frames)

            return predict

        wrong = {"wrong_context": predict_with(1)} if tasks.num_tasks > 1 else {}
        return Trials(row, predict_with(0), wrong)

    def predict(
        self,
        state: ForwardState,
        context: UInt8[Array, "batch context height width channels"],
        actions: Num[Array, "batch num_frames ..."] | None,
        num_frames: int,
    ) -> Float[Array, "batch num_frames height width channels"]:
        """Predict the frames after the given ones, open loop."""
        times = jnp.arange(num_frames)
        logits = self._logits(state, context, actions, num_frames, times)
        return jax.nn.sigmoid(logits)

    def reset(
        self,
        state: ForwardState,
        context: UInt8[Array, "batch context height width channels"],
    ) -> Float[Array, "batch hidden"]:
        """The latent state after the given frames."""
        frames = stack_frames(context, self.pixel_scale)
        return jnp.tanh(state.network.encoder(frames, (), _NORM, None)[0])

    def step(
        self,
        state: ForwardState,
        memory: Float[Array, "batch hidden"],
        action: Num[Array, "batch ..."] | None,
    ) -> tuple[
        Float[Array, "batch hidden"], Float[Array, "batch height width channels"]
    ]:
        """The next frame."""
        actions = None if action is None else action[:, None]
        inputs = self._inputs(state, actions, memory.shape[0], 1)[0]
        memory = state.network.core.step(inputs, memory)
        return memory, jax.nn.sigmoid(self._render(state, memory))

    def _data(self, source: Source) -> DataSource:
        return check_sequences(type(self).__name__, source, self.context_len, 0, 1)

    def _tasks(self, source: Source) -> Tasks:
        name, data = type(self).__name__, self._data(source)
        return check_tasks(name, data, self.num_context, self.num_context_frames)

    def _logits(
        self,
        state: ForwardState,
        given: UInt8[Array, "batch context height width channels"],
        actions: Num[Array, "batch num_frames ..."] | None,
        num_frames: int,
        times: Int[Array, " scored"],
    ) -> Float[Array, "batch scored height width channels"]:
        first = self.reset(state, given)
        inputs = self._inputs(state, actions, given.shape[0], num_frames)
        starts = jnp.zeros(inputs.shape[:2], bool)
        latent = state.network.core.sequence(inputs, starts, first)
        latent = latent[times].swapaxes(0, 1)
        logits = self._render(state, latent.reshape(-1, self.hidden_size))
        return logits.reshape(*latent.shape[:2], *state.mean_frame.shape)

    def _inputs(
        self, state: ForwardState, actions: Array | None, num_rows: int, num_frames: int
    ) -> Float[Array, "time batch input"]:
        embedded = action_inputs(state.network.actions, actions, num_rows, num_frames)
        shape = (num_frames, num_rows, self.embedding_size)
        task = jnp.broadcast_to(state.statistics, shape)
        return jnp.concatenate([embedded, task], axis=-1)

    def _render(
        self, state: ForwardState, latent: Float[Array, "batch hidden"]
    ) -> Float[Array, "batch height width channels"]:
        height, width, channels = state.mean_frame.shape
        logits, _ = state.network.renderer(
            latent, (height, width, channels), (), _NORM, None
        )
        return add_mean(logits, state.mean_frame)

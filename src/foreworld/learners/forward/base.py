"""Learned models that predict frames from a few seen ones: what they have in common.

A forward model sees ``context_len`` frames and predicts those that follow, open loop.
Frames are counted from 0 in a sequence and ``a_t`` is the action after frame ``t``: the
first predicted frame is number ``context_len``, the first action used is
``a_{context_len - 1}``. What families share is in ``_training.py`` and
``_evaluation.py``; a family is one file with its network.
"""

from __future__ import annotations

import abc
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
from jaxtyping import Array, Float, Key, Num, UInt8

from foreworld.core.errors import FitError
from foreworld.data.views.source import DataSource
from foreworld.learners.base import AbstractLearner, Budget, Source
from foreworld.learners.forward._evaluation import Trials, evaluate_open_loop
from foreworld.learners.forward._fit import needs_data
from foreworld.learners.metrics import Metrics
from foreworld.worlds.policy import AbstractPolicy

Memory = Any
"""Pytree of arrays with fixed shapes that a model carries from frame to frame."""


class ForwardState(NamedTuple):
    """State of every forward model.

    Attributes
    ----------
    network
        What is trained.
    statistics
        What is not: running statistics of normalisations.
    optimiser
        Moments of the optimiser.
    mean_frame
        Mean of the training frames, the baseline that knows no time; from 0 to 1.
    """

    network: Any
    statistics: Any
    optimiser: Any
    mean_frame: Float[Array, "height width channels"]


class AbstractForwardModel(AbstractLearner):
    """Interface of every forward model.

    Attributes
    ----------
    context_len
        Frames that are given.
    pixel_scale
        Pixel value that counts as 1.
    batch_size
        Sequences in an update.
    num_updates
        Updates in a run.
    num_eval_sequences
        Sequences that an evaluation predicts, at most.
    """

    score: ClassVar[str] = "negative_mse"
    reads_data: ClassVar[bool] = True
    context_len: eqx.AbstractVar[int]
    pixel_scale: eqx.AbstractVar[int]
    batch_size: eqx.AbstractVar[int]
    num_updates: eqx.AbstractVar[int]
    num_eval_sequences: eqx.AbstractVar[int]

    @abc.abstractmethod
    def predict(
        self,
        state: ForwardState,
        context: UInt8[Array, "batch context height width channels"],
        actions: Num[Array, "batch num_frames ..."] | None,
        num_frames: int,
    ) -> Float[Array, "batch num_frames height width channels"]:
        """Predict the frames after a context, open loop.

        Parameters
        ----------
        state
            Parameters and running statistics of a model.
        context
            The first frames of each sequence.
        actions
            ``actions[:, k]`` leads to predicted frame ``k``: the actions after the
            newest given frame and after each predicted one but the last. ``None``
            where the model was trained on a passive world.
        num_frames
            How many frames to predict.

        Returns
        -------
        Array
            Brightness from 0 to 1.
        """

    @abc.abstractmethod
    def reset(
        self,
        state: ForwardState,
        context: UInt8[Array, "batch context height width channels"],
    ) -> Memory:
        """Begin to predict frame by frame, after a context.

        Parameters
        ----------
        state
            Parameters and running statistics of a model.
        context
            The first ``context_len`` frames of each sequence.
        """

    @abc.abstractmethod
    def step(
        self,
        state: ForwardState,
        memory: Memory,
        action: Num[Array, "batch ..."] | None,
    ) -> tuple[Memory, Float[Array, "batch height width channels"]]:
        """The next frame, at a cost that does not grow with time.

        ``reset`` and then ``step`` with actions in turn give what ``predict`` gives.

        Parameters
        ----------
        state
            The one that :meth:`reset` was given.
        memory
            From :meth:`reset` or from the step before.
        action
            Of each row, the one after the newest frame; ``None`` where the model was
            trained on a passive world.
        """

    @abc.abstractmethod
    def trials(self, state: ForwardState, source: DataSource) -> Trials:
        """What an evaluation predicts: always the same for a source.

        Most models take ``_evaluation.first_sequences``.

        Parameters
        ----------
        state
            Parameters and running statistics of a model.
        source
            The split that is evaluated on.
        """

    def budget(self, source: Source) -> Budget:
        """``num_updates`` updates of ``batch_size`` sequences."""
        return Budget(self.num_updates, self.batch_size, "sequences")

    def evaluate(
        self, state: ForwardState, source: Source, key: Key[Array, ""]
    ) -> Metrics:
        """Open-loop errors beside those of the baselines.

        Sequences are predicted to their end from their first ``context_len`` frames;
        always the same ones, so the key is not used. Names ending in ``_by_horizon``
        are vectors over the horizon 1, 2, ...

        Parameters
        ----------
        state
            Parameters and running statistics of a model; not changed.
        source
            A split of a data set.
        key
            Not used.

        Returns
        -------
        Metrics
            ``mse``, ``bce``, ``negative_mse`` (the score), ``mse_by_horizon``, and
            for ``copy_last`` (the newest given frame again) and ``mean_frame`` (the
            mean training frame): ``*_mse``, ``*_mse_by_horizon``. Models that are
            given more than frames add ``mse_*`` of predictions with something else.
        """
        if not isinstance(source, DataSource):
            raise FitError(needs_data(type(self).__name__, source))
        return evaluate_open_loop(
            self.trials(state, source),
            source,
            self.context_len,
            state.mean_frame,
            float(self.pixel_scale),
        )

    def policy(self, state: ForwardState, source: Source) -> AbstractPolicy:
        """Forward models predict; they do not act.

        Parameters
        ----------
        state, source
            As in :meth:`AbstractLearner.policy`.

        Raises
        ------
        FitError
            Always.
        """
        raise FitError(
            f"{type(self).__name__} predicts frames and does not act, so it has no "
            f"policy. Train a learner that acts, such as 'ppo'."
        )

"""What forward models share in training: minibatches, alignment, loss.

Source: the common training step of github.com/ichko/forward-model (2020), with the
loss normalised by valid frames.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, UInt8

from foreworld.core.keys import named_key
from foreworld.core.spaces import Space
from foreworld.data.views.source import DataSource
from foreworld.learners.forward._evaluation import as_unit
from foreworld.learners.forward.base import ForwardState
from foreworld.learners.metrics import Mean, Metrics
from foreworld.nn.adam import adam_step
from foreworld.nn.initial import he_normal

Schedule = Literal["steps", "cosine", "constant"]
"""How the learning rate falls over a run."""
"""What a loss is divided by: pixels of valid frames, or of all, padding included."""


class Batch(NamedTuple):
    """Windows of sequences, aligned.

    Attributes
    ----------
    context
        The given frames.
    actions
        ``actions[:, k]`` leads to frame ``k`` after the context; ``None`` in a
        passive world.
    times
        Which frames after the context are scored, rising.
    target
        The scored frames.
    valid
        Whether a scored frame belongs to its episode.
    """

    context: UInt8[Array, "batch context height width channels"]
    actions: Any
    times: Int[Array, " scored"]
    target: UInt8[Array, "batch scored height width channels"]
    valid: Bool[Array, "batch scored"]


def draw_batch(
    source: DataSource,
    key: Key[Array, ""],
    batch_size: int,
    context_len: int,
    window_len: int,
    num_scored: int,
) -> Batch:
    """Draw windows uniformly: a sequence, then a start within its valid frames.

    Parameters
    ----------
    source
        The training split.
    key
        A key of this minibatch alone.
    batch_size
        Windows to draw.
    context_len
        Frames of a window that are given.
    window_len
        Frames of a window, context included.
    num_scored
        How many of the ``window_len - context_len`` frames after the context are
        scored: evenly spaced with one random offset, so that each has equal chances.
    """
    rows = source.sequences(named_key(key, "sequence"), batch_size)
    return draw_windows(source, rows, key, context_len, window_len, num_scored)


def draw_windows(
    source: DataSource,
    sequence: Int[Array, " batch"],
    key: Key[Array, ""],
    context_len: int,
    window_len: int,
    num_scored: int,
) -> Batch:
    """The same, of given sequences.

    Parameters
    ----------
    source
        The training split.
    sequence
        Rows of the split, one a window.
    key
        A key of this minibatch alone: draws where windows start and what is scored.
    context_len, window_len, num_scored
        As in :func:`draw_batch`.
    """
    lengths = jnp.sum(source.valid[sequence], axis=1, dtype=jnp.int32)
    spare = jnp.maximum(lengths - window_len, 0)
    unit = jax.random.uniform(named_key(key, "start"), sequence.shape, jnp.float32)
    start = jnp.minimum((unit * (spare + 1)).astype(jnp.int32), spare)
    times = draw_times(named_key(key, "times"), window_len - context_len, num_scored)
    return take_batch(source, sequence, start, context_len, window_len, times)


def take_batch(
    source: DataSource,
    sequence: Int[Array, " batch"],
    start: Int[Array, " batch"],
    context_len: int,
    window_len: int,
    times: Int[Array, " scored"],
) -> Batch:
    """The windows that begin at ``start`` in ``sequence``, aligned.

    The first action is that after the newest frame of the context.

    Parameters
    ----------
    source
        The training split.
    sequence
        Rows of the split, one a window.
    start
        First frame of each window.
    context_len
        Frames of a window that are given.
    window_len
        Frames of a window, context included.
    times
        Frames to score, counted from the first one after the context.
    """
    row = sequence[:, None]
    given = start[:, None] + jnp.arange(context_len)
    scored = start[:, None] + context_len + times
    actions = source.action
    if actions is not None:
        taken = jnp.arange(context_len - 1, window_len - 1)
        actions = actions[row, start[:, None] + taken]
    return Batch(
        context=source.image[row, given],
        actions=actions,
        times=times,
        target=source.image[row, scored],
        valid=source.valid[row, scored],
    )


def draw_times(
    key: Key[Array, ""], num_frames: int, num_scored: int
) -> Int[Array, " scored"]:
    """Evenly spaced frames with one random offset; all where ``num_scored`` is 0.

    Parameters
    ----------
    key
        Draws the offset.
    num_frames
        Frames to choose from.
    num_scored
        How many, at most ``num_frames``; 0 for all.
    """
    if num_scored in (0, num_frames):
        return jnp.arange(num_frames)
    unit = jax.random.uniform(key, (), jnp.float32)
    times = (jnp.arange(num_scored) + unit) * (num_frames / num_scored)
    return jnp.minimum(times.astype(jnp.int32), num_frames - 1)


def action_inputs(
    weight: Float[Array, "code embedding"] | None,
    actions: Array | None,
    num_rows: int,
    num_frames: int,
) -> Float[Array, "time batch input"]:
    """Embedded actions, time first; ones where the world is passive.

    Parameters
    ----------
    weight
        Action codes (one-hot or flat) to embeddings; ``None`` in a passive world.
    actions
        ``(batch, time, ...)``, or ``None``.
    num_rows
        Sequences of the batch, where there are no actions to tell.
    num_frames
        Steps, likewise.
    """
    if weight is None or actions is None:
        return jnp.ones((num_frames, num_rows, 1), jnp.float32)
    if jnp.issubdtype(actions.dtype, jnp.integer) and actions.ndim == 2:
        codes = jax.nn.one_hot(actions, weight.shape[0], dtype=jnp.float32)
    else:
        codes = actions.reshape(*actions.shape[:2], -1).astype(jnp.float32)
    return (codes @ weight).swapaxes(0, 1)


def init_actions(
    key: Key[Array, ""], space: Space | None, size: int
) -> tuple[Float[Array, "code embedding"] | None, int]:
    """Fresh weights of embedded actions, and the width of what a core is given.

    Parameters
    ----------
    key
        Draws the weights.
    space
        Action space; ``None`` in a passive world, which has no weights.
    size
        Width of an embedded action.
    """
    if space is None:
        return None, 1
    return he_normal(key, (space.flat_size, size), fan_in=2.0), size


def stack_frames(
    frames: UInt8[Array, "batch time height width channels"], pixel_scale: int
) -> Float[Array, "batch height width stacked"]:
    """Brightness from 0 to 1, the frames of a sequence as channels of one image.

    Parameters
    ----------
    frames
        Frames of each sequence.
    pixel_scale
        Pixel value that counts as 1.
    """
    unit = as_unit(frames, pixel_scale).transpose(0, 2, 3, 1, 4)
    return unit.reshape(*unit.shape[:3], -1)


def add_mean(
    logits: Float[Array, "batch height width channels"],
    mean_frame: Float[Array, "height width channels"],
) -> Float[Array, "batch height width channels"]:
    """Logits of frames from what a renderer adds to the mean frame's.

    Parameters
    ----------
    logits
        Differences from the mean frame, in logits.
    mean_frame
        Mean of the training frames, 0 to 1.
    """
    # Pixels that never or always light keep a finite logit.
    mean = jnp.clip(mean_frame, 1e-3, 1.0 - 1e-3)
    return logits + jnp.log(mean / (1.0 - mean))


def descend(
    state: ForwardState,
    statistics: Any,
    loss: Float[Array, ""],
    gradient: Any,
    rate: Float[Array, ""],
    max_grad_norm: float | Float[Array, ""],
) -> tuple[ForwardState, Metrics]:
    """One step of Adam, and the metrics of an update.

    Parameters
    ----------
    state
        Parameters and optimiser before the step.
    statistics
        What is not trained, after the step.
    loss
        Nats per pixel, before the step.
    gradient
        Gradient of the loss, a pytree like the state's network.
    rate
        Step size.
    max_grad_norm
        Longer gradients are shortened to this length; 0 for no limit.
    """
    network, optimiser, norm = adam_step(
        state.network, gradient, state.optimiser, rate, max_grad_norm
    )
    new = ForwardState(network, statistics, optimiser, state.mean_frame)
    return new, {"loss": Mean.of(loss), "grad_norm": Mean.of(norm)}


def binary_loss(
    logits: Float[Array, "batch scored height width channels"],
    target: Float[Array, "batch scored height width channels"],
    valid: Bool[Array, "batch scored"],
    label_smoothing: float | Float[Array, ""] = 0.0,
) -> Float[Array, ""]:
    """Binary cross-entropy of valid frames, nats per pixel.

    Parameters
    ----------
    logits
        Predicted frames before the sigmoid.
    target
        True frames, brightness from 0 to 1.
    valid
        Which frames belong to their episode; padding does not.
    label_smoothing
        Targets ``y`` become ``(1 - s) y + s / 2``.
    """
    soft = target * (1.0 - label_smoothing) + 0.5 * label_smoothing
    # -y log p - (1 - y) log(1 - p) for p = sigmoid(z), without overflow.
    error = jnp.maximum(logits, 0.0) - logits * soft
    error = error + jnp.log1p(jnp.exp(-jnp.abs(logits)))
    by_frame = jnp.where(valid, jnp.mean(error, axis=(-3, -2, -1)), 0.0)
    count = jnp.sum(valid, dtype=jnp.float32)
    return jnp.sum(by_frame) / jnp.maximum(count, 1.0)


def rate_factor(
    schedule: Schedule,
    progress: Float[Array, ""],
    warm_up: float | Float[Array, ""],
    num_updates: int,
) -> Float[Array, ""]:
    """Factor of the learning rate when a fraction ``progress`` of a run is done.

    ``"steps"``: 1, 1/2, 1/3, 1/4, falling at 0.3, 0.6 and 0.9. ``"cosine"``: half a
    cosine down to 0. Either is ramped up from a tenth over the first ``warm_up``.

    Parameters
    ----------
    schedule
        How it falls.
    progress
        Fraction of the run that is done, from 0 to 1.
    warm_up
        Fraction of the run in which it rises; 0 for none.
    num_updates
        Updates of the run, which give the steps their borders.
    """
    if schedule == "steps":
        # In whole numbers: a border is an update, and no rounding moves it to another.
        update = jnp.round(progress * num_updates).astype(jnp.int32)
        factor = 1.0 / (_steps_done(update, num_updates) + 1.0)
    elif schedule == "cosine":
        factor = 0.5 + 0.5 * jnp.cos(jnp.pi * progress)
    else:
        factor = jnp.ones_like(progress)
    ramp = progress / jnp.maximum(warm_up, 1e-9)
    ramp = jnp.where(warm_up > 0, jnp.minimum(0.1 + 0.9 * ramp, 1.0), 1.0)
    return factor * ramp


def _steps_done(update: Int[Array, ""], num_updates: int) -> Int[Array, ""]:
    """How many of the borders at 0.3, 0.6 and 0.9 of a run are reached."""
    borders = [-(-3 * step * num_updates // 10) for step in (1, 2, 3)]
    return jnp.sum(update >= jnp.asarray(borders, jnp.int32), dtype=jnp.int32)


def mean_of_frames(
    source: DataSource, pixel_scale: int
) -> Float[Array, "height width channels"]:
    """Mean of the valid frames, 0 to 1.

    Parameters
    ----------
    source
        The training split.
    pixel_scale
        Pixel value that counts as 1.
    """
    valid = source.valid[..., None, None, None]
    # Whole numbers within a sequence are exact, and floats then only add sequences.
    sums = jnp.sum(jnp.where(valid, source.image, 0), axis=1, dtype=jnp.int32)
    total = jnp.sum(sums.astype(jnp.float32), axis=0)
    count = jnp.sum(source.valid, dtype=jnp.float32)
    return total / (jnp.maximum(count, 1.0) * pixel_scale)

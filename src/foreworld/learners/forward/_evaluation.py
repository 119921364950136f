"""Open-loop evaluation of forward models against baselines, by horizon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt8

from foreworld.data.source import DataSource
from foreworld.learners.base import Mean, Metrics

CHUNK = 32
"""Sequences predicted at a time; bounds the memory of an evaluation."""
MIN_LOG = -100.0
"""Logarithms of probabilities are cut off here, as in PyTorch's cross-entropy."""

Predict = Callable[[Array, Any, int], Array]
"""Context, actions and number of frames to predicted frames."""


def evaluate_open_loop(
    predict: Predict,
    source: DataSource,
    context_len: int,
    mean_frame: Float[Array, "height width channels"],
    pixel_scale: float,
    num_sequences: int,
) -> Metrics:
    """Errors of predictions from the start of the first sequences to their ends.

    Parameters
    ----------
    predict
        The model, as in ``AbstractForwardModel.predict``.
    mean_frame
        Mean of the training frames, 0 to 1.
    pixel_scale
        Pixel value that counts as 1.
    num_sequences
        Sequences to predict; fewer where the source holds fewer.

    Returns
    -------
    Metrics
        As in ``AbstractForwardModel.evaluate``. Padded frames do not count.
    """
    num = min(num_sequences, source.num_sequences)
    chunk = min(CHUNK, num)
    rows = jnp.arange(-(-num // chunk) * chunk).reshape(-1, chunk)
    horizon = source.sequence_len - context_len

    def errors(row: Array) -> tuple[dict[str, Array], Array]:
        inside = jnp.minimum(row, num - 1)
        image = source.image[inside]
        valid = source.valid[inside, context_len:] & (row < num)[:, None]
        actions = source.action
        if actions is not None:
            actions = actions[inside, context_len - 1 :]
        context = image[:, :context_len]
        target = image[:, context_len:].astype(jnp.float32) / pixel_scale
        last = image[:, context_len - 1, None].astype(jnp.float32) / pixel_scale
        predicted = predict(context, actions, horizon)
        by_frame = {
            "mse": _frame_mean(jnp.square(predicted - target)),
            "bce": _frame_mean(cross_entropy(predicted, target)),
            "copy_last_mse": _frame_mean(jnp.square(last - target)),
            "mean_frame_mse": _frame_mean(jnp.square(mean_frame - target)),
        }
        sums = {
            name: jnp.sum(jnp.where(valid, error, 0.0), axis=0)
            for name, error in by_frame.items()
        }
        return sums, jnp.sum(valid, axis=0, dtype=jnp.float32)

    sums, counts = jax.lax.map(errors, rows)
    count = jnp.sum(counts, axis=0)
    totals = {name: jnp.sum(total, axis=0) for name, total in sums.items()}
    metrics = {
        name: Mean(jnp.sum(total), jnp.sum(count)) for name, total in totals.items()
    }
    metrics["negative_mse"] = Mean(-metrics["mse"].total, metrics["mse"].count)
    for name in ("mse", "copy_last_mse", "mean_frame_mse"):
        metrics[f"{name}_by_horizon"] = Mean(totals[name], count)
    return metrics


def cross_entropy(
    predicted: Float[Array, "*shape"], target: Float[Array, "*shape"]
) -> Float[Array, "*shape"]:
    """Binary cross-entropy of each pixel, nats, from probabilities."""
    lit = jnp.maximum(jnp.log(predicted), MIN_LOG)
    dark = jnp.maximum(jnp.log1p(-predicted), MIN_LOG)
    return -(target * lit + (1.0 - target) * dark)


def as_unit(frames: UInt8[Array, "*shape"], pixel_scale: int) -> Float[Array, "*shape"]:
    """Pixels as brightness from 0 to 1."""
    return frames.astype(jnp.float32) / jnp.float32(pixel_scale)


def _frame_mean(error: Array) -> Array:
    return jnp.mean(error, axis=(-3, -2, -1))

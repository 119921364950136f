"""Open-loop evaluation of forward models against baselines, by horizon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, UInt8

from foreworld.data.views.source import DataSource
from foreworld.learners.metrics import Mean, Metrics

CHUNK = 32
"""Sequences predicted at a time; bounds the memory of an evaluation."""
MIN_LOG = -100.0
"""Logarithms of probabilities are cut off here, as in PyTorch's cross-entropy."""

Predict = Callable[[Array, Any, int, Array], Array]
"""Given frames, actions, number of frames, and places of the sequences in the list of
:class:`Trials`, to predicted frames."""


class Trials(NamedTuple):
    """What an evaluation predicts.

    Attributes
    ----------
    rows
        Sequences of the source.
    predict
        The model.
    others
        Other predictions by name, whose errors are given beside: ``mse_<name>``.
    """

    rows: Int[Array, " trial"]
    predict: Predict
    others: dict[str, Predict]


def first_sequences(
    predict: Callable[[Array, Any, int], Array], source: DataSource, num: int
) -> Trials:
    """The first sequences of a source, at most ``num``, predicted from themselves.

    Parameters
    ----------
    predict
        The model: given frames, actions and the number of frames to predicted frames.
    source
        What is evaluated on.
    num
        Sequences at most.
    """
    return Trials(
        jnp.arange(min(num, source.num_sequences)),
        lambda given, actions, num_frames, _: predict(given, actions, num_frames),
        {},
    )


def evaluate_open_loop(
    trials: Trials,
    source: DataSource,
    context_len: int,
    mean_frame: Float[Array, "height width channels"],
    pixel_scale: float,
) -> Metrics:
    """Errors from the start of sequences to their ends, padded frames left out.

    Parameters
    ----------
    trials
        Which sequences, and the predictions to measure.
    source
        The split that holds them.
    context_len
        Frames that are given of each sequence.
    mean_frame
        Mean of the training frames, 0 to 1.
    pixel_scale
        Pixel value that counts as 1.

    Returns
    -------
    Metrics
        As in ``AbstractForwardModel.evaluate``.
    """
    num, horizon = trials.rows.shape[0], source.sequence_len - context_len
    chunk = min(CHUNK, num)
    places = jnp.arange(-(-num // chunk) * chunk).reshape(-1, chunk)

    def errors(wanted: Array) -> tuple[dict[str, Array], Array]:
        place = jnp.minimum(wanted, num - 1)
        row = trials.rows[place]
        image = source.image[row]
        valid = source.valid[row, context_len:] & (wanted < num)[:, None]
        actions = source.action
        if actions is not None:
            actions = actions[row, context_len - 1 :]
        given = image[:, :context_len]
        target = image[:, context_len:].astype(jnp.float32) / pixel_scale
        last = image[:, context_len - 1, None].astype(jnp.float32) / pixel_scale
        predicted = trials.predict(given, actions, horizon, place)
        found = {
            "mse": jnp.square(predicted - target),
            "bce": cross_entropy(predicted, target),
            "copy_last_mse": jnp.square(last - target),
            "mean_frame_mse": jnp.square(mean_frame - target),
        }
        for name, predict in trials.others.items():
            other = predict(given, actions, horizon, place)
            found[f"mse_{name}"] = jnp.square(other - target)
        sums = {}
        for name, error in found.items():
            by_frame = jnp.mean(error, axis=(-3, -2, -1))
            sums[name] = jnp.sum(jnp.where(valid, by_frame, 0.0), axis=0)
        return sums, jnp.sum(valid, axis=0, dtype=jnp.float32)

    sums, counts = jax.lax.map(errors, places)
    count = jnp.sum(counts, axis=0)
    totals = {name: jnp.sum(total, axis=0) for name, total in sums.items()}
    metrics = {
        name: Mean(jnp.sum(total), jnp.sum(count)) for name, total in totals.items()
    }
    metrics["negative_mse"] = Mean(-metrics["mse"].total, metrics["mse"].count)
    for name in totals:
        if name != "bce":
            metrics[f"{name}_by_horizon"] = Mean(totals[name], count)
    return metrics


def cross_entropy(
    predicted: Float[Array, "*shape"], target: Float[Array, "*shape"]
) -> Float[Array, "*shape"]:
    """Binary cross-entropy of each pixel, nats, from probabilities.

    Parameters
    ----------
    predicted
        Probabilities that a pixel is lit; their logarithms are cut off at
        :data:`MIN_LOG`.
    target
        Brightness from 0 to 1.
    """
    lit = jnp.maximum(jnp.log(predicted), MIN_LOG)
    dark = jnp.maximum(jnp.log1p(-predicted), MIN_LOG)
    return -(target * lit + (1.0 - target) * dark)


def as_unit(frames: UInt8[Array, "*shape"], pixel_scale: int) -> Float[Array, "*shape"]:
    """Pixels as brightness from 0 to 1.

    Parameters
    ----------
    frames
        Pixels, of any shape.
    pixel_scale
        Pixel value that counts as 1.
    """
    return frames.astype(jnp.float32) / jnp.float32(pixel_scale)

"""Videos of forward models: true, predicted and difference, side by side."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from jaxtyping import UInt8

from foreworld.data.views.source import DataSource
from foreworld.learners.forward.base import AbstractForwardModel, ForwardState

GAP = 2
"""Pixels between panels."""
_GREY = 110


def prediction_video(
    model: AbstractForwardModel,
    state: ForwardState,
    source: DataSource,
    num_sequences: int = 3,
) -> UInt8[np.ndarray, "time height width channels"]:
    """Frames after the context: columns true, predicted, difference; a row a sequence.

    Parameters
    ----------
    model, state
        A trained forward model.
    source
        A split it did not learn from.
    num_sequences
        How many sequences, from the first; those that do not last to the end are
        left out where there are others.
    """
    chosen = _chosen(np.asarray(source.valid), num_sequences)
    begun = model.context_len
    image = np.asarray(source.image[chosen])
    truth = image[:, begun:]
    actions = None
    if source.action is not None:
        actions = jax.tree.map(lambda a: a[chosen, begun - 1 :], source.action)
    guess = _predict(model, state, image[:, :begun], actions, truth.shape[1])
    apart = np.abs(truth.astype(np.int16) - guess).astype(np.uint8)
    return _side_by_side([truth, guess, apart])


def _predict(
    model: AbstractForwardModel,
    state: ForwardState,
    context: UInt8[np.ndarray, "batch context height width channels"],
    actions: Any,
    num_frames: int,
) -> UInt8[np.ndarray, "batch num_frames height width channels"]:
    bright = jax.jit(lambda s, c, a: model.predict(s, c, a, num_frames))(
        state, context, actions
    )
    return np.clip(np.asarray(bright) * model.pixel_scale, 0, 255).astype(np.uint8)


def _chosen(valid: np.ndarray, num: int) -> np.ndarray:
    whole = np.flatnonzero(valid.all(axis=1))
    rest = np.flatnonzero(~valid.all(axis=1))
    return np.sort(np.concatenate([whole, rest])[:num])


def _side_by_side(
    panels: list[UInt8[np.ndarray, "batch time height width channels"]],
) -> UInt8[np.ndarray, "time rows columns channels"]:
    num, steps, height, width, channels = panels[0].shape
    rows = num * (height + GAP) - GAP
    columns = len(panels) * (width + GAP) - GAP
    out = np.full((steps, rows, columns, channels), _GREY, np.uint8)
    for j, panel in enumerate(panels):
        for i in range(num):
            top, left = i * (height + GAP), j * (width + GAP)
            out[:, top : top + height, left : left + width] = panel[i]
    return out

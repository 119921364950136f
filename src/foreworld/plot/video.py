"""Videos of forward models: true, predicted and difference, side by side."""

from __future__ import annotations

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
    valid = np.asarray(source.valid).all(axis=1)
    # Whole ones before others, each in the order of the split.
    chosen = np.sort(np.argsort(~valid, kind="stable")[:num_sequences])
    begun = model.context_len
    image = np.asarray(source.image[chosen])
    given, truth = image[:, :begun], image[:, begun:]
    actions = None
    if source.action is not None:
        actions = jax.tree.map(lambda a: a[chosen, begun - 1 :], source.action)
    predict = jax.jit(lambda s, c, a: model.predict(s, c, a, truth.shape[1]))
    bright = np.asarray(predict(state, given, actions))
    guess = np.clip(bright * model.pixel_scale, 0, 255).astype(np.uint8)
    apart = np.abs(truth.astype(np.int16) - guess).astype(np.uint8)
    panels = [truth, guess, apart]
    num, steps, height, width, channels = truth.shape
    rows = num * (height + GAP) - GAP
    columns = len(panels) * (width + GAP) - GAP
    out = np.full((steps, rows, columns, channels), _GREY, np.uint8)
    for j, panel in enumerate(panels):
        for i in range(num):
            top, left = i * (height + GAP), j * (width + GAP)
            out[:, top : top + height, left : left + width] = panel[i]
    return out

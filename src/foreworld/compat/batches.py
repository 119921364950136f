"""Batches in the layout of the sibling projects, for comparisons.

Brightness from 0 to 1 in float32, channels before rows and none where there is one;
states in float32, labels in int16.

Source: the data loaders of github.com/qu-gg/meta-sLVM and github.com/qu-gg/CoSFan.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from foreworld.core.errors import ConfigError


def episode_tuple(
    batch: dict[str, Any],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Image, context image, state, context state and label of each query.

    Parameters
    ----------
    batch
        Of a loader of episodes with ``repeat_context``.

    Returns
    -------
    tuple
        ``(query, time, [channel,] row, column)``, ``(query, shot, time, [channel,]
        row, column)``, ``(query, time, state)``, ``(query, shot, time, state)`` and
        ``(query, 1)``.

    Raises
    ------
    ConfigError
        Contexts are not repeated.
    """
    contexts, queries = len(batch["context/image"]), len(batch["image"])
    if contexts != queries:
        raise ConfigError(
            f"the batch has {contexts} context sets for {queries} queries; one for "
            f"each is wanted: episodes.loader(..., repeat_context=True)."
        )
    return (
        _frames(batch["image"]),
        _frames(batch["context/image"]),
        batch["state"].astype(np.float32),
        batch["context/state"].astype(np.float32),
        batch["label"].astype(np.int16),
    )


def _frames(image: np.ndarray) -> np.ndarray:
    unit = image.astype(np.float32) / np.float32(255)
    if unit.shape[-1] == 1:
        return unit[..., 0]
    return np.moveaxis(unit, -1, -3)

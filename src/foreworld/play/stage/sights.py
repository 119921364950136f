"""What an agent observes, for the eyes of the person who plays it."""

from __future__ import annotations

from typing import Any

import numpy as np

from foreworld.core.spaces import Box, Discrete, Space
from foreworld.nn.encoders import is_image
from foreworld.play.hands.fields import entries, part_of, parts_of
from foreworld.play.stage.base import Picture, Sight

MOST_NUMBERS = 64
"""Numbers of a box that are shown; of more the first ones."""
MOST_PLANES = 16
"""Channels of an image that are drawn beside each other."""


def sights_of(space: Space, obs: Any) -> tuple[Sight, ...]:
    """The parts of an observation: choices and numbers as texts, images as pictures.

    Parameters
    ----------
    space
        Of observations.
    obs
        An element of it.
    """
    made = []
    for name, one in parts_of(space).items():
        found = np.asarray(part_of(obs, name))
        if isinstance(one, Discrete):
            choice = int(found)
            known = one.names and 0 <= choice < one.num
            made.append(Sight(name, one.names[choice] if known else str(choice)))
        elif is_image(one) and one.shape[2] <= MOST_PLANES:
            made.append(Sight(name, picture=_picture(one, found)))
        else:
            made += _numbers(name, one, found)
    return tuple(made)


def _numbers(name: str, box: Box, found: np.ndarray) -> list[Sight]:
    flat, names = found.reshape(-1).tolist(), entries(box)
    shown = [
        Sight(f"{name} {entry}".strip(), _text(number))
        for entry, number in zip(names[:MOST_NUMBERS], flat, strict=False)
    ]
    more = len(flat) - len(shown)
    return [*shown, Sight(f"{name} and".strip(), f"{more} more")] if more else shown


def _text(number: float) -> str:
    # Adding zero takes the sign of a negative one.
    return f"{number + 0.0:.4g}" if isinstance(number, float) else str(number)


def _picture(box: Box, found: np.ndarray) -> Picture:
    """Between the ends of the box, or of the picture where it has none.

    Colours of one or three channels; of others all channels, side by side.
    """
    values = np.nan_to_num(found.astype(np.float64))
    ends = np.asarray([box.low, box.high], np.float64)
    low, high = ends if np.isfinite(ends).all() else (values.min(), values.max())
    shares = (values - low) / (high - low) if high > low else np.zeros(box.shape)
    if box.shape[2] not in (1, 3):
        # A bright column keeps the channels apart.
        apart = np.pad(shares, ((0, 0), (0, 1), (0, 0)), constant_values=1.0)
        rows = apart.transpose(0, 2, 1).reshape(box.shape[0], -1)
        shares = rows[:, :-1, None]
    return (255 * np.clip(shares, 0.0, 1.0)).round().astype(np.uint8)

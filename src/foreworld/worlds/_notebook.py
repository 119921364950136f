"""Worlds and families as a notebook shows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Key, UInt8

from foreworld.core import show
from foreworld.core.keys import named_key, root_key
from foreworld.render.gif import grid_of, png_bytes

_SHOWN_SIZE = 256
"""About how many pixels a picture is wide."""
_NUM_SHOWN = 9
"""Worlds of a family."""


def world_shown(world: Any) -> str:
    """A world, its spaces, and the first frame of an episode."""
    action, observation = str(world.action_space), str(world.observation_space)
    rows = [["action", action], ["observation", observation]]
    spaces = show.table(["", "space"], rows)
    about = f"first frame of {type(world).__name__}"
    frame = first_frames(lambda _: world, 1)[0]
    return show.text(world) + spaces + drawn(frame, about)


def family_shown(family: Any) -> str:
    """A family, and first frames of some of its worlds."""
    name = type(family.world).__name__
    about = f"first frames of {_NUM_SHOWN} worlds of a family of {name}"
    frames = first_frames(family.sample, _NUM_SHOWN)
    return show.text(family) + drawn(grid_of(frames), about)


def first_frames(
    sample: Callable[[Key[Array, ""]], Any], num: int
) -> UInt8[np.ndarray, "world height width channels"]:
    """First frames of episodes, each in a world drawn anew.

    Parameters
    ----------
    sample
        Gives a world for a key.
    num
        How many.
    """
    frames = []
    for key in jax.random.split(root_key(0), num):
        world = sample(named_key(key, "world"))
        state, _ = world.reset(named_key(key, "reset"))
        frames.append(np.asarray(world.render(state)))
    return np.stack(frames)


def drawn(frame: UInt8[np.ndarray, "height width channels"], about: str) -> str:
    """A frame for a notebook, each pixel repeated so that people can see it.

    Parameters
    ----------
    frame
        The picture.
    about
        What it shows, in words.
    """
    scale = max(1, _SHOWN_SIZE // max(frame.shape[:2]))
    return show.picture(png_bytes(frame, scale), "png", about)

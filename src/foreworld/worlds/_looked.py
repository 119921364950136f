"""Which worlds of a person's were looked at and found good, by their fingerprints."""

from __future__ import annotations

import hashlib
from pathlib import Path

import jax
import numpy as np

from foreworld.core.compilation import cache_folder
from foreworld.core.errors import ForeworldError
from foreworld.core.own.fingerprint import code_fingerprint
from foreworld.core.parts.partition import partition
from foreworld.worlds.base import AbstractWorld

_FOLDER, _LOOK = "looked", 2
"""Where, and the number of the look: a later one that sees more looks again."""


def marker_of(world: AbstractWorld, file: Path, needs: str) -> Path | None:
    """The file that says that a world was found good; ``None`` where there is none.

    Parameters
    ----------
    world
        The world.
    file
        Its code.
    needs
        What it is used for.
    """
    try:
        code = code_fingerprint(file)
    except ForeworldError:
        return None
    arrays = [np.asarray(x).tobytes() for x in jax.tree.leaves(partition(world)[2])]
    cls = type(world)
    words = [_LOOK, code, cls.__module__, cls.__qualname__, repr(world), needs, *arrays]
    digest = hashlib.sha256(repr(words).encode()).hexdigest()
    return cache_folder() / _FOLDER / digest

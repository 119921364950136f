"""Finds a format of shards by its name in a recipe."""

from __future__ import annotations

from typing import Literal

from foreworld.data.format.store.base import Store
from foreworld.data.format.store.hdf5 import HDF5
from foreworld.data.format.store.npz import NPZ

StoreName = Literal["hdf5", "npz"]
"""Small and for every language, or large and for NumPy."""


def find_store(name: StoreName) -> Store:
    """The format of that name."""
    return {"hdf5": HDF5, "npz": NPZ}[name]

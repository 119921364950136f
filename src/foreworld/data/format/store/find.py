"""Finds a format of shards by its name in a recipe."""

from __future__ import annotations

from typing import Literal

from foreworld.data.format.store.base import AbstractStore
from foreworld.data.format.store.hdf5 import Hdf5Store
from foreworld.data.format.store.npz import NpzStore

StoreName = Literal["hdf5", "npz"]
"""Small and for every language, or large and for NumPy."""


def find_store(name: StoreName) -> AbstractStore:
    """The format of that name."""
    return {"hdf5": Hdf5Store, "npz": NpzStore}[name]()

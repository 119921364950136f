"""Which kind of folder one is."""

from __future__ import annotations

import importlib
from pathlib import Path

from foreworld.core.disk.kind import kind_of
from foreworld.workspace.kinds.base import AbstractFolderKind

KINDS = {"data set": "data:DataFolder", "study": "study:StudyKind"}
"""Word in ``config.json``, and where its kind is; one loads nothing of another."""


def find_kind(folder: Path) -> AbstractFolderKind | None:
    """The kind of a folder; ``None`` where it is one that nothing can be done with.

    Raises
    ------
    DamagedError
        The folder does not say what it holds, or there is no such folder.
    """
    found = KINDS.get(kind_of(folder))
    if found is None:
        return None
    module, _, name = found.partition(":")
    place = importlib.import_module(f"foreworld.workspace.kinds.{module}")
    return getattr(place, name)()

"""What exports of data sets share: what there is to write, and where it may lie."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from foreworld.core.errors import OccupiedError
from foreworld.data.format.recipe import SPLITS
from foreworld.data.reading.dataset import DataSet
from foreworld.data.reading.split import Split

BATCH = 50
"""Sequences in memory at a time."""


def filled(data: DataSet) -> list[Split]:
    """Splits that hold anything."""
    return [split for name in SPLITS if len(split := data.split(name))]


def check_free(files: Iterable[Path], force: bool) -> None:
    """Refuse to replace files that are there.

    Parameters
    ----------
    files
        What is to be written.
    force
        Whether they may be replaced.

    Raises
    ------
    OccupiedError
        One of them is there.
    """
    for path in files:
        if path.exists() and not force:
            raise OccupiedError(
                f"{path} is there already. Choose another folder with --out, or "
                f"replace it with --force."
            )

"""Opens data of either kind: a data set of one family, or a collection of tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foreworld.core.disk.folder import CONFIG, read_sealed
from foreworld.core.errors import ConfigError
from foreworld.data.format.recipe import read_recipe
from foreworld.data.reading.collection import (
    KIND,
    Collection,
    open_collection,
    read_tasks,
)
from foreworld.data.reading.dataset import DataSet, open_dataset


def is_collection(folder: Path) -> bool:
    """Whether a folder says that it holds several tasks."""
    if not (folder / CONFIG).is_file():
        return False
    data: Any = read_sealed(folder, CONFIG)
    return isinstance(data, dict) and data.get("kind") == KIND


def open_data(
    path: str | Path, states: str = "equal", num_columns: int = 0
) -> DataSet | Collection:
    """Open finished data of either kind.

    Parameters
    ----------
    path
        Folder.
    states, num_columns
        For collections: see ``Collection.with_states``.

    Raises
    ------
    DamagedError
        The folder is not finished, or its configuration is missing or damaged.
    ConfigError
        It holds something else, or a policy for tasks where there is but one.
    """
    folder = Path(path)
    if is_collection(folder):
        return open_collection(folder, states, num_columns)
    if states != "equal" or num_columns:
        raise ConfigError(
            f"states={states!r} is for collections of tasks, and {folder} is one data "
            f"set. Leave it away."
        )
    return open_dataset(folder)


def read_identity(folder: Path) -> str:
    """The identity of the data in a folder, finished or not.

    Raises
    ------
    DamagedError
        ``config.json`` is missing, or is none.
    ConfigError
        The folder holds something else.
    """
    if is_collection(folder):
        return read_tasks(folder).identity
    return read_recipe(folder).identity

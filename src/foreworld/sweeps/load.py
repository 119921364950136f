"""Opens whatever a folder holds: a data set, a run, a study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foreworld.core.errors import ConfigError
from foreworld.sweeps.folder import StudyFolder
from foreworld.sweeps.studies import KIND, find_folder, kind_of, names_study

DATA_KIND = "data set"


def load(path: str | Path) -> Any:
    """A data set (:class:`~foreworld.data.dataset.DataSet`) or a study's folder.

    Parameters
    ----------
    path
        A folder; for a study also its file, or its name under ``studies/``.

    Raises
    ------
    DamagedError
        There is no such folder, or its ``config.json`` is damaged.
    ConfigError
        It holds something else, or the study has not been started.
    """
    path = find_folder(path) if names_study(path) else Path(path)
    kind = kind_of(path)
    if kind == KIND:
        return StudyFolder(path)
    if kind == DATA_KIND:
        from foreworld.data.dataset import open_dataset

        return open_dataset(path)
    raise ConfigError(f"{path} holds a {kind!r}, which cannot be loaded.")

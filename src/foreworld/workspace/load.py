"""Opens whatever a folder holds: a data set, a run, a study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foreworld.core.errors import ConfigError, unknown_name
from foreworld.sweeps.folder import StudyFolder
from foreworld.sweeps.study.find import KIND, find_folder, kind_of, names_study

DATA_KIND = "data set"


def load(path: str | Path, **states: Any) -> Any:
    """A data set or a study's folder.

    Parameters
    ----------
    path
        A folder; for a study also its file, or its name under ``studies/``.
    **states
        ``states`` and ``num_columns`` for a data set of several tasks, see
        :meth:`~foreworld.data.reading.dataset.DataSet.with_states`.

    Returns
    -------
    DataSet or StudyFolder
        What the folder holds.

    Raises
    ------
    DamagedError
        There is no such folder, or its ``config.json`` is damaged.
    ConfigError
        It holds something else, or the study has not been started.
    """
    path = find_folder(path) if names_study(path) else Path(path)
    kind = kind_of(path)
    for name in states:
        if name not in ("states", "num_columns"):
            raise unknown_name("argument of load", name, ("states", "num_columns"))
    if kind == KIND and not states:
        return StudyFolder(path)
    if kind == DATA_KIND:
        from foreworld.data.reading.dataset import open_dataset

        return open_dataset(path, None, **states)
    raise ConfigError(f"{path} holds a {kind!r}, which cannot be loaded.")

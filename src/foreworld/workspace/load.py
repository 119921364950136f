"""Opens whatever a folder holds: a data set, a run, a study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foreworld.core.disk.kind import kind_of
from foreworld.core.errors import ConfigError
from foreworld.workspace.kinds.find import find_kind
from foreworld.workspace.words import folder_of


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
    UnknownNameError
        There is no such folder and no such study.
    DamagedError
        The folder's ``config.json`` is damaged.
    ConfigError
        It holds something else, or the study has not been started.
    """
    folder = folder_of(path)
    kind = find_kind(folder)
    if kind is None:
        raise ConfigError(
            f"{folder} holds a {kind_of(folder)!r}, which cannot be loaded."
        )
    return kind.open(folder, states)

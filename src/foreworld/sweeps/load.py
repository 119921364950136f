"""Opens whatever a folder holds: a data set, a run, a study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foreworld.core.errors import ConfigError
from foreworld.sweeps.folder import StudyFolder
from foreworld.sweeps.studies import KIND, kind_of

DATA_KIND = "data set"


def load(path: str | Path) -> Any:
    """A data set (:class:`~foreworld.data.dataset.DataSet`) or a study's folder.

    Raises
    ------
    DamagedError
        There is no such folder, or its ``config.json`` is damaged.
    ConfigError
        It holds something else.
    """
    path = Path(path)
    kind = kind_of(path)
    if kind == KIND:
        return StudyFolder(path)
    if kind == DATA_KIND:
        from foreworld.data.dataset import open_dataset

        return open_dataset(path)
    raise ConfigError(f"{path} holds a {kind!r}, which cannot be loaded.")

"""Opens whatever a folder holds: a data set, a run, a study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foreworld.core.errors import ConfigError, DamagedError
from foreworld.core.folder import CONFIG, read_json
from foreworld.sweeps.folder import StudyFolder
from foreworld.sweeps.studies import KIND

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


def kind_of(path: Path) -> str:
    """What a folder says it is.

    Raises
    ------
    DamagedError
        It does not say, or there is no such folder.
    """
    if not path.is_dir():
        raise DamagedError(f"there is no folder {path}.")
    data = read_json(path / CONFIG)
    kind = data.get("kind") if isinstance(data, dict) else None
    if not isinstance(kind, str):
        raise DamagedError(f"{path / CONFIG} does not say what the folder holds.")
    return kind

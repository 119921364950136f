"""What a folder says that it holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foreworld.core.disk.folder import CONFIG, read_sealed
from foreworld.core.errors import ConfigError, DamagedError


def kind_in(config: Any) -> str | None:
    """What the content of a ``config.json`` says that its folder holds."""
    kind = config.get("kind") if isinstance(config, dict) else None
    return kind if isinstance(kind, str) else None


def kind_of(folder: Path) -> str:
    """What a folder says it is.

    Parameters
    ----------
    folder
        Of a data set, a run or a study.

    Raises
    ------
    ConfigError
        There is no such folder.
    DamagedError
        It does not say.
    """
    if not folder.is_dir():
        a_file = f"{folder} is a file, not a folder."
        raise ConfigError(
            f"{a_file if folder.exists() else f'there is no folder {folder}.'} Name "
            f"the folder of a data set, a run or a study."
        )
    if not (folder / CONFIG).exists():
        raise DamagedError(
            f"{folder} is no data set, run or study: it has no {CONFIG}. Name the "
            f"folder of one, or make one with 'foreworld generate', 'train' or 'sweep'."
        )
    kind = kind_in(read_sealed(folder, CONFIG))
    if kind is None:
        raise DamagedError(f"{folder / CONFIG} does not say what the folder holds.")
    return kind

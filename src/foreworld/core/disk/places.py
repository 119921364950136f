"""Where things are kept: ``data/`` and ``runs/`` of the working folder or of a home."""

from __future__ import annotations

import os
from pathlib import Path

HOME = "FOREWORLD_HOME"
"""Environment variable that names another folder than the working one."""


def home() -> Path:
    """The folder that holds ``data/`` and ``runs/``."""
    return Path(os.environ.get(HOME) or Path.cwd())


def data_folder() -> Path:
    """Where data sets go."""
    return home() / "data"


def runs_folder() -> Path:
    """Where runs and studies go."""
    return home() / "runs"


def expanded(path: str | Path) -> Path:
    """A path as a person means it: ``~`` is the home folder, of a shell or not."""
    return Path(os.path.expanduser(path))  # noqa: PTH111


def shown(path: Path) -> Path:
    """An absolute path as people read it: from the working folder, if it is below."""
    try:
        return path.relative_to(Path.cwd())
    except (ValueError, FileNotFoundError):
        return path


def find_place(word: str | Path) -> Path | None:
    """The existing path that a word names: as it is written, or else below the home.

    Parameters
    ----------
    word
        A path, perhaps.

    Returns
    -------
    Path or None
        Of a file, a folder or a link; ``None`` where there is nothing, and for an
        empty word.
    """
    meant = expanded(word)
    for path in (meant, home() / meant) if str(word) else ():
        # False, and no error, for names that no file system takes.
        if os.path.lexists(path):
            return path
    return None

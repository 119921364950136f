"""Names that a folder's own files give: they never lead out of the folder."""

from __future__ import annotations

import re
from pathlib import Path

from foreworld.core.errors import DamagedError

_STRANGE = re.compile(r"[\x00-\x1f\x7f\\]")


def inside(folder: Path, name: object, said_by: Path | None = None) -> Path:
    """The path of a file or folder that was named by what lies in a folder.

    Parameters
    ----------
    folder
        Where it must lie.
    name
        Its path from there.
    said_by
        The file that names it, for messages.

    Raises
    ------
    DamagedError
        The name is absolute, has a step ``..``, or is no path at all; or a link on the
        way leads out of the folder.
    """
    check_name(name, said_by or folder)
    path = folder / str(name)
    if not path.resolve().is_relative_to(folder.resolve()):
        raise DamagedError(
            f"{path} is a link that leads out of {folder}, to {path.resolve()}. It is "
            f"not followed: put the file itself there."
        )
    return path


def check_name(name: object, said_by: Path) -> None:
    """Refuse a relative path that could lead out of a folder.

    Parameters
    ----------
    name
        What was read.
    said_by
        The file that it was read from, for messages.

    Raises
    ------
    DamagedError
        The name is absolute, has a step ``..``, or is no path at all.
    """
    steps = name.split("/") if isinstance(name, str) else [""]
    if {"", ".", ".."} & set(steps) or _STRANGE.search(str(name)):
        raise DamagedError(
            f"{said_by} names {name!r}, which is no path within its folder. Nothing is "
            f"read or changed there."
        )

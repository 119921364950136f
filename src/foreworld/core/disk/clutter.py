"""Files in a folder that are nobody's data: of file browsers, and of killed processes.

Those that file browsers leave are passed over everywhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

TEMPORARY = ".part"
"""How names of files end that are being written."""
_NAMES = frozenset(
    (
        ".ds_store",
        ".localized",
        ".directory",
        ".fseventsd",
        ".spotlight-v100",
        ".temporaryitems",
        ".trashes",
        "__macosx",
        "@eadir",
        "desktop.ini",
        "ehthumbs.db",
        "icon\r",
        "thumbs.db",
    )
)
_BEGINNINGS = ("._", ".fuse_hidden", ".nfs", ".~lock.", ".goutputstream-", ".trash-")
"""Of macOS beside files on foreign disks, of network disks, of editors and browsers."""


def is_clutter(name: str) -> bool:
    """Whether a file or folder of this name is a file browser's, and nobody's data."""
    return name.lower() in _NAMES or name.lower().startswith(_BEGINNINGS)


def is_half(path: Path) -> bool:
    """Whether a file is one that a killed process was writing."""
    named = path.name.startswith(".") and path.name.endswith(TEMPORARY)
    return named and path.is_file() and not path.is_symlink()


def hoards(folder: Path) -> list[str]:
    """Folders of file browsers with anything in them: deleted files, say.

    Parameters
    ----------
    folder
        In which, at any depth, they lie.

    Returns
    -------
    list[str]
        Their paths from there.
    """
    found = []
    for place, folders, _ in os.walk(folder):
        paths = {name: Path(place, name) for name in folders}
        clutter = {name for name in folders if is_clutter(name)}
        found += [paths[name] for name in clutter if any(paths[name].iterdir())]
        folders[:] = [name for name in folders if name not in clutter]
    return sorted(path.relative_to(folder).as_posix() for path in found)


def entries(folder: Path) -> Iterator[Path]:
    """What lies in a folder, but for such files."""
    return (path for path in folder.iterdir() if not is_clutter(path.name))

"""Files that file browsers leave in any folder: passed over everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

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


def entries(folder: Path) -> Iterator[Path]:
    """What lies in a folder, but for such files."""
    return (path for path in folder.iterdir() if not is_clutter(path.name))

"""Checks data sets and studies on disk: complete, unaltered, readable."""

from __future__ import annotations

from pathlib import Path

from foreworld.core.disk.folder import CONFIG, MANIFEST, verify
from foreworld.core.disk.kind import kind_of
from foreworld.core.errors import ForeworldError
from foreworld.workspace.kinds.find import find_kind


def check(path: str | Path) -> list[str]:
    """What is wrong with a folder, one line a problem, each naming the file."""
    path = Path(path)
    # Nothing that was altered is interpreted, not even to learn what the folder is.
    if (path / MANIFEST).exists() and verify(path, (CONFIG, "plan.json")):
        return verify(path)
    try:
        kind = find_kind(path)
        if kind is not None:
            return kind.check(path)
        return [f"{path} holds a {kind_of(path)!r}, which cannot be checked."]
    except ForeworldError as error:
        return [str(error)]

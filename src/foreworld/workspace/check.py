"""Checks data sets and studies on disk: complete, unaltered, readable."""

from __future__ import annotations

from pathlib import Path

from foreworld.core.disk.folder import CONFIG, MANIFEST, verify
from foreworld.core.disk.kind import kind_of
from foreworld.core.errors import ForeworldError
from foreworld.core.own import trusted
from foreworld.core.own.versions import told_versions
from foreworld.core.parts.types import checked
from foreworld.workspace.kinds.find import find_kind


def check(path: str | Path) -> list[str]:
    """What is wrong with a folder, one line a problem, each naming the file.

    Nothing but Foreworld's own classes is imported.
    """
    folder: Path = checked("path", path, Path)
    if not folder.is_dir():
        kind_of(folder)
    with trusted.reading(ours_only=True):
        return _check(folder)


def _check(folder: Path) -> list[str]:
    # Nothing that was altered is interpreted, not even to learn what the folder is.
    if (folder / MANIFEST).exists() and verify(folder, (CONFIG, "plan.json")):
        return verify(folder)
    try:
        kind = find_kind(folder)
        if kind is not None:
            return kind.check(folder)
        return [f"{folder} holds a {kind_of(folder)!r}, which cannot be checked."]
    except ForeworldError as error:
        return [str(error)]


def account(path: str | Path) -> str:
    """What else to tell of a folder with which nothing is wrong; often nothing."""
    folder: Path = checked("path", path, Path)
    kind = find_kind(folder)
    own = "" if kind is None else kind.account(folder)
    told = told_versions(folder)
    return "; ".join(filter(None, (own, f"it {told}" if told else "")))

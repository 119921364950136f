"""Transcripts of the runs of a chunk: files of lines that grow with its checkpoints.

Lines are written right before the checkpoint that holds the updates they tell of. Where
training goes on from a checkpoint, lines of later updates are dropped: they are written
again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from foreworld.core.disk.folder import append_line, remove, write_bytes
from foreworld.core.disk.refusals import storage
from foreworld.core.disk.seals import vouch
from foreworld.core.strict_json import parse
from foreworld.learners.transcript import OWN

_NAME = re.compile(r"transcript-\d{3,}\.jsonl")
_UPDATE, _DURING = OWN
_AFTER = "test"
"""What comes after the last checkpoint."""


def name_of(row: int) -> str:
    """File of a run.

    Parameters
    ----------
    row
        The run's position in its chunk, from 0.
    """
    return f"transcript-{row:03d}.jsonl"


def names_in(folder: Path) -> list[str]:
    """Files of transcripts that a chunk has, in order."""
    return sorted(p.name for p in folder.glob("*.jsonl") if _NAME.fullmatch(p.name))


def extend(folder: Path, lines: Sequence[list[str]]) -> None:
    """Write lines, and forget them.

    Parameters
    ----------
    folder
        Of the chunk.
    lines
        Of each run.
    """
    for row, new in enumerate(lines):
        if new:
            append_line(folder / name_of(row), "\n".join(new))
            new.clear()


def cut(folder: Path, updates: int) -> None:
    """Drop what was written after a checkpoint, and lines that a kill cut off.

    Parameters
    ----------
    folder
        Of the chunk.
    updates
        Updates that the checkpoint holds; 0 where training begins.
    """
    for name in names_in(folder):
        path = folder / name
        with storage("read", path):
            lines = path.read_bytes().splitlines(keepends=True)
        kept = 0
        while kept < len(lines) and _holds(lines[kept], updates):
            kept += 1
        if not updates or not kept:
            remove(path)
        elif kept < len(lines):
            write_bytes(path, b"".join(lines[:kept]))


def read(folder: Path, row: int) -> list[dict[str, Any]]:
    """The lines of a run of a finished chunk.

    Parameters
    ----------
    folder
        Of the chunk.
    row
        The run's position in it, from 0.

    Raises
    ------
    DamagedError
        The file was altered.
    """
    path = folder / name_of(row)
    if not path.exists():
        return []
    vouch(folder, path.name)
    with storage("read", path):
        return [parse(line) for line in path.read_bytes().splitlines()]


def _holds(line: bytes, updates: int) -> bool:
    """Whether a line is whole, and told of by a checkpoint."""
    try:
        entry = parse(line)
        return entry[_UPDATE] <= updates and entry[_DURING] != _AFTER
    except (ValueError, KeyError, TypeError):
        return False

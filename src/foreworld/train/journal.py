"""The journal of a chunk: a line when updates start, when they are saved or done.

``saved`` is a checkpoint inside a segment, ``done`` the one at its end. Lines say too
when its programs are being compiled and when they are ready.

It shows what was repeated after a kill, and how far a running chunk has come. Like the
timings, it is not sealed: it differs between two runs that give the same results.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from foreworld.core.disk.folder import append_line
from foreworld.core.disk.notes import read_head
from foreworld.core.strict_json import parse

JOURNAL = "journal.jsonl"
_KEEPING = ("saved", "done")
_MOST = 2**24
"""Bytes of it that are read: some hundred thousand lines."""


def write_line(folder: Path, **entry: Any) -> None:
    """Append one line; readers skip a line that a kill cut off.

    Parameters
    ----------
    folder
        Folder of the chunk; its journal is made if it is not there.
    **entry
        JSON values by name: ``event`` (``"compile"``, ``"ready"``, ``"start"``,
        ``"saved"`` or ``"done"``), ``segment``, counted from 0, and ``update``, the
        number of updates done.
    """
    append_line(folder / JOURNAL, json.dumps(entry))


def read_lines(folder: Path) -> list[dict[str, Any]]:
    """All entries written so far; lines that are not entries are skipped."""
    entries = []
    for line in read_head(folder / JOURNAL, _MOST).splitlines():
        try:
            entry = parse(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and all(
            isinstance(entry.get(name), int) for name in ("segment", "update")
        ):
            entries.append(entry)
    return entries


def segments_done(folder: Path) -> int:
    """Segments that have been finished at least once."""
    lines = read_lines(folder)
    return len({line["segment"] for line in lines if line.get("event") == "done"})


def updates_done(folder: Path) -> int:
    """Updates of each run that were saved at least once."""
    kept = [line for line in read_lines(folder) if line.get("event") in _KEEPING]
    return max((line["update"] for line in kept), default=0)


def is_compiling(folder: Path) -> bool:
    """Whether the last thing that a chunk's worker began was to compile."""
    lines = read_lines(folder)
    return bool(lines) and lines[-1].get("event") == "compile"


def segments_repeated(folder: Path) -> int:
    """How often updates were started that had been started before.

    A segment that goes on from a checkpoint inside it is not repeated.
    """
    lines = read_lines(folder)
    starts = [
        (line["segment"], line["update"])
        for line in lines
        if line.get("event") == "start"
    ]
    return len(starts) - len(set(starts))

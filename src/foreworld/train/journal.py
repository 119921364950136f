"""The journal of a chunk: one line when a segment starts and one when it is done.

It shows what was repeated after a kill, and how far a running chunk has come. It is no
part of the sealed bytes, and neither are timings.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

JOURNAL = "journal.jsonl"


def write_line(folder: Path, **entry: Any) -> None:
    """Append one line; whole or not at all, whatever is killed."""
    line = (json.dumps(entry) + "\n").encode()
    with (folder / JOURNAL).open("ab", buffering=0) as file:
        file.write(line)


def read_lines(folder: Path) -> list[dict[str, Any]]:
    """All lines written so far; lines that are no JSON are left out."""
    path = folder / JOURNAL
    if not path.exists():
        return []
    entries = []
    for line in path.read_bytes().splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            entries.append(entry)
    return entries


def segments_done(folder: Path) -> int:
    """Segments that have been finished at least once."""
    done = {e.get("segment") for e in read_lines(folder) if e.get("event") == "done"}
    return len(done)


def segments_repeated(folder: Path) -> int:
    """How many segments were started more than once, counted each time."""
    starts = Counter(
        e.get("segment") for e in read_lines(folder) if e.get("event") == "start"
    )
    return sum(count - 1 for count in starts.values())

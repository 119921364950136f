"""A worker process: ``python -m foreworld.launch._worker ENTRY PATH [CORES]``.

It dies with its coordinator: the coordinator holds the other end of its standard
input, which the kernel closes however the coordinator ends.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from pathlib import Path

from foreworld.core.errors import ForeworldError
from foreworld.launch._entry import call

ORPHANED = 113
"""Exit status of a worker whose coordinator is gone."""


def main(entry: str, path: str, cores: str = "") -> int:
    """Call an entry on a folder; returns the exit status."""
    threading.Thread(target=_die_with_coordinator, daemon=True).start()
    if cores and sys.platform == "linux":
        os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    try:
        call(entry, Path(path))
    except ForeworldError as error:
        print(error, file=sys.stderr)
        return 1
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def _die_with_coordinator() -> None:
    # Read on the descriptor itself: a lock on sys.stdin would hold up a normal exit.
    while os.read(0, 1024):
        pass
    os._exit(ORPHANED)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

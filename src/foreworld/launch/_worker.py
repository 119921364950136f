"""A worker process: ``python -m foreworld.launch._worker ENTRY PATH [CORE]``.

It dies with its coordinator: the coordinator holds the other end of its standard
input, which the kernel closes however the coordinator ends.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from foreworld.core.plain import say
from foreworld.launch.base import Task, attempt

ORPHANED = 113
"""Exit status of a worker whose coordinator is gone."""


def main(entry: str, path: str, core: str = "") -> int:
    """Do a task; returns the exit status.

    Parameters
    ----------
    entry, path
        Of the task.
    core
        Number of the core to run on; none for all.
    """
    threading.Thread(target=_die_with_coordinator, daemon=True).start()
    if core and sys.platform == "linux":
        os.sched_setaffinity(0, {int(core)})
    error = attempt(Task(entry, Path(path)).run)
    if error is not None:
        say(error)
    return int(error is not None)


def _die_with_coordinator() -> None:
    # Nothing is ever written to this pipe; read returns b"" once its other end is
    # closed. On the descriptor: a lock on sys.stdin would delay a normal exit.
    while os.read(0, 1024):
        pass
    os._exit(ORPHANED)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

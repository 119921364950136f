"""What runs inside a Slurm job: one task of a file of tasks."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from foreworld.core import registry
from foreworld.core.disk.folder import read_json
from foreworld.core.own import trusted
from foreworld.core.own.modules import file_of, trusted_module
from foreworld.core.plain import say
from foreworld.launch.base import Task, attempt

RECORD = "tasks.json"
"""File of tasks, in the folder of a submission."""
SAID = "said by the task:"
"""Stands in a job's log before what the task prints itself."""


def trust_entry(entry: str) -> None:
    """Let jobs that are about to be submitted run an entry of other code."""
    module = entry.partition(":")[0]
    file = None if registry.is_ours(module) else file_of(module)
    if file is not None:
        trusted.trust(file)


def run(record: str, index: int) -> None:
    """Do one task; ends the process with status 1 where that fails.

    Parameters
    ----------
    record
        The file of tasks.
    index
        Which of them.
    """
    # A worker may be killed at any moment and has nothing to tidy up, so it ends at
    # once: Slurm waits for its end before others get the processors, and the leases.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    print(SAID, flush=True)

    def work() -> None:
        task = read_json(Path(record))["tasks"][index]
        module, _, name = str(task["entry"]).partition(":")
        if not registry.is_ours(module):
            # The file lies in the folder of the work, and may say anything.
            trusted_module(module, name, ())
        Task(task["entry"], Path(task["path"])).run()

    error = attempt(work)
    if error is not None:
        say(error)
        sys.exit(1)

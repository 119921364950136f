"""Worker processes on this machine, each single-threaded and pinned to a core.

Several small programs side by side use a processor better than one program with
several threads. Workers die with their coordinator, however it dies.

Source: Foreworld.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from foreworld.core.disk.folder import StorageError, make_folder, open_log, remove
from foreworld.core.errors import ForeworldError
from foreworld.core.parts.part import Bounded
from foreworld.launch._threads import one_thread
from foreworld.launch.base import AbstractHandle, AbstractLauncher, Task, TaskState

LOGS = "logs"
"""Folder, in that of the work, for what workers print; logs of success are removed."""
_TAIL = 20


class Processes(AbstractLauncher):
    """Processes on this machine; further tasks wait until one is free."""

    workers: Annotated[int, Bounded(low=0)] = 0
    """worker processes; 0 for one a core"""

    @property
    def num_workers(self) -> int:
        """Tasks at the same time."""
        return self.workers or len(_cores())

    @property
    def num_threads(self) -> int:
        """One."""
        return 1

    def submit(self, tasks: Sequence[Task]) -> list[AbstractHandle]:
        """Start as many as there are workers; asking for states starts the others.

        Keep the handles: a worker ends when its handle is garbage collected, because
        that closes the worker's standard input.
        """
        pool = _Pool(self.num_workers)
        handles = [ProcessHandle(task, pool) for task in tasks]
        pool.start_waiting()
        return list(handles)


class ProcessHandle(AbstractHandle):
    """One worker process.

    Parameters
    ----------
    task
        What it does.
    pool
        The workers that it is one of; it starts when one of them is free.
    """

    def __init__(self, task: Task, pool: _Pool) -> None:
        self._task, self._pool = task, pool
        self._process: subprocess.Popen[bytes] | None = None
        self._log: Path | None = None
        self._cancelled = False
        pool.handles.append(self)

    @property
    def pid(self) -> int | None:
        """Process number; ``None`` while it waits."""
        return None if self._process is None else self._process.pid

    def state(self) -> TaskState:
        """What it is doing now; starts tasks that wait for a free worker."""
        self._pool.start_waiting()
        return self.look()

    def look(self) -> TaskState:
        """What it is doing now, and nothing else."""
        if self._process is None:
            return "cancelled" if self._cancelled else "waiting"
        status = self._process.poll()
        if status is None:
            return "running"
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._log is not None and (status == 0 or self._cancelled):
            with contextlib.suppress(StorageError):
                remove(self._log)
        if self._cancelled:
            return "cancelled"
        return "done" if status == 0 else "failed"

    def cancel(self) -> None:
        """Kill it; what it finished stays."""
        if self.look() not in ("waiting", "running"):
            return
        self._cancelled = True
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self.look()

    def lost(self) -> bool:
        """Whether a signal ended it."""
        if self.look() != "failed" or self._process is None:
            return False
        return self._process.returncode < 0

    def error(self) -> str:
        """How it ended and the end of what it printed; empty if it did not fail."""
        if self.look() != "failed" or self._process is None:
            return ""
        status = self._process.returncode
        how = f"killed by signal {-status}" if status < 0 else f"exit status {status}"
        lines: list[str] = []
        if self._log is not None and self._log.exists():
            lines = self._log.read_text(errors="replace").splitlines()[-_TAIL:]
        if -status in (signal.SIGKILL, signal.SIGABRT):
            how += " (often a lack of memory: use fewer workers or a smaller width)"
        return "\n".join([f"worker process ended: {how}", *lines])

    def start(self, core: int) -> None:
        """Start the process, pinned to a core."""
        folder = self._task.path / LOGS
        make_folder(folder)
        command = [sys.executable, "-m", "foreworld.launch._worker"]
        command += [self._task.entry, str(self._task.path), str(core)]
        number = sum(handle.pid is not None for handle in self._pool.handles)
        self._log = folder / f"{os.getpid()}-{number}.log"
        with open_log(self._log) as log:
            try:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, **one_thread()},
                    # Ctrl-C then reaches the coordinator alone, which stops workers.
                    start_new_session=True,
                )
            except OSError as error:
                raise ForeworldError(
                    f"cannot start a worker process: {error.strerror or error}. Use "
                    f"fewer workers, or run without --launch processes."
                ) from error


class _Pool:
    """Tasks of one submission, and the cores that are free for them."""

    def __init__(self, size: int) -> None:
        self.handles: list[ProcessHandle] = []
        self._size = size
        self._slots: dict[int, ProcessHandle] = {}

    def start_waiting(self) -> None:
        busy = {s: h for s, h in self._slots.items() if h.look() == "running"}
        self._slots = busy
        waiting = [handle for handle in self.handles if handle.look() == "waiting"]
        free = [slot for slot in range(self._size) if slot not in self._slots]
        for slot, handle in zip(free, waiting, strict=False):
            cores = _cores()
            handle.start(cores[slot % len(cores)])
            self._slots[slot] = handle


def _cores() -> list[int]:
    """Cores that this process may use."""
    if sys.platform == "linux":
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))

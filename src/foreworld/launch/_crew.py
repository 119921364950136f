"""Workers on one folder: found again, started, watched, replaced, sent away."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from types import TracebackType

from foreworld.core.errors import ForeworldError
from foreworld.launch.base import AbstractHandle, AbstractLauncher, Resources, Task

RETRIES = 3
"""How often workers that came to nothing are replaced."""
_PAUSE = 0.1
_PATIENCE = 60.0
"""Seconds that workers without work have to end by themselves."""


@dataclass(frozen=True)
class _Worker:
    handle: AbstractHandle
    begun: Hashable


class Crew:
    """Workers of one coordinator, used as a context manager.

    At the end the rest of them is stopped; where the coordinator was interrupted, only
    those that are not meant to go on alone.

    Parameters
    ----------
    launcher, task
        Where they run and what each of them does.
    mark
        Says how far the work is: it differs when a worker has achieved anything.
    say
        Told in a line why a worker is lost.
    """

    def __init__(
        self,
        launcher: AbstractLauncher,
        task: Task,
        mark: Callable[[], Hashable],
        say: Callable[[str], None],
    ) -> None:
        self._launcher, self._task, self._mark, self._say = launcher, task, mark, say
        self._workers: list[_Worker] = []
        self.failed: list[AbstractHandle] = []
        self.hired, self.retries = 0, RETRIES

    def __enter__(self) -> Crew:
        found = self._launcher.adopt(self._task)
        self._add(found, self._mark())
        if found:
            self._say(f"{len(found)} workers of an earlier command are still there")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        interrupted = error is not None and not isinstance(error, ForeworldError)
        for worker in self._workers:
            worker.handle.leave() if interrupted else worker.handle.cancel()

    @property
    def busy(self) -> int:
        """How many wait or run, as of the last look."""
        return len(self._workers)

    def hire(self, count: int) -> None:
        """Start more workers.

        Raises
        ------
        ForeworldError
            The launcher cannot.
        """
        if count > 0:
            mark = self._mark()
            tasks = [self._task] * count
            self._add(self._launcher.submit(tasks, Resources()), mark)

    def look(self) -> list[AbstractHandle]:
        """Which workers failed since the last look.

        One that failed before anything was achieved in its time costs a retry: what
        fails for ever ends, and long work may outlast any number of time limits.
        """
        states = [worker.handle.state() for worker in self._workers]
        pairs = list(zip(self._workers, states, strict=True))
        self._workers = [w for w, state in pairs if state in ("waiting", "running")]
        lost = [worker for worker, state in pairs if state == "failed"]
        mark = self._mark() if lost else None
        for worker in lost:
            self.retries -= worker.begun == mark
            if worker.handle.lost():
                self._say(f"lost: {worker.handle.error().partition(chr(10))[0]}")
        self.failed += [worker.handle for worker in lost]
        return [worker.handle for worker in lost]

    def dismiss(self) -> None:
        """There is no more work: who has not begun need not, the others end."""
        for worker in self._workers:
            if worker.handle.state() == "waiting":
                worker.handle.cancel()
        deadline = time.monotonic() + _PATIENCE
        while self._workers and time.monotonic() < deadline:
            time.sleep(_PAUSE)
            self.look()

    def _add(self, handles: list[AbstractHandle], mark: Hashable) -> None:
        self._workers += [_Worker(handle, mark) for handle in handles]
        self.hired += len(handles)

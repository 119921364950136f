"""Supervises workers on one folder: adopts, starts, watches, replaces, stops them."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable

from foreworld.core.errors import ForeworldError
from foreworld.launch.base import AbstractHandle, AbstractLauncher, AbstractWork

RETRIES = 3
"""How often workers that were lost and came to nothing are replaced."""
_PAUSE = 0.1
_PATIENCE = 60.0
"""Seconds that workers without work have to end by themselves."""


class Crew:
    """The workers of one coordinator, which is the process that supervises them.

    Parameters
    ----------
    launcher
        Where they run.
    work
        What they do.
    size
        How many work at the same time.
    say
        Told in a line why a worker is lost.
    """

    def __init__(
        self,
        launcher: AbstractLauncher,
        work: AbstractWork,
        size: int,
        say: Callable[[str], None],
    ) -> None:
        self._launcher, self._work, self._size, self._say = launcher, work, size, say
        # Each with how far the work was when it began.
        self._workers: list[tuple[AbstractHandle, Hashable]] = []
        self._failed: list[AbstractHandle] = []
        self._hired, self._retries = 0, RETRIES

    def run(self) -> None:
        """Keep workers going until nothing of the work is open.

        Workers of an earlier command go on. A lost worker is replaced. That costs a
        retry only if the work made no progress in its time: so work may outlast any
        number of time limits, and a failure that repeats still ends. A worker that ends
        with an error of its own would fail again and is not replaced. At the end all
        others are stopped; if the coordinator is interrupted, those that are meant to
        outlive it go on.

        Raises
        ------
        ForeworldError
            No worker is left for what is open, or the work was cancelled.
        """
        if not self._work.num_open():
            return
        try:
            found = self._launcher.adopt(self._work.task)
            self._add(found, self._work.mark())
            if found:
                self._say(f"{len(found)} workers of an earlier command are still there")
            self._supervise()
            self._dismiss()
        except ForeworldError:
            self._stop(interrupted=False)
            raise
        except BaseException:
            self._stop(interrupted=True)
            raise
        self._stop(interrupted=False)

    def _supervise(self) -> None:
        while num_open := self._work.num_open():
            self._work.look()
            self._look()
            hopeless = self._retries < 0
            # Failed by an error of their own, so their places are not filled again.
            by_themselves = sum(not handle.lost() for handle in self._failed)
            wanted = min(self._size - by_themselves, num_open)
            busy = len(self._workers)
            if hopeless or (not busy and wanted < 1):
                raise ForeworldError(
                    f"{len(self._failed)} of {self._hired} workers failed and "
                    f"{self._work.task.path} is not complete. What is finished is "
                    f"kept: run the same command again. One of them said: "
                    f"{self._failed[-1].error().strip()}"
                )
            # Pieces may be held by workers of other coordinators, or by workers that
            # are not known here; a new worker would find nothing to do.
            count = min(wanted - busy, self._work.num_free()) if busy < wanted else 0
            if count > 0:
                mark = self._work.mark()
                self._add(self._launcher.submit([self._work.task] * count), mark)
                for handle, _ in self._workers:
                    handle.run()
            else:
                time.sleep(_PAUSE)

    def _look(self) -> None:
        """Sort out the workers that have ended, and how."""
        seen = [(*worker, worker[0].state()) for worker in self._workers]
        self._workers = [(h, b) for h, b, now in seen if now in ("waiting", "running")]
        failed = [(handle, begun) for handle, begun, now in seen if now == "failed"]
        mark = self._work.mark() if failed else None
        for handle, begun in failed:
            self._failed.append(handle)
            if handle.lost():
                self._retries -= begun == mark
                self._say(f"lost: {handle.error().partition(chr(10))[0]}")

    def _dismiss(self) -> None:
        """No work is left: cancel workers that wait, and let the others end."""
        for handle, _ in self._workers:
            if handle.state() == "waiting":
                handle.cancel()
        deadline = time.monotonic() + _PATIENCE
        self._look()
        while self._workers and time.monotonic() < deadline:
            time.sleep(_PAUSE)
            self._look()

    def _stop(self, interrupted: bool) -> None:
        for handle, _ in self._workers:
            handle.leave() if interrupted else handle.cancel()

    def _add(self, handles: list[AbstractHandle], mark: Hashable) -> None:
        self._workers += [(handle, mark) for handle in handles]
        self._hired += len(handles)

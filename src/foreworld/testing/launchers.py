"""Public contract check of launchers: ``check_launcher(MyLauncher(), folder)``."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from foreworld.core.errors import ForeworldError
from foreworld.core.parts import config
from foreworld.launch.base import AbstractHandle, AbstractLauncher, Task
from foreworld.testing.checks import require

TOUCH = "foreworld.testing.launchers:touch"
FAIL = "foreworld.testing.launchers:fail"
LINGER = "foreworld.testing.launchers:linger"
_DONE, _BEAT, _STOP = "done.txt", "beat.txt", "stop.txt"
_MOMENT = 1.0
"""Seconds in which a task that still runs would have written its file."""
_MESSAGE = "this task was told to fail"


def touch(folder: Path) -> None:
    """A task that leaves a file in its folder."""
    (folder / _DONE).write_text("done\n")


def fail(folder: Path) -> None:
    """A task that fails.

    Raises
    ------
    ForeworldError
        Always.
    """
    raise ForeworldError(f"{_MESSAGE} in {folder.name}")


def linger(folder: Path) -> None:
    """A task that would run for an hour; it writes a file ten times a second."""
    for beat in range(36_000):
        if (folder / _STOP).exists():
            return
        (folder / _BEAT).write_text(f"{beat}\n")
        time.sleep(0.1)


def check_launcher(
    launcher: AbstractLauncher, folder: Path, patience: float = 120.0
) -> None:
    """Check that a launcher runs tasks, reports their end and says why one failed.

    One that would run for an hour is cancelled, and has to stop.

    Parameters
    ----------
    launcher
        Any launcher that can start tasks on this machine now.
    folder
        An empty folder to work in.
    patience
        Seconds to wait for the tasks.

    Raises
    ------
    CheckError
        Names the rule that is broken.
    """
    name = type(launcher).__name__
    again = config.from_json(config.to_json(launcher))
    require(again == launcher, f"{name}: JSON does not give the same launcher back.")
    require(launcher.num_workers >= 1, f"{name}.num_workers must be at least 1.")
    require(launcher.num_threads >= 0, f"{name}.num_threads must not be negative.")
    launcher.check()
    folders = [folder / str(i) for i in range(3)]
    for place in folders:
        place.mkdir(parents=True)
    tasks = [Task(TOUCH, folders[0]), Task(FAIL, folders[1]), Task(TOUCH, folders[2])]
    handles = launcher.submit(tasks)
    require(len(handles) == 3, f"{name}: 3 tasks gave {len(handles)} handles.")
    for handle in handles:
        handle.run()
    deadline = time.monotonic() + patience
    while True:
        states = [handle.state() for handle in handles]
        if not {"waiting", "running"} & set(states) or time.monotonic() >= deadline:
            break
        time.sleep(0.05)
    wanted = ["done", "failed", "done"]
    require(states == wanted, f"{name}: tasks ended as {states} instead of {wanted}.")
    for place in (folders[0], folders[2]):
        require((place / _DONE).exists(), f"{name}: a task is done but did nothing.")
    require(handles[0].error() == "", f"{name}: error() of a task that is done.")
    require(
        _MESSAGE in handles[1].error(),
        f"{name}: error() must say why a task failed, got {handles[1].error()!r}.",
    )
    require(
        not any(handle.lost() for handle in handles),
        f"{name}: lost() of a task that ended by itself.",
    )
    left = [handle for task in tasks for handle in launcher.adopt(task)]
    require(not left, f"{name}.adopt finds tasks that have ended.")
    for handle in handles:
        handle.leave()
        handle.cancel()
    states = [handle.state() for handle in handles]
    require(states == wanted, f"{name}: cancel changed tasks that had ended: {states}.")
    _check_cancel(launcher, folder / "cancel", patience)


def _check_cancel(launcher: AbstractLauncher, place: Path, patience: float) -> None:
    """Whether cancel ends a task: one that runs, or waits for this process."""
    name, beat = type(launcher).__name__, place / _BEAT
    place.mkdir()
    (handle,) = launcher.submit([Task(LINGER, place)])
    by_itself = type(handle).run is AbstractHandle.run
    try:
        if by_itself:
            _wait(beat.exists, patience)
            require(beat.exists(), f"{name}: a task did not begin in {patience:g} s.")
        handle.cancel()
        if not by_itself:
            (place / _STOP).touch()
            handle.run()
            require(not beat.exists(), f"{name}: a task ran after its cancel().")
        _wait(lambda: handle.state() not in ("waiting", "running"), patience)
        state = handle.state()
        require(
            state == "cancelled",
            f"{name}: a task is {state!r} after its cancel() instead of 'cancelled'.",
        )
        if by_itself:
            before = beat.read_text()
            time.sleep(_MOMENT)
            require(
                beat.read_text() == before,
                f"{name}: a task goes on after its cancel(), which has to stop it.",
            )
    finally:
        # A task that nothing stopped ends by itself.
        (place / _STOP).touch()


def _wait(until: Callable[[], bool], patience: float) -> None:
    deadline = time.monotonic() + patience
    while not until() and time.monotonic() < deadline:
        time.sleep(0.05)

"""Public contract check of launchers: ``check_launcher(MyLauncher(), folder)``."""

from __future__ import annotations

import time
from pathlib import Path

from foreworld.core.errors import ForeworldError
from foreworld.core.parts import config
from foreworld.launch.base import AbstractLauncher, Task
from foreworld.testing.checks import require

TOUCH = "foreworld.testing.launchers:touch"
FAIL = "foreworld.testing.launchers:fail"
_DONE = "done.txt"
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


def check_launcher(
    launcher: AbstractLauncher, folder: Path, patience: float = 120.0
) -> None:
    """Check that a launcher runs tasks, reports their end and says why one failed.

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

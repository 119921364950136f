"""Opens runs at a tracker so that its failures cannot hold up or break a training.

A study's folder remembers its tracker in ``tracker.json`` (not part of the results), so
that worker processes log to the same place.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from foreworld.core import registry
from foreworld.core.disk.folder import read_json, write_json
from foreworld.core.errors import ConfigError
from foreworld.core.own.in_parts import remember_code
from foreworld.core.parts.config import from_dict, to_dict
from foreworld.track.base import (
    AbstractTrace,
    AbstractTracker,
    Curves,
    Steps,
    not_installed,
)
from foreworld.track.off import Off, OffTrace

TRACKER = "tracker.json"
"""File of a study's folder that names its tracker."""


def remember_tracker(folder: Path, tracker: AbstractTracker) -> None:
    """Write which tracker the runs of a folder log to.

    Parameters
    ----------
    folder
        Folder of a study.
    tracker
        Stored with its fields, so that workers log to the same place.
    """
    remember_code(tracker)
    write_json(folder / TRACKER, to_dict(tracker))


def recall_tracker(folder: Path) -> AbstractTracker:
    """The tracker of a folder's runs; none where nothing is written."""
    path = folder / TRACKER
    if not path.exists():
        return Off()
    found = from_dict(read_json(path))
    if isinstance(found, AbstractTracker):
        return found
    raise ConfigError(f"{path} names no tracker but {found!r}. Delete it.")


def make_tracker(name: str) -> AbstractTracker:
    """A tracker by name with its default fields.

    Raises
    ------
    UnknownNameError
        No tracker has that name.
    ConfigError
        The package that it needs is not installed.
    """
    tracker = registry.find("track", name)()
    if tracker.package and importlib.util.find_spec(tracker.package) is None:
        raise not_installed(name, tracker.package)
    return tracker


def open_run(
    tracker: AbstractTracker,
    project: str,
    run: str,
    config: Mapping[str, Any],
    resumed: bool,
) -> AbstractTrace:
    """A trace whose failures become one warning; the training goes on without it.

    Parameters
    ----------
    tracker
        Where to log.
    project, run
        Names of the project and of the run there.
    config
        Configuration as plain JSON values.
    resumed
        Whether earlier points of that run are kept.

    Raises
    ------
    ConfigError
        The tracker cannot be used here at all (not installed): say so before the work.
    """
    try:
        return SafeTrace(tracker.start(project, run, config, resumed), run)
    except ConfigError:
        raise
    except Exception as error:
        _warn(run, error)
        return OffTrace()


class SafeTrace(AbstractTrace):
    """Passes points on until the tracker fails once; then keeps quiet.

    Parameters
    ----------
    trace
        The tracker's own trace.
    run
        Name of the run, for the warning.
    """

    def __init__(self, trace: AbstractTrace, run: str) -> None:
        self._trace, self._run = trace, run
        self._broken = False

    def log(self, steps: Steps, metrics: Curves) -> None:
        """Pass points on."""
        self._try(lambda: self._trace.log(steps, metrics))

    def finish(self) -> None:
        """Close the run."""
        self._try(self._trace.finish)

    def _try(self, work: Callable[[], None]) -> None:
        if self._broken:
            return
        try:
            work()
        except Exception as error:
            self._broken = True
            _warn(self._run, error)


def _warn(run: str, error: Exception) -> None:
    warnings.warn(
        f"the tracker failed for {run} ({type(error).__name__}: {error}). The training "
        f"goes on; its curves are in the results.",
        RuntimeWarning,
        stacklevel=3,
    )

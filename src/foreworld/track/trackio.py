"""Trackio, the embedded default: curves in one SQLite file a project, on this machine.

Source: https://github.com/gradio-app/trackio (Apache-2.0), API of wandb.

Only Trackio's storage layer is used, in bulk. Its ``init`` would ask
the Hugging Face hub for a user name when a token lies about, upload to a Space when
``TRACKIO_SPACE_ID`` is set, and start a thread a run; none of that happens here. The
files are those that ``trackio show`` reads: ``TRACKIO_DIR`` where it is set, otherwise
``runs/.trackio`` of the working folder or of ``FOREWORLD_HOME``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foreworld.core.disk.places import runs_folder
from foreworld.track.base import AbstractTrace, AbstractTracker, Curves, Steps, rows

WRITE_EVERY = 5.0
"""Seconds between two writes of a run: a transaction takes about 7 ms."""


class Trackio(AbstractTracker):
    """Logs to Trackio's local store. No network, no server, no thread."""

    def start(
        self, project: str, run: str, config: Mapping[str, Any], resumed: bool
    ) -> AbstractTrace:
        """Open a run in the local store."""
        # Read by trackio when it is imported, once a process.
        os.environ["TRACKIO_DIR"] = str(folder())
        from trackio.sqlite_storage import SQLiteStorage as storage

        if not resumed and storage.get_project_db_path(project).exists():
            storage.delete_run(project, run, run_id=run)
        return TrackioTrace(storage, project, run, dict(config))


class TrackioTrace(AbstractTrace):
    """One run in the local store.

    Parameters
    ----------
    storage
        Trackio's storage class (``SQLiteStorage``).
    project, run
        Names of the project and of the run there.
    config
        Configuration as plain JSON values, written with the first points.
    """

    def __init__(
        self, storage: Any, project: str, run: str, config: dict[str, Any]
    ) -> None:
        self._storage = storage
        self._project, self._run = project, run
        self._config: dict[str, Any] | None = config
        self._waiting: list[tuple[int, dict[str, float]]] = []
        self._written = time.monotonic()

    def log(self, steps: Steps, metrics: Curves) -> None:
        """Add points; they are written together, at most every few seconds."""
        self._waiting += rows(steps, metrics)
        if time.monotonic() - self._written >= WRITE_EVERY:
            self._write()

    def finish(self) -> None:
        """Write the points that wait."""
        self._write()

    def _write(self) -> None:
        points, self._waiting = self._waiting, []
        self._written = time.monotonic()
        if not points:
            return
        self._storage.bulk_log(
            project=self._project,
            run=self._run,
            # The name is the identity, so that a resumed run finds itself.
            run_id=self._run,
            metrics_list=[values for _, values in points],
            steps=[step for step, _ in points],
            # A step's id makes the store skip what a repeated segment logs again.
            log_ids=[f"{self._run}:{step}" for step, _ in points],
            config=self._config,
        )
        self._config = None


def folder() -> Path:
    """Where the local store keeps its files."""
    if "TRACKIO_DIR" in os.environ:
        return Path(os.environ["TRACKIO_DIR"])
    return runs_folder() / ".trackio"

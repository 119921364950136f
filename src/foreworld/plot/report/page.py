"""``report``: a self-contained HTML page on one or several studies."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from foreworld.core.disk.folder import write_bytes
from foreworld.core.disk.outputs import check_apart
from foreworld.core.errors import ConfigError
from foreworld.plot.report.gather import gather
from foreworld.plot.report.layout import lay_out
from foreworld.sweeps.folder import StudyFolder
from foreworld.sweeps.plan.prepare import PAGE


def follow(
    studies: Sequence[StudyFolder], out: str | Path, every: float = 5.0
) -> Iterator[Path]:
    """Write the page again and again until all studies are finished.

    Parameters
    ----------
    studies
        Folders of studies or runs.
    out
        The HTML file.
    every
        Seconds between two pages; an open one loads the newer by itself.

    Yields
    ------
    Path
        The file, each time it was written; the last one does not refresh itself.
    """
    while True:
        # Looked at before the page is made: the last page then shows everything.
        done = all(study.finished for study in studies)
        yield report(studies, out, None if done else every)
        if done:
            return
        time.sleep(every)


def report(
    studies: StudyFolder | str | Path | Sequence[StudyFolder | str | Path],
    out: str | Path,
    refresh: float | None = None,
) -> Path:
    """Write a page that needs no other file and no network.

    Parameters
    ----------
    studies
        Folders of studies or runs, finished or not, in the order of the page.
    out
        The HTML file.
    refresh
        Seconds after which the page loads itself again; never by default.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DamagedError
        A folder holds no study, or a file was altered.
    OccupiedError
        The file would lie among those of a data set or a run.
    StorageError
        The file cannot be written.
    """
    several = [studies] if isinstance(studies, StudyFolder | str | Path) else studies
    if not several:
        raise ConfigError("there is no study to report on: name at least one.")
    contents = [gather(study) for study in several]
    made_by = f"Made by foreworld {version('foreworld')} with jax {version('jax')}."
    path = Path(out)
    check_apart(path, (PAGE,))
    write_bytes(path, lay_out(contents, made_by, refresh).encode())
    return path

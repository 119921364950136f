"""Runs studies and experiments: starts workers, watches them, seals the result."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

from foreworld.core import compilation, registry
from foreworld.core.disk.folder import CONFIG, MANIFEST, lease, remove, seal
from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.launch._crew import RETRIES, Crew
from foreworld.launch.base import AbstractLauncher, Resources, Task
from foreworld.launch.here import Here
from foreworld.launch.processes import Processes
from foreworld.launch.slurm._jobs import stop_jobs
from foreworld.sweeps.folder import StudyFolder
from foreworld.sweeps.plan.estimate import Before, estimate
from foreworld.sweeps.plan.plan import Plan, describe
from foreworld.sweeps.plan.prepare import LOCK, PLAN, folder_of, prepare, read_plan
from foreworld.sweeps.run.cancel import (
    CHUNK_LOCK,
    begin,
    coordinating,
    stop_if_cancelled,
)
from foreworld.sweeps.run.follow import following
from foreworld.sweeps.run.work import (
    ENTRY,
    ERROR,
    finished,
    why_failed,
    work_on,
)
from foreworld.sweeps.study.find import load_study
from foreworld.sweeps.study.study import Study, single
from foreworld.track._open import remember_tracker
from foreworld.track.base import AbstractTracker
from foreworld.train import checkpoint
from foreworld.train.loop import RESULTS
from foreworld.train.parameters import Parameters

_LOOK, _SHOW = 0.1, 0.5


def sweep(
    study: Study | StudyFolder | str | Path,
    *,
    out: str | Path | None = None,
    launcher: AbstractLauncher | str | None = None,
    workers: int | None = None,
    width: int | None = None,
    tracker: AbstractTracker | None = None,
    chunk: int | None = None,
    force: bool = False,
    quiet: bool = False,
) -> StudyFolder:
    """Do what is missing of a study; killed at any moment, the same call goes on.

    Returns the finished study's folder.

    Parameters
    ----------
    study
        A study, its file, its name, or its folder.
    out
        Folder; by default ``runs/<name>-<hash>-s<seed>``.
    launcher, workers
        Where workers run and how many: by default in this process, with ``workers``
        alone in processes of their own.
    width
        Runs in one program; by default chosen from the cores and the memory.
    tracker
        Where curves go meanwhile; by default nowhere.
    chunk
        Do only this chunk, here (see :func:`foreworld.sweeps.run.jobs.job_list`).
    force
        Delete what an earlier study left in the folder.
    quiet
        Print no progress.

    Raises
    ------
    OccupiedError
        The folder holds something else.
    CancelledError
        Somebody cancelled it; the same call goes on.
    ForeworldError
        Chunks failed; the others are finished, and the same call tries again.
    """
    study, out = _given(study, out)
    folder = folder_of(study, out)
    compilation.configure()
    chosen = _launcher(folder, launcher, workers, force)
    workers, threads = workers or chosen.num_workers, chosen.num_threads
    if chunk is None and (force or not (folder / MANIFEST).exists()):
        chosen.check(Resources())
    if force:
        stop_jobs(folder)
    settings = {"workers": workers, "threads": threads, "width": width}
    plan = prepare(study, folder, force=force, **settings)
    if tracker is not None:
        remember_tracker(folder, tracker)
    begin(folder, plan)
    if chunk is not None:
        work_on(folder, chunk)
    else:
        _do_all(study, folder, plan, chosen, quiet)
    finish(folder, plan)
    return StudyFolder(folder)


def run_experiment(
    parameters: Parameters,
    seeds: int = 1,
    *,
    name: str | None = None,
    **options: Any,
) -> StudyFolder:
    """Train one setting with some seeds: a study of one point.

    Parameters
    ----------
    parameters
        What to train.
    seeds
        Runs, with random numbers of their own.
    name
        By default ``<world>_<learner>``.
    **options
        Those of :func:`sweep`.
    """
    if not isinstance(parameters, Parameters):
        raise ConfigError(
            f"expected Parameters(...), got {parameters!r} "
            f"({type(parameters).__name__}). For a study there is fw.sweep."
        )
    return sweep(single(parameters, seeds, name), **options)


def finish(folder: Path, plan: Plan) -> bool:
    """Seal a study whose chunks are all finished; returns whether it is sealed."""
    places = [folder / chunk.folder_name for chunk in plan.chunks]
    if not all(finished(place) for place in places):
        return False
    with lease(folder / LOCK, math.inf):
        if not (folder / MANIFEST).exists():
            files = [CONFIG, PLAN]
            for chunk in plan.chunks:
                # A worker may have been killed between its seal and this.
                checkpoint.remove(folder / chunk.folder_name)
                names = (*RESULTS, MANIFEST)
                files += [f"{chunk.folder_name}/{name}" for name in names]
            seal(folder, files, {"kind": "study"})
    return True


def _given(study: Any, out: str | Path | None) -> tuple[Study, str | Path | None]:
    if isinstance(study, Study):
        return study, out
    if isinstance(study, StudyFolder):
        return study.study, study.path if out is None else out
    if not isinstance(study, str | Path):
        raise ConfigError(
            f"expected a study, its file, name or folder, got {study!r} "
            f"({type(study).__name__}). For Parameters there is fw.run_experiment."
        )
    if out is None and Path(study).is_dir():
        out = study
    return load_study(study), out


def _launcher(
    folder: Path,
    launcher: AbstractLauncher | str | None,
    workers: int | None,
    new: bool,
) -> AbstractLauncher:
    """The launcher asked for, else that of the plan, else the simplest."""
    if workers is not None and workers < 1:
        raise ConfigError(f"workers={workers} must be at least 1.")
    if isinstance(launcher, str):
        launcher = registry.find("launch", launcher)()
    if isinstance(launcher, AbstractLauncher):
        return launcher
    if workers is None and not new and (folder / PLAN).exists():
        plan = read_plan(folder)
        return Processes(workers=plan.workers) if plan.threads == 1 else Here()
    return Here() if workers in (None, 1) else Processes(workers=workers)


def _do_all(
    study: Study, folder: Path, plan: Plan, launcher: AbstractLauncher, quiet: bool
) -> None:
    """Have every missing chunk done; those that failed before are tried again."""
    before = Before(folder, plan)
    if not quiet:
        expected = estimate(study, plan, folder)
        tail = f"\n  {expected}" if expected is not None else ""
        print(f"{study.name}: {describe(plan)}{tail}\n{folder}", file=sys.stderr)
    for part in plan.chunks:
        remove(folder / part.folder_name / ERROR)
    with coordinating(folder), following(folder, plan, quiet) as say:
        _supervise(folder, plan, launcher, say)
    _report_failures(folder, plan)
    if not quiet:
        print(before.reused(), file=sys.stderr)


def _supervise(
    folder: Path, plan: Plan, launcher: AbstractLauncher, say: Callable[[str], None]
) -> None:
    """Keep workers going until every chunk is finished or has failed."""
    task = Task(ENTRY, folder.resolve())
    with Crew(launcher, task, lambda: _mark(folder, plan), say) as crew:
        while True:
            stop_if_cancelled(folder)
            open_chunks = _open_chunks(folder, plan)
            if not open_chunks:
                return
            failed = crew.look()
            if crew.retries < 0:
                raise ForeworldError(
                    f"workers failed {RETRIES + 1} times, giving up: "
                    f"{failed[-1].error()}\nWhat is finished is kept in {folder}; "
                    f"the same command goes on."
                )
            wanted = min(launcher.num_workers, len(open_chunks))
            unclaimed = [place for place in open_chunks if not _claimed(place)]
            if crew.busy < wanted and unclaimed:
                crew.hire(min(wanted - crew.busy, len(unclaimed)))
                # Where work is done at once, nothing is left to wait for.
                continue
            time.sleep(_LOOK)


def _mark(folder: Path, plan: Plan) -> Hashable:
    """How far the study is: which chunks are finished, the others' checkpoints."""
    marks = []
    for chunk in plan.chunks:
        place = folder / chunk.folder_name
        newest = next(checkpoint.checkpoints(place), None)
        marks.append((finished(place), newest))
    return tuple(marks)


def _open_chunks(folder: Path, plan: Plan) -> list[Path]:
    places = [folder / chunk.folder_name for chunk in plan.chunks]
    return [p for p in places if not finished(p) and not (p / ERROR).exists()]


def _claimed(place: Path) -> bool:
    with lease(place / CHUNK_LOCK) as mine:
        return not mine


def _report_failures(folder: Path, plan: Plan) -> None:
    places = [folder / chunk.folder_name for chunk in plan.chunks]
    failed = [place for place in places if (place / ERROR).exists()]
    if failed:
        raise ForeworldError(
            f"{len(failed)} of {len(places)} chunks failed, the others are finished. "
            f"The first: {why_failed(failed[0])} (see {failed[0] / ERROR}). The same "
            f"command tries again."
        )

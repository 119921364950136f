"""Runs studies and experiments: starts workers, watches them, seals the result."""

from __future__ import annotations

import math
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from foreworld.core import compilation, registry
from foreworld.core.disk.folder import CONFIG, MANIFEST, remove, seal
from foreworld.core.disk.lease import held, lease
from foreworld.core.disk.life import at_work, tidy
from foreworld.core.disk.seals import vouch
from foreworld.core.errors import ConfigError, DamagedError, ForeworldError
from foreworld.core.own.in_parts import remember_code
from foreworld.core.own.made_with import beside, check_choice
from foreworld.core.own.versions import say_versions
from foreworld.core.plain import say
from foreworld.launch._crew import Crew
from foreworld.launch.base import AbstractLauncher, AbstractWork, Task
from foreworld.launch.here import Here
from foreworld.launch.processes import Processes
from foreworld.launch.slurm._jobs import stop_jobs
from foreworld.sweeps.folder import StudyFolder, locate
from foreworld.sweeps.plan.estimate import Before, estimate
from foreworld.sweeps.plan.plan import Chunk, Plan, describe
from foreworld.sweeps.plan.prepare import (
    LOCK,
    PLAN,
    chunk_lock,
    confirm,
    names_of,
    prepare,
    read_plan,
)
from foreworld.sweeps.plan.starts import told_starts
from foreworld.sweeps.results.failures import account, failures
from foreworld.sweeps.run.cancel import begin, stop_if_cancelled
from foreworld.sweeps.run.follow import following
from foreworld.sweeps.run.work import ENTRY, ERROR, finished, why_failed, work_on
from foreworld.sweeps.study.study import Study, single
from foreworld.track._open import remember_tracker
from foreworld.track.base import AbstractTracker
from foreworld.train import checkpoint
from foreworld.train.loop import METRICS, read_history, results_in
from foreworld.train.parameters import Parameters


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
    again: bool = False,
    go_on: bool = False,
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
    again
        Where a folder was begun with other code, versions or settings, train anew in
        one beside it (``...-2``).
    go_on
        Go on with such a folder as it is.
    quiet
        Print no progress; failed runs are said all the same.

    Raises
    ------
    OccupiedError
        The folder holds something else.
    ChangedError
        It was begun with other code, versions or settings; ``again`` and ``go_on``
        decide what becomes of it.
    CancelledError
        It was cancelled; the same call goes on.
    ForeworldError
        Chunks failed; the others are finished, and the same call tries again.
    """
    check_choice(again, go_on)
    study, folder = locate(study, out)
    remember_code(study)
    if again:
        folder = beside(folder, study, {"folder": study.folder_name})
    compilation.configure()
    chosen = _launcher(folder, launcher, workers, force)
    workers, threads = workers or chosen.num_workers, chosen.num_threads
    if chunk is None and (force or not (folder / MANIFEST).exists()):
        chosen.check()
    stopping = force and stop_jobs(folder) > 0
    settings = {"workers": workers, "threads": threads, "width": width}
    asked = {"force": force, "stopping": stopping, "go_on": go_on}
    plan = prepare(study, folder, **asked, **settings)
    if tracker is not None:
        remember_tracker(folder, tracker)
    begin(folder)
    with at_work(folder) as life:
        confirm(study, folder, plan)
        if chunk is not None:
            work_on(folder, life, chunk)
        else:
            _do_all(study, folder, plan, chosen, quiet)
        life.go_on()
        sealed = finish(folder, plan)
    if sealed:
        tidy(folder)
    say_versions(folder)
    num_runs = plan.num_runs if chunk is None else len(plan.chunks[chunk].runs)
    failed = failures(folder, plan, chunk)
    if said := account(failed, num_runs, study):
        say(said)
    return StudyFolder(folder)


def run_experiment(
    parameters: Parameters, seeds: int = 1, *, name: str | None = None, **options: Any
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
    """Seal a study whose chunks are all finished; returns whether it is sealed.

    Parameters
    ----------
    folder
        Of the study.
    plan
        The study's plan.
    """
    places = [folder / chunk.folder_name for chunk in plan.chunks]
    if not all(finished(place) for place in places):
        return False
    with lease(folder / LOCK, math.inf):
        if not (folder / MANIFEST).exists():
            files = [CONFIG, PLAN]
            for chunk in plan.chunks:
                # A worker may have been killed between its seal and this.
                checkpoint.remove(folder / chunk.folder_name)
                _check_own(folder, chunk)
                names = (*results_in(folder / chunk.folder_name), MANIFEST)
                files += [f"{chunk.folder_name}/{name}" for name in names]
            seal(folder, files, {"kind": "study"})
    return True


def _check_own(folder: Path, chunk: Chunk) -> None:
    """Refuse a finished chunk that another study, or another of its chunks, trained."""
    place = folder / chunk.folder_name
    try:
        vouch(place, METRICS)
        read_history(place, names_of(folder, chunk))
    except DamagedError as error:
        raise DamagedError(
            f"{error} Delete {place} and run the same command again: the chunk is "
            f"trained anew."
        ) from error


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
        tail = "".join(f"\n  {line}" for line in told_starts(study, plan))
        tail += f"\n  {expected}" if expected is not None else ""
        say(f"{study.name}: {describe(plan)}{tail}\n{folder}")
    places = [folder / chunk.folder_name for chunk in plan.chunks]
    for place in places:
        remove(place / ERROR)
    with following(folder, plan, quiet) as follow:
        Crew(launcher, Chunks(folder, plan), launcher.num_workers, follow).run()
    if failed := [place for place in places if (place / ERROR).exists()]:
        raise ForeworldError(
            f"{len(failed)} of {len(places)} chunks failed, the others are finished. "
            f"The first: {why_failed(failed[0])} (see {failed[0] / ERROR}). The same "
            f"command tries again."
        )
    if not quiet:
        say(before.reused())


class Chunks(AbstractWork):
    """The chunks of a study that are to be trained.

    Parameters
    ----------
    folder
        Of the study.
    plan
        The study's plan.
    """

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder, self._chunks = folder, plan.chunks

    @property
    def task(self) -> Task:
        """Train what is missing: one worker."""
        return Task(ENTRY, self._folder.resolve())

    def num_open(self) -> int:
        """Chunks that are neither finished nor have failed."""
        return len(self._open())

    def num_free(self) -> int:
        """Open chunks that no process trains."""
        return sum(not held(chunk_lock(self._folder, c)) for c in self._open())

    def mark(self) -> Hashable:
        """Which chunks are finished, and the newest checkpoints of the others."""
        places = [self._folder / chunk.folder_name for chunk in self._chunks]
        return tuple((finished(p), *checkpoint.checkpoints(p)[:1]) for p in places)

    def look(self) -> None:
        """Stop where the study was cancelled; :func:`following` shows how far it is."""
        stop_if_cancelled(self._folder)

    def _open(self) -> list[Chunk]:
        places = {c: self._folder / c.folder_name for c in self._chunks}
        return [
            chunk
            for chunk, place in places.items()
            if not finished(place) and not (place / ERROR).exists()
        ]

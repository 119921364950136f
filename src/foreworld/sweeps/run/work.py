"""Trains the unfinished chunks of a study: what a worker process runs."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from foreworld.core.callbacks import cause
from foreworld.core.disk.folder import MANIFEST, remove, seal, write_bytes
from foreworld.core.disk.lease import lease
from foreworld.core.disk.life import Life, ReplacedError, at_work
from foreworld.core.disk.notes import read_head
from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.core.own.files import own_frame
from foreworld.core.own.in_parts import demand_code
from foreworld.core.own.made_with import settle
from foreworld.core.parts.config import to_dict
from foreworld.core.plain import say
from foreworld.sweeps.plan.plan import Chunk, Plan, runs_of
from foreworld.sweeps.plan.prepare import chunk_lock, names_of, read_plan
from foreworld.sweeps.run.cancel import CancelledError, stop_if_cancelled
from foreworld.sweeps.study.find import read_study
from foreworld.sweeps.study.study import Point, Study
from foreworld.track._open import open_run, recall_tracker
from foreworld.track.base import AbstractTrace
from foreworld.train import checkpoint, rates
from foreworld.train.history import HEALTHY, History
from foreworld.train.loop import Update, read_history, results_in, train
from foreworld.train.parameters import Parameters
from foreworld.train.sources import score_of
from foreworld.train.timing import Timing

ENTRY = "foreworld.sweeps.run.work:work"
"""What launchers call."""
ERROR = "error.txt"


def work(folder: Path) -> None:
    """Train every chunk that is not finished and that no other process trains.

    A chunk that raises an error is recorded in its folder and skipped until the study
    is run again. Any number of workers may call this at the same time.

    Parameters
    ----------
    folder
        Of the study, with its plan.
    """
    with at_work(folder) as life:
        study, plan = read_study(folder), read_plan(folder)
        demand_code(study)
        settle(folder, study)
        points = study.points()
        for chunk in plan.chunks:
            place = folder / chunk.folder_name
            stop_if_cancelled(folder)
            if not finished(place) and not (place / ERROR).exists():
                _attempt(folder, life, study, plan, points, chunk)


def work_on(folder: Path, life: Life, index: int) -> None:
    """Train one chunk, unless it is finished or another process trains it.

    Parameters
    ----------
    folder
        Of the study, with its plan.
    life
        The one that this process works on.
    index
        Of the chunk.

    Raises
    ------
    ConfigError
        The plan has no such chunk.
    ForeworldError
        It failed.
    """
    study, plan = read_study(folder), read_plan(folder)
    demand_code(study)
    settle(folder, study)
    if not 0 <= index < len(plan.chunks):
        raise ConfigError(
            f"chunk {index} is not one of 0 to {len(plan.chunks) - 1} of {folder}."
        )
    chunk = plan.chunks[index]
    place = folder / chunk.folder_name
    remove(place / ERROR)
    if not finished(place):
        _attempt(folder, life, study, plan, study.points(), chunk)
    if (place / ERROR).exists():
        raise ForeworldError(f"chunk {index} failed: {why_failed(place)}")


def finished(place: Path) -> bool:
    """Whether a chunk is done and sealed."""
    return (place / MANIFEST).exists()


def why_failed(place: Path) -> str:
    """Why a chunk failed, in one line; empty if it did not."""
    text = read_head(place / ERROR).decode(errors="replace")
    return next(iter(text.strip().splitlines()), "")


def _account(error: Exception) -> str:
    """An error for people, in one line; below it the traceback where it is a fault."""
    error = cause(error)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if isinstance(error, ForeworldError):
        return " ".join(lines) + "\n"
    # The last line of the traceback will not do: it may be a note that JAX added.
    name = type(error).__name__
    first = f"{name}: {lines[0]}" if lines else name
    frame = own_frame(error)
    if frame is not None:
        first = f"{frame.filename}, line {frame.lineno}, in {frame.name}: {first}"
    return f"{first}\n\n{traceback.format_exc()}"


def _attempt(
    folder: Path,
    life: Life,
    study: Study,
    plan: Plan,
    points: Sequence[Point],
    chunk: Chunk,
) -> None:
    place = folder / chunk.folder_name
    with lease(chunk_lock(folder, chunk)) as mine:
        # Another worker may have finished it between the check and the lock.
        if not mine or finished(place):
            return
        try:
            _do(folder, life, study, plan, points, chunk)
        except (CancelledError, ReplacedError):
            raise
        except Exception as error:
            try:
                write_bytes(place / ERROR, _account(error).encode())
            except OSError:
                # The error cannot be recorded, so it must reach the coordinator.
                raise error from None


def _do(
    folder: Path,
    life: Life,
    study: Study,
    plan: Plan,
    points: Sequence[Point],
    chunk: Chunk,
) -> None:
    place, names = folder / chunk.folder_name, names_of(folder, chunk)
    group = plan.groups[chunk.group]
    first = points[chunk.runs[0][0]].parameters

    def remember(timing: Timing) -> None:
        size = len(chunk.runs), group.width
        rates.record(first, group.training, *size, plan.threads, timing)

    known = rates.find(first, group.width, plan.threads)
    resumed = bool(checkpoint.checkpoints(place))
    with contextlib.ExitStack() as stack:
        tracker, traces = recall_tracker(folder), []
        for point, seed in chunk.runs:
            name = f"{folder.name}-p{point}-s{seed}"
            fields = to_dict(points[point].parameters)
            traces.append(open_run(tracker, study.name, name, fields, resumed))
            stack.callback(traces[-1].finish)

        def watch(update: Update) -> None:
            # After every checkpoint, so that one that is cancelled leaves an estimate.
            remember(update.timing)
            if update.segment is not None:
                for row, trace in enumerate(traces):
                    _log(trace, row, update, update.segment)
            if update.segment == 0:
                _say_uncounted(first, update.history)
            stop_if_cancelled(folder)

        timing = train(
            runs_of(chunk, points),
            place,
            plan=group.training,
            width=group.width,
            watch=watch,
            names=names,
            life=life,
            update_s=known.seconds if known and known.exact else None,
        )
    remember(timing)
    history, _ = read_history(place, names)
    runs = [[point, seed] for point, seed in chunk.runs]
    info = {"kind": "chunk", "runs": runs, "failures": failures(chunk, history)}
    life.go_on()
    seal(place, results_in(place), info)
    checkpoint.remove(place)


def failures(chunk: Chunk, history: History) -> list[str]:
    """One line for each run of a chunk that failed.

    Parameters
    ----------
    chunk
        The chunk, with its runs in their order.
    history
        What its runs measured, ``(run, ...)``, padding left out.
    """
    pairs = zip(chunk.runs, history.failed.tolist(), strict=True)
    return [
        f"point {point} seed {seed}: nan at segment {segment}"
        for (point, seed), segment in pairs
        if segment != HEALTHY
    ]


def _say_uncounted(parameters: Parameters, history: History) -> None:
    """Say early that evaluations are too short to count anything."""
    learner, score = parameters.learner, history.val.get(score_of(parameters))
    sound = history.failed == HEALTHY
    nothing = score is not None and np.isnan(score.values()[""][sound]).all()
    if nothing and sound.any() and (said := learner.when_uncounted()):
        say(said)


def _log(trace: AbstractTrace, row: int, update: Update, segment: int) -> None:
    """Pass the newest segment of one run to its trace."""
    layout, history = update.plan.layout, update.history
    first = segment * layout.intervals_per_segment
    new = slice(first, first + layout.intervals_in(segment))
    for prefix, metrics, ends, part in (
        ("", history.train, layout.interval_ends(), new),
        ("val_", history.val, layout.segment_ends(), slice(segment, segment + 1)),
    ):
        found = {
            prefix + name: measured.values()[""][row, part]
            for name, measured in metrics.items()
        }
        curves = {n: curve.tolist() for n, curve in found.items() if curve.ndim == 1}
        trace.log(update.plan.steps_at(ends[part]).tolist(), curves)

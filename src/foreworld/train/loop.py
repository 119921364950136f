"""The one training loop: segments of updates, evaluation, checkpoints, resumption.

A chunk of runs is trained as one program. Killed at any moment and called again on the
same folder, it goes on from the last checkpoint and writes the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Key

from foreworld.core import compilation
from foreworld.core.disk.folder import make_folder, remove, write_json
from foreworld.core.disk.life import Life
from foreworld.core.errors import DamagedError
from foreworld.core.keys import pinned
from foreworld.core.leaves import SLASH
from foreworld.core.plain import say
from foreworld.learners.base import Budget, LearnerState
from foreworld.learners.metrics import Metrics
from foreworld.train import checkpoint, journal, transcripts
from foreworld.train._base import AT_END, AbstractProgram
from foreworld.train._program import make_program
from foreworld.train.history import (
    History,
    history_of,
    join_metrics,
    metrics_arrays,
    metrics_of,
    new_history,
)
from foreworld.train.lanes import Run, make_lanes, run_key
from foreworld.train.layout import Layout
from foreworld.train.memory import check_fits, enough_memory
from foreworld.train.pace import CHECKPOINT_S, Pace
from foreworld.train.parameters import Parameters
from foreworld.train.plan import TrainingPlan, plan_training
from foreworld.train.sources import given_parts, open_sources, source_of
from foreworld.train.timing import TIMING, Timing, clock

STATE, METRICS = "state.safetensors", "metrics.safetensors"
RESULTS = (STATE, METRICS)
"""Files that a finished chunk holds."""


class Update(NamedTuple):
    """What a watcher is told after each checkpoint.

    Attributes
    ----------
    segment
        The segment just finished, counted from 0; ``None`` after a checkpoint inside
        one.
    history
        Everything measured up to the last segment, padding left out.
    plan
        How the runs are trained.
    timing
        Where the time of this call went so far.
    """

    segment: int | None
    history: History
    plan: TrainingPlan
    timing: Timing


Watcher = Callable[[Update], None]


@pinned(wide=False)
def train(
    runs: Sequence[Run],
    folder: Path,
    *,
    plan: TrainingPlan | None = None,
    width: int | None = None,
    watch: Watcher | None = None,
    names: dict[str, Any] | None = None,
    life: Life | None = None,
    checkpoint_s: float = CHECKPOINT_S,
    update_s: float | None = None,
) -> Timing:
    """Train runs that share a static part, as one program, and write the results.

    Parameters
    ----------
    runs
        At least one.
    folder
        Gets ``state.safetensors``, ``metrics.safetensors``, transcripts of learners in
        Python and, unsealed, ``journal.jsonl`` and ``timing.json``. Its checkpoints are
        to be removed when it is sealed, and not before: a kill in between would cost
        everything.
    plan
        From :func:`plan_training`, made here if left out.
    width
        Runs in the program; missing ones repeat the last, and are dropped.
    watch
        Called after each checkpoint.
    names
        What the files that are written say that they belong to: JSON values.
    life
        Of the folder; in another one, nothing is written and no checkpoint counts.
    checkpoint_s
        Seconds of training between two checkpoints, at the most; there is one after
        each segment too. A learner that is not traceable gets one after each update.
        Results do not depend on it.
    update_s
        Seconds that an update of all runs takes, where that is known; by default the
        first calls are short and grow.

    Returns
    -------
    Timing
        Where the time of this call went.

    Raises
    ------
    ReplacedError
        The folder is in another life.
    """
    compilation.configure()
    make_folder(folder)
    num_runs, parameters = len(runs), runs[0].parameters
    lanes = make_lanes([*runs, *[runs[-1]] * ((width or num_runs) - num_runs)])
    sources = open_sources(parameters)
    plan = plan_training(parameters, sources) if plan is None else plan
    layout, timing, names = plan.layout, Timing(), names or {}
    mark = {**names, "layout": list(layout), "width": lanes.width}
    if life is not None:
        mark["life"] = life.number
    traceable = parameters.learner.traceable
    pace = Pace(checkpoint_s if traceable else 0.0, update_s)
    journal.write_line(folder, event="compile", segment=0, update=0)
    with enough_memory(lanes.width):
        program = make_program(lanes, sources, layout, traceable)
        journal.write_line(folder, event="ready", segment=0, update=0)
        timing.compile_s = program.compiled.seconds
        timing.programs = program.compiled.made
        timing.programs_reused = program.compiled.reused
        # What the sources take is taken already.
        check_fits(program.num_bytes - sources.num_bytes, lanes.width)
        at = _resume(folder, program, mark, timing)
        transcripts.cut(folder, at.done)
        if at.done:
            # A process that was killed may have saved these updates without a word.
            _say_saved(folder, at.done, layout)
        while at.done < layout.num_updates:
            before = at.done
            at = _advance(folder, program, layout, pace, at, timing)
            segment = layout.segment_ending(at.done)
            if segment is not None:
                with clock(timing, "evaluate_s"):
                    val = program.evaluate(at.state, sources.val, segment)
                at = at.after_segment(segment, val)
            with clock(timing, "checkpoint_s"):
                if life is not None:
                    life.go_on()
                transcripts.extend(folder, program.lines[:num_runs])
                checkpoint.save(folder, at.done, at.arrays(), mark)
            _say_saved(folder, at.done, layout)
            timing.steps += (at.done - before) * plan.budget.steps_per_update * num_runs
            if watch is not None:
                watch(Update(segment, at.history.kept(num_runs), plan, timing))
        state, history = at.state, at.history
        with clock(timing, "evaluate_s"):
            test = program.evaluate(state, sources.test, AT_END)
    history = history.after_test(test).kept(num_runs)
    with clock(timing, "checkpoint_s"):
        if life is not None:
            life.go_on()
        transcripts.extend(folder, program.lines[:num_runs])
        kept = checkpoint.flatten(
            jax.tree.map(lambda leaf: leaf[:num_runs], state), "state"
        )
        checkpoint.write_arrays(folder / STATE, kept, names)
        info = {**names, "layout": list(layout), "budget": list(plan.budget)}
        checkpoint.write_arrays(folder / METRICS, history.arrays(), info)
    write_json(folder / TIMING, {**asdict(timing), "device": device_kind()})
    return timing


def results_in(folder: Path) -> list[str]:
    """Files of a chunk that is done, which are to be sealed.

    Parameters
    ----------
    folder
        Of the chunk.
    """
    return [*RESULTS, *transcripts.names_in(folder)]


def read_history(
    folder: Path, names: dict[str, Any] | None = None
) -> tuple[History, TrainingPlan]:
    """What the runs of a finished chunk measured.

    Parameters
    ----------
    folder
        Of the chunk.
    names
        What the file must say that it belongs to.

    Raises
    ------
    DamagedError
        The file is missing or altered, or belongs to something else.
    """
    arrays, info = checkpoint.read_arrays(folder / METRICS, names)
    plan = TrainingPlan(Layout(*info["layout"]), Budget(*info["budget"]))
    return history_of(arrays, folder / METRICS), plan


@pinned(wide=False)
def read_state(
    parameters: Parameters,
    folder: Path,
    index: int,
    names: dict[str, Any] | None = None,
) -> tuple[LearnerState, Any]:
    """The final state of one run of a finished chunk, and the source it learned from.

    Parameters
    ----------
    parameters
        Those that the run was trained with.
    folder
        Folder of the chunk.
    index
        Position of the run in the chunk, from 0.
    names
        What the file must say that it belongs to.

    Raises
    ------
    DamagedError
        The file is missing or altered, belongs to something else, or does not fit the
        parameters.
    """
    path = folder / STATE
    one = _row_of(folder, index, names)
    given = open_sources(parameters).train
    parameters = given_parts(parameters, given)
    # Any run's key will do: only the structure and the shapes of the state are used.
    learner, key = parameters.learner, run_key(parameters.seed, 0)

    def init(key: Key[Array, ""]) -> LearnerState:
        return learner.init(key, source_of(parameters, given, key))

    shapes = jax.eval_shape(init, key) if learner.traceable else init(key)
    state = checkpoint.unflatten(one, "state", shapes, path)
    source = source_of(parameters, given)
    return jax.tree.map(jax.numpy.asarray, state), source


def read_leaves(
    folder: Path, index: int, names: dict[str, Any] | None = None
) -> checkpoint.Arrays:
    """The final state of one run as leaves by name (``network/actor/0/bias``).

    Neither parameters nor code are needed for that; random keys are key data.

    Parameters
    ----------
    folder
        Folder of the chunk.
    index
        Position of the run in the chunk, from 0.
    names
        What the file must say that it belongs to.

    Raises
    ------
    DamagedError
        The file is missing or altered, or belongs to something else.
    """
    row = _row_of(folder, index, names)
    pairs = ((name.removeprefix("state"), array) for name, array in row.items())
    return {name.removeprefix(SLASH): array for name, array in pairs}


def _row_of(
    folder: Path, index: int, names: dict[str, Any] | None
) -> checkpoint.Arrays:
    """Arrays of one run in the file of final states."""
    arrays, _ = checkpoint.read_arrays(folder / STATE, names)
    return {name: np.asarray(array[index]) for name, array in arrays.items()}


def device_kind() -> str:
    """What programs run on here."""
    return jax.devices()[0].platform


class _At(NamedTuple):
    """Where a training is: what a checkpoint holds.

    Attributes
    ----------
    done
        Updates done.
    state
        Stacked states of the learners.
    history
        What finished segments measured.
    open
        Training metrics of the segment under way, ``(run, interval, ...)``; of its last
        interval perhaps a part.
    broken
        Whether a run's state holds a NaN now, ``(run,)``; not in checkpoints, which
        ask only at a segment's end.
    """

    done: int
    state: LearnerState
    history: History
    open: Metrics
    broken: Any = None

    def after_segment(self, segment: int, val: Metrics) -> _At:
        """The same with the segment under way finished and evaluated."""
        history = self.history.after_segment(segment, self.open, val, self.broken)
        return self._replace(history=history, open={})

    def arrays(self) -> checkpoint.Arrays:
        """As arrays by flat name, for a file."""
        return {
            **checkpoint.flatten(self.state, "state"),
            **self.history.arrays(),
            **metrics_arrays(self.open, "open"),
        }


def _advance(
    folder: Path,
    program: AbstractProgram,
    layout: Layout,
    pace: Pace,
    at: _At,
    timing: Timing,
) -> _At:
    """Train until a checkpoint is due, at the latest to the end of the segment."""
    segment, due = at.done // layout.updates_per_segment, False
    end = int(layout.segment_ends()[segment])
    journal.write_line(folder, event="start", segment=segment, update=at.done)
    while not due and at.done < end:
        sums, whole = program.sums(), at.open
        if at.done % layout.updates_per_interval and whole:
            # The last interval is not over: what it measured is added to.
            sums = jax.tree.map(lambda leaf: leaf[:, -1], whole)
            whole = jax.tree.map(lambda leaf: leaf[:, :-1], whole)
        with clock(timing, "train_s"):
            last = at.done + pace.begin(end - at.done)
            state, new, broken = program.advance(at.state, sums, at.done, last)
            due = pace.end(last - at.done)
        at = _At(last, state, at.history, join_metrics(whole, new), broken)
    pace.saved()
    return at


def _say_saved(folder: Path, done: int, layout: Layout) -> None:
    """Write into the journal that so many updates are saved."""
    segment = layout.segment_ending(done)
    if segment is None:
        inside = done // layout.updates_per_segment
        journal.write_line(folder, event="saved", segment=inside, update=done)
    else:
        journal.write_line(folder, event="done", segment=segment, update=done)


def _resume(
    folder: Path, program: AbstractProgram, mark: dict[str, Any], timing: Timing
) -> _At:
    """The newest checkpoint that is whole and of this training, else the beginning."""
    for path in checkpoint.checkpoints(folder):
        try:
            arrays, info = checkpoint.read_arrays(path, mark)
            state = checkpoint.unflatten(arrays, "state", program.shapes(), path)
            history = history_of(arrays, path)
            return _At(info["updates"], state, history, metrics_of(arrays, "open"))
        except DamagedError as error:
            say(f"{error} Going on from the one before.")
            remove(path)
    with clock(timing, "init_s"):
        return _At(0, program.init(), new_history(mark["width"]), {})

"""Gathers what a report says about a study from the study's folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from foreworld.core.errors import ForeworldError
from foreworld.core.parts.config import encode, flat, to_dict, to_json
from foreworld.core.parts.part import Part, field_specs
from foreworld.core.parts.stand_in import StandIn
from foreworld.core.plain import counted
from foreworld.core.progress import duration, number
from foreworld.learners.forward.base import AbstractForwardModel
from foreworld.plot._points import plain, swept, text
from foreworld.plot._style import words
from foreworld.plot.curves import MAX_LINES, curve_names
from foreworld.plot.horizon import BASELINES, horizon_names
from foreworld.plot.report._html import Table
from foreworld.plot.report.content import Content, Video
from foreworld.plot.video import prediction_video
from foreworld.sweeps.folder import StudyFolder
from foreworld.sweeps.results.before import joined
from foreworld.sweeps.results.gather import remarks
from foreworld.sweeps.results.selection import Best, measured
from foreworld.sweeps.results.statistics import student
from foreworld.train.parameters import part_name, source_name
from foreworld.train.sources import read_split
from foreworld.train.timing import read_timing

if TYPE_CHECKING:
    import xarray

MAX_CURVES = 7
"""Curves of a study on a page; the others are in the results."""
_SPENT = {
    "compile_s": "compiling, or loading compiled programs",
    "init_s": "initialising",
    "train_s": "training",
    "evaluate_s": "evaluating",
    "checkpoint_s": "writing checkpoints",
}


def gather(folder: str | Path | StudyFolder) -> Content:
    """The content of one study's section; unfinished studies say what is missing.

    Raises
    ------
    DamagedError
        The folder holds no study, or a file was altered.
    """
    study = folder if isinstance(folder, StudyFolder) else StudyFolder(folder)
    results = study.so_far
    winner = _best(study)
    num_points, num_seeds = results.sizes["point"], results.sizes["seed"]
    base = study.study.base
    budget = study.plan.groups[0].training.budget
    steps = study.plan.groups[0].training.steps_in_all
    lead = (
        f"{part_name(base.learner)} on {source_name(base)}: "
        f"{counted(num_points, 'point')} x {counted(num_seeds, 'seed')}, {steps:,} "
        f"{budget.step_name} a run, root seed {base.seed}. {study.path}"
    )
    shared = [
        [path, shown]
        for path, shown in _changed(base, "")
        if path not in ("data", "start")
        and not path.endswith((".identity", ".contents"))
    ]
    shared_caption = "What all points share, where it is not the default."
    chunks = [study.path / chunk.folder_name for chunk in study.plan.chunks]
    held_out = [n for n in horizon_names(results) if n.startswith("test_")]
    return Content(
        name=study.study.name,
        lead=lead,
        facts=_facts(study, results, winner),
        settings=Table(["field", "value"], shared, caption=shared_caption),
        points=_points(results, winner),
        results=joined(study),
        metrics=main_curves(results),
        horizons=[n for n in held_out if not any(b in n for b in BASELINES)],
        chosen=_chosen(results),
        video=study_video(study, winner),
        timing=_timing(chunks),
        problems=remarks(results),
        configuration=to_json(study.study),
    )


def main_curves(results: xarray.Dataset) -> list[str]:
    """Curves to show: those of the score first, then what training measured."""
    known = curve_names(results)
    score = str(results.attrs["score"])
    first = [name for name in (score, f"val_{score}") if name in known]
    rest = [n for n in known if n not in first and not n.startswith("val_")]
    rest = [n for n in rest if not any(baseline in n for baseline in BASELINES)]
    # The agents' scores of a game and losses tell more than what else is measured.
    rest.sort(key=lambda name: (not name.startswith(score), "loss" not in name))
    return [*first, *rest][:MAX_CURVES]


def study_video(study: StudyFolder, winner: Best | None = None) -> Video | None:
    """The best run of a forward model beside the truth; ``None`` for other learners.

    Parameters
    ----------
    study
        A study whose best run is finished.
    winner
        Its best point and run; ``None`` to look for them.
    """
    winner = _best(study) if winner is None else winner
    if winner is None:
        return None
    parameters = study.points[winner.point].parameters
    model = parameters.learner
    if not isinstance(model, AbstractForwardModel):
        return None
    source = read_split(parameters, "test")
    if source is None:
        return None
    state = study.state(winner.point, winner.seed)
    num = min(3, source.num_sequences)
    frames = prediction_video(model, state, source, num)
    return Video(frames, model.context_len, num)


def _best(study: StudyFolder) -> Best | None:
    try:
        return study.best()
    except ForeworldError:
        return None


def _facts(
    study: StudyFolder, results: Any, winner: Best | None
) -> list[tuple[str, str]]:
    done, plan = results["finished"].values, study.plan
    facts = [
        ("runs finished", f"{done.sum()} of {done.size}"),
        ("runs failed", str(results["failed"].values.sum())),
        ("programs", f"{len(plan.groups)} on {counted(plan.workers, 'worker')}"),
        ("device", plan.device),
    ]
    if winner is not None:
        rule = f"{winner.measure} of {words(winner.metric)}, best point"
        facts.insert(0, (rule, f"{winner.value:.4g}"))
    return facts


def _points(results: Any, winner: Best | None) -> Table:
    names, columns = swept(results), {}
    for measure in ("auc", "final"):
        try:
            values, metric = measured(results, measure)
        except ForeworldError:
            continue
        columns[f"{measure} of {words(metric)}"] = values
    head = ["point", *map(plain, names), *columns, "failed seeds"]
    rows: list[list[str | None]] = []
    failed = results["failed"].values.sum(axis=1)
    for point in range(results.sizes["point"]):
        row: list[str | None] = [str(point)]
        row += [text(results[name].values[point]) for name in names]
        for values in columns.values():
            kept = values[point][np.isfinite(values[point])]
            low, high = student(kept)
            spread = f" [{low:.4g}, {high:.4g}]" if np.isfinite(low) else ""
            row.append(f"{kept.mean():.4g}{spread}" if len(kept) else None)
        rows.append([*row, str(failed[point])])
    caption = (
        "Mean over seeds that did not fail [95 % Student interval of the mean]. The "
        "marked point is the best by the first measure."
    )
    best = None if winner is None else winner.point
    return Table(head, rows, frozenset(range(len(head))), best, caption)


def _chosen(results: Any) -> Sequence[int] | None:
    """The best points first; ``None`` where no point can be ranked."""
    try:
        values, _ = measured(results)
    except ForeworldError:
        return None
    kept = np.isfinite(values)
    sums = np.where(kept, values, 0.0).sum(axis=1)
    means = np.where(kept.any(axis=1), sums / np.maximum(kept.sum(axis=1), 1), -np.inf)
    order = np.argsort(-means, kind="stable")
    return [int(point) for point in order[:MAX_LINES]]


def _changed(part: Part, prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for spec in field_specs(type(part)):
        value, path = getattr(part, spec.name), f"{prefix}{spec.name}"
        if isinstance(value, Part):
            if spec.required or type(value) is not type(spec.default()):
                found.append((path, part_name(value)))
            found += _changed(value, f"{path}.")
        elif isinstance(value, StandIn):
            found.append((path, part_name(value)))
            inner = flat(to_dict(value), f"{path}.").items()
            found += [(p.removeprefix("learner."), str(x)) for p, x in inner]
        elif value is None or spec.kind == "data":
            continue
        elif spec.required or encode(spec.default()) != encode(value):
            found.append((path.removeprefix("learner."), str(value)))
    return found


def _timing(chunks: Sequence[Path]) -> Table | None:
    found = [timing for timing in map(read_timing, chunks) if timing is not None]
    if not found:
        return None
    spent = {name: sum(entry[name] for entry in found) for name in _SPENT}
    steps = sum(entry["steps"] for entry in found)
    made = sum(entry["programs"] for entry in found)
    reused = sum(entry["programs_reused"] for entry in found)
    rows = [[label, duration(spent[name])] for name, label in _SPENT.items()]
    work = spent["train_s"] + spent["evaluate_s"] + spent["checkpoint_s"]
    if work > 0:
        rows.append(["steps a second of one worker", number(steps / work)])
    rows.append(["programs taken from the cache", f"{reused} of {made}"])
    caption = "The last call on each chunk, all workers added up."
    return Table(["", ""], rows, frozenset({1}), caption=caption)

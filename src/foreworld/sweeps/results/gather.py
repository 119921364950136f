"""Gathers a study's finished runs into one array with named axes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from foreworld.core.disk.folder import MANIFEST, write_bytes
from foreworld.core.disk.outputs import check_apart
from foreworld.core.disk.seals import vouch
from foreworld.core.errors import DamagedError
from foreworld.core.own.versions import told_versions
from foreworld.core.parts.config import changes, to_json
from foreworld.core.parts.part import Part
from foreworld.core.parts.reference import AbstractRef
from foreworld.core.parts.stand_in import StandIn
from foreworld.core.plain import say
from foreworld.learners.metrics import axes_of, named
from foreworld.sweeps.plan.plan import Chunk, Plan
from foreworld.sweeps.plan.prepare import TABLE, names_of, read_plan
from foreworld.sweeps.results.failures import failures
from foreworld.sweeps.run.work import finished
from foreworld.sweeps.study.find import read_score, read_study, study_path
from foreworld.sweeps.study.study import Point, Study
from foreworld.train import checkpoint
from foreworld.train.history import HEALTHY, History, history_of
from foreworld.train.loop import read_history
from foreworld.train.parameters import full_path, part_name
from foreworld.train.plan import TrainingPlan

if TYPE_CHECKING:
    import xarray

HORIZON = "horizon"
"""Axis of metrics named ``*_by_horizon``: steps ahead, counted from 1."""
_PREFIX = {"train": "", "val": "val_", "test": "test_"}
_RESERVED = ("point", "seed", "step", "val_step", "horizon", "finished", "failed")
_AXIS = {"train": ("step",), "val": ("val_step",), "test": ()}
_Piece = tuple[Chunk, np.ndarray, np.ndarray]
"""A chunk, where on the x axis its measurements go, and their values by run."""


def results(
    study: Any,
    *,
    write: bool = True,
    out: str | Path | None = None,
    quiet: bool = False,
) -> xarray.Dataset:
    """All that a study has measured so far.

    Parameters
    ----------
    study
        A study, its folder, or what :func:`foreworld.sweep` returned.
    write
        Also put it into ``study.nc`` of the folder (HDF5, netCDF layout).
    out
        Another file for it, where the folder may not be written.
    quiet
        Do not say what is missing, nor that versions of code are mixed.

    Returns
    -------
    xarray.Dataset
        Axes ``point``, ``seed``, ``step`` (training curves) and ``val_step``
        (validation after each segment), ``horizon`` for metrics named ``*_by_horizon``,
        and so for any ``*_by_<axis>``.
        Variables: a training metric by its name, ``val_<metric>`` and
        ``test_<metric>``. Coordinates: every swept field by point, steps done, and for
        every run whether it is ``finished`` and whether it ``failed``, which
        :mod:`foreworld.sweeps.results.failures` defines.
        What is missing is NaN.

    Raises
    ------
    DamagedError
        A file of a finished chunk was altered; names it.
    OccupiedError
        ``out`` would lie among the files of a data set or a run.
    """
    folder = study_path(study)
    dataset = gather(folder)
    if not quiet:
        for line in remarks(dataset):
            say(line)
    if write:
        # In memory first: on a full disk HDF5 does not raise an ordinary OSError.
        path = folder / TABLE if out is None else Path(out)
        check_apart(path, (TABLE,))
        data = bytes(dataset.to_netcdf(None, engine="h5netcdf", format="NETCDF4"))
        write_bytes(path, data)
    return dataset


def remarks(dataset: xarray.Dataset) -> list[str]:
    """What to know of results: unfinished and failed runs, versions they mix."""
    lines = []
    done, broken = dataset["finished"].values, dataset["failed"].values
    open_ = ~done & ~broken
    if open_.any():
        some = [f"point {p} seed {s}" for p, s in np.argwhere(open_)[:5]]
        more = ", ..." if open_.sum() > 5 else ""
        lines.append(
            f"{open_.sum()} of {done.size} runs are not finished: "
            f"{', '.join(some)}{more}"
        )
    if broken.any():
        some = [f"point {p} seed {s}" for p, s in np.argwhere(broken)]
        lines.append(f"{broken.sum()} of {done.size} runs failed: {', '.join(some)}")
    if hint := dataset.attrs.get("uncounted", ""):
        lines.append(hint)
    if told := dataset.attrs.get("versions", ""):
        lines.append(f"The study {told}.")
    return lines


def gather(folder: Path, partial: bool = False) -> xarray.Dataset:
    """:func:`results` without writing or saying anything.

    Parameters
    ----------
    folder
        Of a study, with its plan.
    partial
        Also what unfinished chunks have measured up to their newest checkpoint.
    """
    import xarray

    study, plan = read_study(folder), read_plan(folder)
    points = study.points()
    shape = len(points), study.seeds
    ends = [_ends(group.training) for group in plan.groups]
    # Where on the x axis any of the groups has a point.
    steps = {
        split: np.unique(np.concatenate([e[split] for e in ends])) for split in _AXIS
    }
    done, broken = np.zeros(shape, bool), np.zeros(shape, bool)
    pieces: dict[tuple[str, str], list[_Piece]] = {}
    for chunk in plan.chunks:
        place, names = folder / chunk.folder_name, names_of(folder, chunk)
        vouch(folder, f"{chunk.folder_name}/{MANIFEST}")
        done_here = finished(place)
        found = read_history(place, names) if done_here else None
        if partial and not done_here:
            found = _history_so_far(place, names, chunk, plan)
        if found is None:
            continue
        history, training = found
        for split, at in _ends(training).items():
            where = np.searchsorted(steps[split], at)
            for metric, measured in getattr(history, split).items():
                for suffix, values in measured.values().items():
                    name = _PREFIX[split] + named(metric, suffix)
                    piece = chunk, where, values
                    pieces.setdefault((name, split), []).append(piece)
        rows = tuple(np.asarray(chunk.runs).T)
        done[rows], broken[rows] = done_here, history.failed != HEALTHY
    for run in failures(folder, plan):
        broken[run] = True
    coords: dict[str, Any] = {
        "point": np.arange(shape[0]),
        "seed": np.arange(shape[1]),
        "step": steps["train"],
        "val_step": steps["val"],
        "finished": (("point", "seed"), done),
        "failed": (("point", "seed"), broken),
    }
    variables = _variables(pieces, shape, steps)
    coords |= _columns(study, points)
    for dims, array in variables.values():
        sizes = dict(zip(dims, array.shape, strict=True))
        own = {axis: size for axis, size in sizes.items() if axis not in coords}
        # Steps ahead are counted from 1.
        coords |= {a: np.arange(n) + (a == HORIZON) for a, n in own.items()}
    attrs = {
        "study": study.name,
        "score": read_score(folder, study),
        "step_name": plan.groups[0].training.budget.step_name,
        "base": to_json(study.base),
    }
    dataset = xarray.Dataset(variables, coords, attrs)
    if told := told_versions(folder):
        dataset.attrs["versions"] = told
    if hint := _uncounted(dataset, study):
        dataset.attrs["uncounted"] = hint
    return dataset


def _uncounted(dataset: xarray.Dataset, study: Study) -> str:
    """What is to be changed where evaluations counted nothing; else empty."""
    sound = (dataset["finished"] & ~dataset["failed"]).values
    score = dataset.get(f"test_{dataset.attrs['score']}")
    if score is None or not sound.any() or not np.isnan(score.values[sound]).all():
        return ""
    learner: Any = study.base.learner
    return "" if isinstance(learner, StandIn) else learner.when_uncounted()


def _history_so_far(
    place: Path, names: dict[str, Any] | None, chunk: Chunk, plan: Plan
) -> tuple[History, TrainingPlan] | None:
    """What a chunk has measured up to its newest checkpoint that is whole."""
    paths = checkpoint.checkpoints(place)
    for path in paths:
        try:
            arrays, _ = checkpoint.read_arrays(path, names)
            history = history_of(arrays, path).kept(len(chunk.runs))
        except DamagedError:
            # Its worker may have replaced it by a newer one just now.
            continue
        return history, plan.groups[chunk.group].training
    # A worker may have put newer ones in the place of all of them meanwhile.
    changed = checkpoint.checkpoints(place) != paths
    return _history_so_far(place, names, chunk, plan) if changed else None


def _variables(
    pieces: dict[tuple[str, str], list[_Piece]],
    shape: tuple[int, int],
    steps: dict[str, np.ndarray],
) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """Arrays over all points and seeds; what was not measured is NaN."""
    tails: dict[tuple[str, str], tuple[int, ...]] = {}
    for (name, split), found in pieces.items():
        shapes = [rows.shape[1 + len(_AXIS[split]) :] for _, _, rows in found]
        tails[name, split] = tuple(map(max, zip(*shapes, strict=True)))
    named_axes = {key: _own_axes(key[0], len(tail)) for key, tail in tails.items()}
    longest: dict[str, int] = {}
    for key, tail in tails.items():
        for axis, size in zip(named_axes[key], tail, strict=True):
            longest[axis] = max(size, longest.get(axis, 0))
    variables = {}
    for (name, split), found in pieces.items():
        axes, dims = _AXIS[split], named_axes[name, split]
        tail = tuple(longest[axis] for axis in dims)
        lead = *shape, *(len(steps[split]) for _ in axes)
        array = np.full((*lead, *tail), np.nan, np.float32)
        for chunk, where, rows in found:
            inner = tuple(slice(0, size) for size in rows.shape[len(lead) - 1 :])
            # An unfinished chunk has measured the first of them only.
            at = (where[: rows.shape[1]],) if axes else ()
            for (point, seed), row in zip(chunk.runs, rows, strict=True):
                array[(point, seed, *at, *inner)] = row
        variables[name] = ("point", "seed", *axes, *dims), array
    return variables


def _own_axes(name: str, num: int) -> tuple[str, ...]:
    """Names of a metric's own axes, none of which is one of the table's."""
    taken = set(_RESERVED) - {HORIZON}
    return tuple(f"data_{a}" if a in taken else a for a in axes_of(name, num))


def _ends(training: TrainingPlan) -> dict[str, np.ndarray]:
    """Steps done at each point of the curves of a split."""
    return {
        "train": training.steps_at(training.layout.interval_ends()),
        "val": training.steps_at(training.layout.segment_ends()),
        "test": np.zeros(0, np.int64),
    }


def _columns(study: Study, points: list[Point]) -> dict[str, Any]:
    """The values of each swept field, by point."""
    columns = {}
    for key in study.swept:
        items = plain_values([point.fields[key] for point in points])
        if len({type(item) for item in items}) > 1:
            items = [str(item) for item in items]
        # The study's own name of the field, unless that is the name of an axis.
        name = full_path(key) if key in _RESERVED else key
        columns["root_seed" if key == "seed" else name] = "point", np.asarray(items)
    return columns


def swept(results: xarray.Dataset) -> list[str]:
    """Names of the swept hyperparameters, in the order of the study."""
    return [
        str(name)
        for name, array in results.coords.items()
        if array.dims == ("point",) and name != "point"
    ]


def plain_values(values: list[Any]) -> list[float | int | str | bool]:
    """Swept values as a column, parts of one kind told apart by their fields."""
    names = [plain(value) for value in values]
    several = [value for value in values if isinstance(value, Part | StandIn)]
    if len({plain(value) for value in several}) == len(set(map(to_json, several))):
        return names
    pairs = zip(names, values, strict=True)
    return [f"{n}{_told(v)}" if v in several else n for n, v in pairs]


def _told(part: Part | StandIn) -> str:
    """What tells a part from others of its kind."""
    fields = part.fields if isinstance(part, StandIn) else changes(part)
    return f"({', '.join(f'{path}={value}' for path, value in fields.items())})"


def plain(value: Any) -> float | int | str | bool:
    """A swept value as a table can hold it."""
    if isinstance(value, AbstractRef):
        return Path(value.path).name
    if isinstance(value, Part | StandIn):
        return part_name(value)
    return value if isinstance(value, bool | int | float | str) else str(value)

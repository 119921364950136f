"""Gathers a study's finished runs into one array with named axes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from foreworld.core.disk.folder import write_bytes
from foreworld.core.errors import DamagedError
from foreworld.core.parts.config import changes, content_hash, to_json
from foreworld.core.parts.part import Part
from foreworld.data.reading.reference import DataFolder
from foreworld.learners.base import Metrics
from foreworld.sweeps.plan.plan import Chunk, Plan
from foreworld.sweeps.plan.prepare import TABLE, read_plan
from foreworld.sweeps.run.work import finished
from foreworld.sweeps.study.find import read_study, study_path
from foreworld.sweeps.study.study import Point, Study
from foreworld.train import checkpoint
from foreworld.train.history import HEALTHY, History, history_of, values
from foreworld.train.loop import TrainingPlan, read_history
from foreworld.train.parameters import full_path, part_name

if TYPE_CHECKING:
    import xarray

BY_HORIZON = "_by_horizon"
"""Metrics whose name ends so have a last axis ``horizon``, counted from 1."""
_PREFIX = {"train": "", "val": "val_", "test": "test_"}
_RESERVED = ("point", "seed", "step", "val_step", "horizon", "finished", "failed")
_AXIS = {"train": ("step",), "val": ("val_step",), "test": ()}


def results(study: Any, *, write: bool = True, quiet: bool = False) -> xarray.Dataset:
    """All that a study has measured so far.

    Parameters
    ----------
    study
        A study, its folder, or what :func:`foreworld.sweep` returned.
    write
        Also put it into ``study.nc`` of the folder (HDF5, netCDF layout).
    quiet
        Do not say what is missing.

    Returns
    -------
    xarray.Dataset
        Axes ``point``, ``seed``, ``step`` (training curves) and ``val_step``
        (validation after each segment), ``horizon`` for metrics named ``*_by_horizon``.
        Variables: a training metric by its name, ``val_<metric>`` and
        ``test_<metric>``. Coordinates: every swept field by point, steps done, and for
        every run whether it is ``finished`` and whether it ``failed`` (turned NaN).
        What is missing is NaN.

    Raises
    ------
    DamagedError
        A file of a finished chunk was altered; names it.
    """
    folder = study_path(study)
    dataset = gather(folder)
    if not quiet:
        for line in missing(dataset):
            print(line, file=sys.stderr)
    if write:
        write_bytes(folder / TABLE, _as_netcdf(dataset))
    return dataset


def missing(dataset: xarray.Dataset) -> list[str]:
    """What a study lacks, in words: unfinished and failed runs."""
    lines = []
    done, broken = dataset["finished"].values, dataset["failed"].values
    if not done.all():
        some = [f"point {p} seed {s}" for p, s in np.argwhere(~done)[:5]]
        more = ", ..." if (~done).sum() > 5 else ""
        lines.append(
            f"{(~done).sum()} of {done.size} runs are not finished: "
            f"{', '.join(some)}{more}"
        )
    if broken.any():
        some = [f"point {p} seed {s}" for p, s in np.argwhere(broken)]
        lines.append(f"{broken.sum()} of {done.size} runs failed: {', '.join(some)}")
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
    table = _Table(shape, _steps(plan, "interval"), _steps(plan, "segment"))
    done, broken = np.zeros(shape, bool), np.zeros(shape, bool)
    for chunk in plan.chunks:
        place = folder / chunk.folder_name
        done_here = finished(place)
        found = read_history(place) if done_here else None
        if partial and not done_here:
            found = _history_so_far(place, chunk, plan)
        if found is None:
            continue
        history, training = found
        per_update = training.budget.steps_per_update
        ends = {
            "train": training.layout.interval_ends() * per_update,
            "val": training.layout.segment_ends() * per_update,
            "test": np.zeros(0, np.int64),
        }
        for split, steps in ends.items():
            table.put(chunk, split, getattr(history, split), steps)
        rows = tuple(np.asarray(chunk.runs).T)
        done[rows], broken[rows] = done_here, history.failed != HEALTHY
    coords = {
        "point": np.arange(shape[0]),
        "seed": np.arange(shape[1]),
        "step": table.steps["train"],
        "val_step": table.steps["val"],
        "finished": (("point", "seed"), done),
        "failed": (("point", "seed"), broken),
        **_swept(study, points),
    }
    if table.horizon:
        coords["horizon"] = np.arange(1, table.horizon + 1)
    budget = plan.groups[0].training.budget
    attrs = {
        "study": study.name,
        "score": type(study.base.learner).score,
        "step_name": budget.step_name,
        "base": to_json(study.base),
    }
    return xarray.Dataset(table.variables(), coords, attrs)


def _history_so_far(
    place: Path, chunk: Chunk, plan: Plan
) -> tuple[History, TrainingPlan] | None:
    """What a chunk has measured up to its newest checkpoint that is whole."""
    paths = checkpoint.checkpoints(place)
    for path in paths:
        try:
            arrays, _ = checkpoint.read_arrays(path)
            history = history_of(arrays, path).kept(len(chunk.runs))
        except DamagedError:
            # Its worker may have replaced it by a newer one just now.
            continue
        return history, plan.groups[chunk.group].training
    # A worker may have put newer ones in the place of all of them meanwhile.
    changed = checkpoint.checkpoints(place) != paths
    return _history_so_far(place, chunk, plan) if changed else None


class _Table:
    """Arrays over all points and seeds, filled chunk by chunk."""

    def __init__(
        self, shape: tuple[int, int], train: np.ndarray, val: np.ndarray
    ) -> None:
        self._shape = shape
        self.steps = {"train": train, "val": val, "test": np.zeros(0, np.int64)}
        self.horizon = 0
        self._arrays: dict[str, tuple[tuple[str, ...], np.ndarray]] = {}

    def put(self, chunk: Chunk, split: str, metrics: Metrics, at: np.ndarray) -> None:
        where = np.searchsorted(self.steps[split], at)
        for metric, mean in metrics.items():
            rows = values(mean)
            name = _PREFIX[split] + metric
            lead = 1 + len(_AXIS[split])
            array = self._array(name, split, rows.shape[lead:])
            inner = tuple(slice(0, size) for size in rows.shape[lead:])
            # An unfinished chunk has measured the first of them only.
            measured = where[: rows.shape[1]] if lead == 2 else where
            for (point, seed), row in zip(chunk.runs, rows, strict=True):
                place = (point, seed, measured) if lead == 2 else (point, seed)
                array[(*place, *inner)] = row

    def variables(self) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
        found = {}
        for name, (dims, array) in self._arrays.items():
            if "horizon" in dims and array.shape[-1] < self.horizon:
                pad = [(0, 0)] * (array.ndim - 1)
                short = self.horizon - array.shape[-1]
                array = np.pad(array, [*pad, (0, short)], constant_values=np.nan)
            found[name] = dims, array
        return found

    def _array(self, name: str, split: str, tail: tuple[int, ...]) -> np.ndarray:
        """The array of a variable, made larger where a chunk needs it."""
        dims: tuple[str, ...] = ("point", "seed", *_AXIS[split])
        if name.endswith(BY_HORIZON) and len(tail) == 1:
            dims = (*dims, "horizon")
            self.horizon = max(self.horizon, tail[0])
        else:
            dims = (*dims, *(f"{name}_{i}" for i in range(len(tail))))
        lead = (*self._shape, *(len(self.steps[split]) for _ in _AXIS[split]))
        old = self._arrays.get(name)
        have = old[1].shape[len(lead) :] if old is not None else (0,) * len(tail)
        size = tuple(max(a, b) for a, b in zip(have, tail, strict=True))
        if old is None or have != size:
            array = np.full((*lead, *size), np.nan, np.float32)
            if old is not None:
                array[(..., *(slice(0, n) for n in have))] = old[1]
            self._arrays[name] = dims, array
        return self._arrays[name][1]


def _steps(plan: Plan, what: str) -> np.ndarray:
    """Where on the x axis any of the groups has a point."""
    found: set[int] = set()
    for group in plan.groups:
        layout, budget = group.training
        ends = layout.interval_ends() if what == "interval" else layout.segment_ends()
        found.update((ends * budget.steps_per_update).tolist())
    return np.asarray(sorted(found), np.int64)


def _swept(study: Study, points: list[Point]) -> dict[str, Any]:
    columns = {}
    for key in study.over:
        items = plain_values([point.fields[key] for point in points])
        kinds = {type(item) for item in items}
        same = len(kinds) == 1
        column = np.asarray(items if same else [str(i) for i in items])
        columns[_column_name(key)] = ("point", column)
    return columns


def _column_name(key: str) -> str:
    """The name of a swept field, unless it is that of an axis."""
    if key == "seed":
        return "root_seed"
    return full_path(key) if key in _RESERVED else key


def plain_values(values: list[Any]) -> list[float | int | str | bool]:
    """Swept values as a column, parts of one kind told apart by their fields."""
    names = [plain(value) for value in values]
    parts = {content_hash(value) for value in values if isinstance(value, Part)}
    if not parts or len(set(names)) == len(parts):
        return names
    return [
        f"{name}({_settings(value)})" if isinstance(value, Part) else name
        for name, value in zip(names, values, strict=True)
    ]


def _settings(part: Part) -> str:
    """What is not the default, as one would write it."""
    return ", ".join(f"{path}={value}" for path, value in changes(part).items())


def plain(value: Any) -> float | int | str | bool:
    """A swept value as a table can hold it."""
    if isinstance(value, DataFolder):
        return Path(value.path).name
    if isinstance(value, Part):
        return part_name(type(value))
    return value if isinstance(value, bool | int | float | str) else str(value)


def _as_netcdf(dataset: xarray.Dataset) -> bytes:
    # In memory first: on a full disk HDF5 does not raise an ordinary OSError.
    return bytes(dataset.to_netcdf(None, engine="h5netcdf", format="NETCDF4"))

"""The best point of a study, by a declared rule, with its uncertainty over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from jaxtyping import Float

from foreworld.core import show
from foreworld.core.errors import ConfigError, ForeworldError, unknown_name
from foreworld.core.plain import counted
from foreworld.learners.metrics import SUFFIXES
from foreworld.sweeps.results.gather import gather, swept
from foreworld.sweeps.results.statistics import Interval, bootstrap, student
from foreworld.sweeps.study.find import study_path

if TYPE_CHECKING:
    import xarray

Measure = Literal["auc", "final", "last10"]
_WHERE = ("world", "data")
"""Swept fields that say where a point learns; points are compared within one."""
_TAIL = 10
"""``last10`` is the mean over the last tenth of a curve."""


@dataclass(frozen=True, repr=False)
class Best:
    """The winner.

    Attributes
    ----------
    point
        Its index in the study.
    fields
        Its swept values.
    value
        Mean over seeds of the measure.
    student, bootstrap
        95 % intervals of that mean.
    seeds
        The measure of each seed.
    measure, metric
        The rule: what was measured, of which variable.
    skipped
        Points that could not win because a run failed or is not finished.
    versions
        That the study was made with more than one version of something, if it was.
    """

    point: int
    fields: dict[str, Any]
    value: float
    student: Interval
    bootstrap: Interval
    seeds: tuple[float, ...]
    measure: str
    metric: str
    skipped: tuple[str, ...]
    versions: str = ""

    @property
    def seed(self) -> int:
        """Index of its best seed."""
        return int(np.argmax(self.seeds))

    def _repr_html_(self) -> str:
        """In a notebook: the swept values, the measure of every seed, the interval."""
        swept = [[name, str(value)] for name, value in self.fields.items()]
        seeds = ", ".join(f"{value:.4g}" for value in self.seeds)
        rows = [*swept, [f"{self.measure} of each seed", seeds]]
        return show.text(self) + show.table([f"point {self.point}", ""], rows)

    def __repr__(self) -> str:
        named = ", ".join(f"{name}={value}" for name, value in self.fields.items())
        low, high = self.student
        spread = f" [{low:.4g}, {high:.4g}]" if np.isfinite(low) else ""
        lines = [
            f"point {self.point}{f' ({named})' if named else ''}: {self.measure} of "
            f"{self.metric} {self.value:.4g}{spread}, "
            f"{counted(len(self.seeds), 'seed')}"
        ]
        lines += [f"skipped {text}" for text in self.skipped]
        return "\n".join(
            [*lines, *([f"The study {self.versions}."] * bool(self.versions))]
        )


def best(
    study: Any,
    measure: str = "auc",
    metric: str | None = None,
    points: Sequence[int] | None = None,
) -> Best:
    """The point with the largest mean over seeds; ties go to the first point.

    The value is that of the seeds which chose the point, and so biased upwards: report
    it on fresh seeds.

    Parameters
    ----------
    study
        A study, its folder, or its results.
    measure
        ``"auc"``: mean of the training curve. ``"last10"``: mean of its last tenth.
        ``"final"``: evaluation at the end on the test split. Intervals in which nothing
        was counted are left out.
    metric
        What to rank by, higher is better; by default the learner's score. Where it
        is no training metric its validation curve is taken.
    points
        Choose among these only.

    Raises
    ------
    UnknownNameError
        No such metric.
    ForeworldError
        No point has all of its runs.
    """
    dataset = as_results(study)
    values, name = measured(dataset, measure, metric)
    chosen = range(len(values)) if points is None else points
    for point in chosen:
        if not 0 <= point < len(values):
            raise ConfigError(f"point {point} is not one of 0 to {len(values) - 1}.")
    skipped = tuple(
        reason for p in chosen if (reason := _why_skipped(dataset, values, p, name))
    )
    means = np.full(len(values), np.nan)
    means[list(chosen)] = values.mean(axis=1)[list(chosen)]
    winner = first_largest(means)
    if winner is None:
        raise ForeworldError(
            f"no point of the study can be chosen: {'; '.join(skipped)}."
            f"{_what_helps(dataset)}"
        )
    row = values[winner]
    fields = {n: dataset.coords[n].values[winner].item() for n in swept(dataset)}
    spread, seeds = (student(row), bootstrap(row)), tuple(row.tolist())
    return Best(
        winner,
        fields,
        float(row.mean()),
        *spread,
        seeds,
        measure,
        name,
        skipped,
        dataset.attrs.get("versions", ""),
    )


def best_by_world(
    study: Any, measure: str = "auc", metric: str | None = None
) -> dict[str, Best]:
    """The best point of each world or data set that a study sweeps over.

    Parameters
    ----------
    study, measure, metric
        As in :func:`best`.

    Returns
    -------
    dict
        By the world's name, in the order of the study; one entry with an empty name
        where all points have the same.
    """
    dataset = as_results(study)
    columns = [dataset.coords[name].values for name in _WHERE if name in dataset.coords]
    names = [", ".join(map(str, row)) for row in zip(*columns, strict=True)]
    points: dict[str, list[int]] = {}
    for point, name in enumerate(names or [""] * dataset.sizes["point"]):
        points.setdefault(name, []).append(point)
    return {name: best(dataset, measure, metric, some) for name, some in points.items()}


def measured(
    dataset: xarray.Dataset, measure: str = "auc", metric: str | None = None
) -> tuple[Float[np.ndarray, "point seed"], str]:
    """The measure of every run, and the variable it is of; NaN where it cannot count.

    Parameters
    ----------
    dataset
        Results of a study, as :func:`foreworld.results` gives them.
    measure
        ``"auc"``, ``"last10"`` or ``"final"``, as in :func:`best`.
    metric
        Name of a metric, without ``val_`` or ``test_``; by default the learner's score.

    Raises
    ------
    ConfigError
        No such measure or metric.
    """
    if measure not in get_args(Measure):
        allowed = ", ".join(repr(name) for name in get_args(Measure))
        raise ConfigError(f"measure {measure!r} is not one of {allowed}.")
    metric = metric or str(dataset.attrs["score"])
    axes = [()] if measure == "final" else [("step",), ("val_step",)]
    known = [str(n) for n, x in dataset.data_vars.items() if x.dims[2:] in axes]
    ours = [f"test_{metric}"] if measure == "final" else [metric, f"val_{metric}"]
    name = next((name for name in (*ours, metric) if name in known), None)
    if not dataset.data_vars:
        raise ForeworldError(
            f"nothing is measured in {dataset.attrs['study']}: none of its chunks is "
            f"sealed. 'foreworld check' names what is missing; the same command again "
            f"goes on."
        )
    if not metric:
        raise ConfigError(
            f"{dataset.attrs['study']} does not say what ranks its runs, and its "
            f"learner is not at hand. Give a metric: {', '.join(_plain_names(known))}."
        )
    if name is None:
        raise unknown_name(f"metric for {measure!r}:", metric, _plain_names(known))
    array = dataset[name].astype(np.float64)
    for axis in array.dims[2:]:
        if measure == "last10":
            size = array.sizes[axis]
            array = array.isel({axis: slice(size - max(1, size // _TAIL), None)})
        array = array.mean(str(axis), skipna=True)
    counts = dataset["finished"] & ~dataset["failed"]
    return array.where(counts).transpose("point", "seed").values, name


def _plain_names(known: Sequence[str]) -> list[str]:
    """Metrics without the source that they were measured on."""
    plain = {n.removeprefix("test_").removeprefix("val_") for n in known}
    spread = {n + suffix for n in plain for suffix in SUFFIXES}
    return sorted(plain - spread)


def first_largest(means: Float[np.ndarray, " point"]) -> int | None:
    """Index of the largest mean, the first of equals; NaN never wins."""
    return None if np.isnan(means).all() else int(np.nanargmax(means))


def as_results(study: Any) -> xarray.Dataset:
    """Results as they are, or those of a study or folder."""
    import xarray

    return study if isinstance(study, xarray.Dataset) else gather(study_path(study))


def _why_skipped(
    dataset: xarray.Dataset,
    values: Float[np.ndarray, "point seed"],
    point: int,
    name: str,
) -> str:
    if not np.isnan(values[point]).any():
        return ""
    broken = dataset["failed"].values[point]
    unfinished = int((~dataset["finished"].values[point] & ~broken).sum())
    failed = int(broken.sum())
    reasons = [f"{counted(unfinished, 'run')} not finished"] * bool(unfinished)
    reasons += [f"{counted(failed, 'run')} failed"] * bool(failed)
    longer = "" if name.startswith(("test_", "val_")) else ", train longer"
    words = " and ".join(reasons)
    return f"point {point}: {words or f'nothing was counted{longer}'}"


def _what_helps(dataset: xarray.Dataset) -> str:
    """Advice by what keeps points from being chosen."""
    broken = dataset["failed"].values
    open_ = ~dataset["finished"].values & ~broken
    texts = ["The same command finishes the others."] * bool(open_.any())
    if broken.any():
        texts.append("'foreworld status' says of failed runs why, and what helps.")
    hint = dataset.attrs.get("uncounted", "")
    return "".join(f" {text}" for text in [*texts, *[hint] * bool(hint)])

"""Curves of runs that went on from others, joined to those of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from foreworld.core.errors import ForeworldError
from foreworld.sweeps.folder import StudyFolder
from foreworld.sweeps.reference import StartRef

if TYPE_CHECKING:
    import xarray

BEGUN = "begun"
"""Attribute that says at which steps curves are joined."""
_AXES = ("step", "val_step")


class _Before(NamedTuple):
    """What a point went on from: its curves, and which of their points."""

    results: xarray.Dataset
    point: int
    seeds: list[int]


def joined(study: StudyFolder) -> xarray.Dataset:
    """All that is measured so far, before it the curves of what it went on from.

    Where these are gone or others by now, the curves begin where the study's own do.
    Measures of the study are taken of its own curves (``so_far``).

    Parameters
    ----------
    study
        Any study.
    """
    results, before = study.so_far, {}
    for point in study.points:
        start = point.parameters.start
        if isinstance(start, StartRef) and not start.parts:
            found = _before(start)
            if found is not None:
                before[point.index] = found
    if not before:
        return results
    groups = study.plan.groups
    begun = sorted({g.training.steps_before for g in groups} - {0})
    for axis in _AXES:
        steps = [results[axis], *(one.results[axis] for one in before.values())]
        results = results.reindex({axis: np.unique(np.concatenate(steps))})
    for point, found in before.items():
        _fill(results, point, found)
    earlier = [step for one in before.values() for step in one.results.attrs[BEGUN]]
    return results.assign_attrs({BEGUN: sorted({*begun, *earlier})})


def _before(start: StartRef) -> _Before | None:
    try:
        study = start.study()
    except ForeworldError:
        return None
    results = joined(study)
    results.attrs.setdefault(BEGUN, [])
    runs = start.pairs()
    return _Before(results, runs[0][0], [seed for _, seed in runs])


def _fill(results: xarray.Dataset, point: int, before: _Before) -> None:
    """Put the earlier curves of one point in their place."""
    for name, array in results.data_vars.items():
        old = before.results.get(name)
        axis = array.dims[2] if array.ndim > 2 else None
        if old is None or axis not in _AXES or old.shape[3:] != array.shape[3:]:
            continue
        where = np.searchsorted(results[axis].values, before.results[axis].values)
        for seed in range(array.shape[1]):
            # Where one seed is all there is, every run went on from it.
            row = before.seeds[seed if len(before.seeds) > 1 else 0]
            values = old.values[before.point, row]
            kept = np.isfinite(values)
            at = array.values[point, seed]
            at[where] = np.where(kept, values, at[where])

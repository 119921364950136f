"""Data sets of trained policies acting in their worlds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foreworld.core.errors import ConfigError, FitError
from foreworld.core.own.in_parts import demand_code
from foreworld.data.making.generate import generate
from foreworld.data.reading.dataset import DataSet
from foreworld.sweeps.folder import StudyFolder
from foreworld.sweeps.reference import RunRef
from foreworld.sweeps.results.selection import best
from foreworld.sweeps.study.find import study_path


def collect(
    run: Any,
    out: str | Path,
    *,
    point: int | None = None,
    seed_index: int | None = None,
    **settings: Any,
) -> DataSet:
    """Make a data set from a trained policy acting in the world it was trained in.

    Parameters
    ----------
    run
        A run or a study, its folder or its name.
    out
        Folder of the data set.
    point, seed_index
        Which run of a study acts; by default the best seed of the best point.
    **settings
        Those of :func:`foreworld.generate`: sizes, ``seed``, ``launcher``, ...

    Raises
    ------
    FitError
        The run learned from data, or does not act.
    DamagedError
        The run is not finished, or damaged.
    """
    study = StudyFolder(study_path(run))
    several = len(study.points) > 1 or study.study.seeds > 1
    if several and (point is None or seed_index is None):
        winner = best(study, points=None if point is None else [point])
        point = winner.point
        seed_index = winner.seed if seed_index is None else seed_index
    point, seed_index = point or 0, seed_index or 0
    if not 0 <= point < len(study.points):
        raise ConfigError(f"point {point} is not one of 0 to {len(study.points) - 1}.")
    demand_code(study.points[point].parameters)
    world = study.points[point].parameters.world
    if world is None:
        raise FitError(
            f"{study.path} learned from a data set and acts in no world, so nothing "
            f"can be collected from it."
        )
    policy = RunRef(str(study.path.resolve()), point, seed_index)
    return generate(world, out, policy=policy, **settings)

"""Data sets of trained policies acting in their worlds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from foreworld.core.disk.folder import manifest
from foreworld.core.errors import ConfigError, DamagedError, FitError
from foreworld.core.own.in_parts import demand_code
from foreworld.core.parts.part import Bounded, Place
from foreworld.data.format.stored_policy import AbstractStoredPolicy
from foreworld.data.making.generate import generate
from foreworld.data.reading.dataset import DataSet
from foreworld.sweeps.folder import StudyFolder
from foreworld.sweeps.results.selection import best
from foreworld.sweeps.study.find import study_path
from foreworld.train.loop import STATE
from foreworld.worlds.policy import AbstractPolicy


class RunPolicy(AbstractStoredPolicy):
    """The trained policy of one run, named by the run's folder."""

    run: Annotated[str, Place()]
    """folder of the run or study"""
    point: Annotated[int, Bounded(low=0)]
    """index of the point"""
    seed: Annotated[int, Bounded(low=0)]
    """index of the seed"""
    contents: str
    """checksum of the file that holds the trained parameters"""

    def open(self) -> AbstractPolicy:
        """The policy.

        Raises
        ------
        DamagedError
            The run is gone, or another one than was meant.
        """
        study = StudyFolder(self.run)
        found = _contents(study, self.point, self.seed)
        if found != self.contents:
            raise DamagedError(
                f"{self.run} was trained anew since the data set was begun: its "
                f"parameters are others. Collect into another folder."
            )
        return study.policy_of(self.point, self.seed)


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
    policy = RunPolicy(
        run=str(study.path.resolve()),
        point=point,
        seed=seed_index,
        contents=_contents(study, point, seed_index),
    )
    return generate(world, out, policy=policy, **settings)


def _contents(study: StudyFolder, point: int, seed: int) -> str:
    place = study.place_of(point, seed)
    marker = manifest(place)
    if marker is None:
        raise DamagedError(f"{place} is not finished. Run the study again to go on.")
    return marker["files"][STATE]["sha256"]

"""References to trained runs: a policy that acts, or a state to start from."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, ClassVar

import numpy as np

from foreworld.core.disk.folder import manifest
from foreworld.core.disk.kind import kind_of
from foreworld.core.disk.places import find_place
from foreworld.core.errors import ConfigError, DamagedError
from foreworld.core.leaves import is_in, unknown_part
from foreworld.core.parts.part import Bounded, Place
from foreworld.core.parts.reference import AbstractRef
from foreworld.sweeps.folder import StudyFolder
from foreworld.sweeps.study.find import KIND
from foreworld.train.loop import STATE
from foreworld.train.start import AbstractStart, Ended
from foreworld.worlds.policy import AbstractPolicy


class RunRef(AbstractRef):
    """One run; opened, it is the run's trained policy."""

    known_by: ClassVar[str] = "contents"
    chosen_by: ClassVar[tuple[str, ...]] = ("path", "point", "seed")

    path: Annotated[str, Place()]
    """folder of the run or study"""
    point: Annotated[int, Bounded(low=0)] = 0
    """index of the point"""
    seed: Annotated[int, Bounded(low=0)] = 0
    """index of the seed"""
    contents: str = ""
    """checksum of the file that holds the trained parameters; filled in from the folder
    when empty"""

    def __check_init__(self) -> None:
        super().__check_init__()
        if not self.contents:
            found = contents_of(StudyFolder(self.path), self.point, self.seed)
            object.__setattr__(self, "contents", found)

    def read(self, split: str) -> AbstractPolicy:
        """The policy, which is the same for all splits."""
        study = StudyFolder(self.path)
        if contents_of(study, self.point, self.seed) != self.contents:
            raise trained_anew(self.path)
        return study.policy_of(self.point, self.seed)


class StartRef(AbstractStart):
    """What a run starts from: the state that another run ended with, or parts of it.

    Nothing of what the folder names is run: only arrays and numbers are read.
    """

    known_by: ClassVar[str] = "contents"
    chosen_by: ClassVar[tuple[str, ...]] = ("path", "point", "seed")

    path: Annotated[str, Place()]
    """folder of the run or study"""
    parts: tuple[str, ...] = ()
    """parts of the state that are taken, such as network or agents.even; by default the
    whole, counters and optimiser included: then the run goes on where that one ended"""
    point: Annotated[int | None, Bounded(low=0)] = None
    """index of the point; none for the only one"""
    seed: Annotated[int | None, Bounded(low=0)] = None
    """index of the seed that all runs start from; none: each from that with its own"""
    contents: str = ""
    """checksum of what was trained; filled in from the folder when empty"""

    def __check_init__(self) -> None:
        super().__check_init__()
        if self.point is None:
            object.__setattr__(self, "point", self._only_point())
        if not self.contents:
            object.__setattr__(self, "contents", self._contents())

    def study(self) -> StudyFolder:
        """The folder of the run, if it is still the one that is meant.

        Raises
        ------
        DamagedError
            It is gone, unfinished, or was trained anew.
        """
        if self._contents() != self.contents:
            raise trained_anew(self.path)
        return self._study()

    def read(self, split: str) -> dict[str, np.ndarray]:
        """Leaves of the states by name, ``(seed, ...)``; the same for all splits."""
        study, rows = self.study(), []
        for run in self.pairs():
            if run in study.failures:
                raise ConfigError(
                    f"{self.path} point {run[0]} seed {run[1]} failed "
                    f"({study.failures[run]}): there is nothing to start from. Choose "
                    f"another with start.seed or start.point."
                )
            rows.append(study.arrays_of(*run))
        names = list(rows[0])
        for part in self.parts:
            if not any(is_in(name, (part,)) for name in names):
                raise unknown_part("part of the other run's state", part, names)
        kept = [n for n in names if not self.parts or is_in(n, self.parts)]
        return {name: np.stack([row[name] for row in rows]) for name in kept}

    def ended(self) -> Ended:
        """How far the run came; those that it went on from are counted."""
        study = self.study()
        point = self.pairs()[0][0]
        (training,) = (g.training for g in study.plan.groups if point in g.points)
        updates = training.layout.begun + training.layout.num_updates
        steps, name = training.budget.steps_per_update, training.budget.step_name
        return Ended(study.points[point].parameters, updates, updates * steps, name)

    def num_seeds(self) -> int:
        """Seeds to take from: one that was chosen, or all there are."""
        return len(self.pairs())

    def pairs(self) -> list[tuple[int, int]]:
        """The runs that are meant, as (point, seed)."""
        point, study = self.point or 0, self._study()
        seeds = range(study.study.seeds) if self.seed is None else [self.seed]
        return [(point, seed) for seed in seeds]

    def _study(self) -> StudyFolder:
        place = find_place(self.path)
        if place is None:
            raise DamagedError(
                f"there is no run at {self.path} to start from: it was moved or "
                f"deleted. Name the folder where it lies now; what was begun already "
                f"needs it no longer."
            )
        if (kind := kind_of(place)) != KIND:
            raise ConfigError(f"{self.path} holds a {kind} and no run to start from.")
        return StudyFolder(place)

    def _only_point(self) -> int:
        study = self._study().study
        if study.num_points > 1:
            raise ConfigError(
                f"{self.path} has {study.num_points} points. Say which one to start "
                f"from with start.point; 'foreworld best {self.path}' names the best."
            )
        return 0

    def _contents(self) -> str:
        study = self._study()
        found = dict.fromkeys(contents_of(study, *run) for run in self.pairs())
        return hashlib.sha256(" ".join(found).encode()).hexdigest()


def trained_anew(path: str) -> DamagedError:
    """The error for a run that is no longer the one that was meant."""
    return DamagedError(
        f"{path} was trained anew since it was referred to: its parameters are others. "
        f"Refer to it anew, or to another run."
    )


def contents_of(study: StudyFolder, point: int, seed: int) -> str:
    """Checksum of the trained parameters of a run.

    Parameters
    ----------
    study
        The folder.
    point, seed
        Indices of the run.

    Raises
    ------
    DamagedError
        The run is not finished.
    """
    place = study.place_of(point, seed)
    marker: Any = manifest(place)
    if marker is None:
        raise DamagedError(f"{place} is not finished. Run the study again to go on.")
    return marker["files"][STATE]["sha256"]

"""Names a trained run in a configuration: a policy that acts in a world or a game."""

from __future__ import annotations

from typing import Annotated, ClassVar

from foreworld.core.disk.folder import manifest
from foreworld.core.errors import DamagedError
from foreworld.core.parts.part import Bounded, Place
from foreworld.core.parts.reference import AbstractRef
from foreworld.sweeps.folder import StudyFolder
from foreworld.train.loop import STATE
from foreworld.worlds.policy import AbstractPolicy


class RunRef(AbstractRef):
    """One run; opened, it is the run's trained policy."""

    known_by: ClassVar[str] = "contents"

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
            raise DamagedError(
                f"{self.path} was trained anew since it was referred to: its "
                f"parameters are others. Refer to it anew, or to another run."
            )
        return study.policy_of(self.point, self.seed)


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
    marker = manifest(place)
    if marker is None:
        raise DamagedError(f"{place} is not finished. Run the study again to go on.")
    return marker["files"][STATE]["sha256"]

"""Where curves go while a run is under way: the contract of trackers."""

from __future__ import annotations

import abc
from typing import Any

from foreworld.core.part import Part


class AbstractTrace(abc.ABC):
    """One run as a tracker sees it."""

    @abc.abstractmethod
    def log(self, step: int, metrics: dict[str, float]) -> None:
        """Add a point to each curve. Values that are not finite are left out."""

    @abc.abstractmethod
    def finish(self) -> None:
        """Close the run; called also when it failed."""


class AbstractTracker(Part):
    """Interface of every tracker."""

    @abc.abstractmethod
    def start(
        self, project: str, run: str, config: dict[str, Any], resumed: bool
    ) -> AbstractTrace:
        """Open a run, or go on with one of that name if ``resumed``."""

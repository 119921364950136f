"""No tracker: curves are kept in the results only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foreworld.track.base import AbstractTrace, AbstractTracker, Curves, Steps


class Off(AbstractTracker):
    """Logs nothing."""

    def start(
        self, project: str, run: str, config: Mapping[str, Any], resumed: bool
    ) -> AbstractTrace:
        """A trace that takes points and forgets them."""
        return OffTrace()


class OffTrace(AbstractTrace):
    """Takes points and forgets them."""

    def log(self, steps: Steps, metrics: Curves) -> None:
        """Do nothing."""

    def finish(self) -> None:
        """Do nothing."""

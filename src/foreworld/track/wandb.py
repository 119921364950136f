"""Weights & Biases, when asked for: curves on its servers, or local in offline mode.

Source: https://github.com/wandb/wandb (MIT).
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from foreworld.track.base import (
    AbstractTrace,
    AbstractTracker,
    Curves,
    Steps,
    not_installed,
    rows,
)


class Wandb(AbstractTracker):
    """Logs to Weights & Biases."""

    package: ClassVar[str] = "wandb"

    entity: str = ""
    """user or team; empty for the account's default"""
    mode: Literal["online", "offline"] = "online"
    """whether points are sent to the servers or kept in the folder ./wandb"""

    def start(
        self, project: str, run: str, config: Mapping[str, Any], resumed: bool
    ) -> AbstractTrace:
        """Open a run; its id is a function of project and name."""
        try:
            wandb = importlib.import_module(self.package)
        except ImportError as error:
            raise not_installed("wandb", self.package) from error
        identity = hashlib.sha256(f"{project}/{run}".encode()).hexdigest()[:16]
        opened = wandb.init(
            project=project,
            name=run,
            id=identity,
            entity=self.entity or None,
            config=dict(config),
            mode=self.mode,
            resume="allow" if resumed else None,
            reinit="create_new",
        )
        return WandbTrace(opened)


class WandbTrace(AbstractTrace):
    """One run at Weights & Biases."""

    def __init__(self, opened: Any) -> None:
        self._opened = opened
        # Steps before it were logged by the process that this one goes on for.
        self._next = int(opened.step or 0)

    def log(self, steps: Steps, metrics: Curves) -> None:
        """Add points; wandb itself sends them from a process of its own."""
        for step, values in rows(steps, metrics):
            if step >= self._next:
                self._opened.log(values, step=step)
                self._next = step + 1

    def finish(self) -> None:
        """Close the run."""
        self._opened.finish()

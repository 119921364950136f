"""Where curves go while a run is under way: the contract of trackers.

A tracker never holds up or breaks a training: open runs with
:func:`foreworld.track._open.open_run`, which turns failures into one warning.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Num

from foreworld.core.errors import ConfigError
from foreworld.core.parts.part import Part

Steps = Sequence[int] | Num[np.ndarray, " step"]
"""Where points lie on the x axis."""
Curves = Mapping[str, Sequence[float] | Num[np.ndarray, " step"]]
"""One value a step, by name."""


class AbstractTrace(abc.ABC):
    """One run as a tracker sees it."""

    @abc.abstractmethod
    def log(self, steps: Steps, metrics: Curves) -> None:
        """Add points to curves, all those of a segment at once.

        Parameters
        ----------
        steps
            Where the points lie on the x axis (environment steps, sequences).
        metrics
            One value a step for each curve. Values that are not finite are left out.
            A point that was logged before (a repeated segment) is not logged twice.
        """

    @abc.abstractmethod
    def finish(self) -> None:
        """Close the run; called also when it failed."""


class AbstractTracker(Part):
    """Interface of every tracker.

    Attributes
    ----------
    package
        Optional package that it needs; empty for none.
    """

    package: ClassVar[str] = ""

    @abc.abstractmethod
    def start(
        self, project: str, run: str, config: Mapping[str, Any], resumed: bool
    ) -> AbstractTrace:
        """Open a run, or go on with one of that name if ``resumed``.

        Parameters
        ----------
        project
            What the run belongs to: the study's name.
        run
            Its name there; the same name is the same run.
        config
            Configuration as plain JSON values.
        resumed
            Whether earlier points of that run are kept; otherwise it starts empty.

        Raises
        ------
        ConfigError
            This tracker cannot be used here; says what to install or set.
        """


def rows(steps: Steps, metrics: Curves) -> list[tuple[int, dict[str, float]]]:
    """Points as trackers store them: each step and its finite values by name.

    Parameters
    ----------
    steps
        Where the points lie on the x axis.
    metrics
        One value a step for each curve; those that are not finite are left out.

    Raises
    ------
    ValueError
        A curve has not one value for each step.
    """
    for name, curve in metrics.items():
        if len(curve) != len(steps):
            raise ValueError(f"{name} has {len(curve)} values for {len(steps)} steps.")
    out = []
    for i, step in enumerate(steps):
        values = {name: float(curve[i]) for name, curve in metrics.items()}
        finite = {name: v for name, v in values.items() if math.isfinite(v)}
        if finite:
            out.append((int(step), finite))
    return out


def not_installed(name: str, package: str) -> ConfigError:
    """The error of a tracker whose optional package is missing.

    Parameters
    ----------
    name
        Name of the tracker.
    package
        Package that it needs; also the name of Foreworld's extra that installs it.
    """
    return ConfigError(
        f"the tracker {name!r} needs the package {package}, which is not installed. "
        f'Install it with: pip install "foreworld[{package}]", or use --track trackio.'
    )

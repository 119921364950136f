"""Segments of curves as rows, one a step, as trackers store them."""

from __future__ import annotations

import math

from foreworld.track.base import Curves, Steps


def rows(steps: Steps, metrics: Curves) -> list[tuple[int, dict[str, float]]]:
    """(step, finite values by name) for every step that has any.

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

"""How fast a world is shown."""

from __future__ import annotations

from foreworld.core.parts.partition import partition
from foreworld.worlds.base import AbstractWorld


def natural_rate(world: AbstractWorld) -> float:
    """Steps a second: real time where a step has a duration, otherwise a few."""
    step = _step_time(world)
    # The reciprocal of the smallest numbers is infinite.
    return float(max(1, round(1 / max(step, 1 / 30)))) if step else 5.0


def natural_pace(world: AbstractWorld) -> float:
    """Units of the world's time that pass in a second at that rate."""
    return natural_rate(world) * (_step_time(world) or 1.0)


def _step_time(world: AbstractWorld) -> float:
    return float(partition(world)[1].get("dt", 0.0))

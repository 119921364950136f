"""A world's numbers, changed while it runs.

Programs take traced fields as arrays, so that moving a slider compiles nothing.
"""

from __future__ import annotations

import contextlib
from typing import Any

import jax.numpy as jnp

from foreworld.core.errors import ConfigError
from foreworld.core.parts.part import Bounded
from foreworld.core.parts.partition import Static, partition
from foreworld.core.parts.paths import field_paths, get_path, set_path
from foreworld.play.stage.base import Slider
from foreworld.worlds.base import AbstractWorld

UNSEEN = ("discount",)
"""Traced fields that change nothing that can be seen."""


class Knobs:
    """A world whose traced fields can be changed.

    Attributes
    ----------
    world
        As it is now.
    parts
        Its static part and its leaves, as programs take them.
    """

    def __init__(self, world: AbstractWorld) -> None:
        self._names = [slider.name for slider in sliders(world)]
        self.world, self.parts = world, _parts(world)

    def set(self, name: str, value: float) -> None:
        """Change a traced field.

        Parameters
        ----------
        name
            One of the :func:`sliders`.
        value
            Its new value, in the field's unit.

        Raises
        ------
        ConfigError
            No such field here, or the world does not allow the value.
        """
        if name not in self._names:
            raise ConfigError(f"{name!r} cannot be changed while playing.")
        self.world = set_path(self.world, name, value)
        self.parts = _parts(self.world)

    def values(self) -> dict[str, float]:
        """Where the sliders stand."""
        return {name: float(get_path(self.world, name)) for name in self._names}


def sliders(world: AbstractWorld) -> tuple[Slider, ...]:
    """The traced fields of a world that can be moved at all."""
    made = []
    for path, spec in field_paths(world).items():
        if spec.kind != "traced" or path in UNSEEN:
            continue
        value = float(get_path(world, path))
        mark = spec.mark if isinstance(spec.mark, Bounded) else Bounded()
        low, high = _ends(mark, value if spec.required else float(spec.default()))
        low, high = min(low, value), max(high, value)
        # A world may refuse more than its marks say, such as what leaves its canvas.
        with contextlib.suppress(ConfigError):
            set_path(world, path, low)
            set_path(world, path, high)
            made.append(Slider(path, value, low, high, mark.unit))
    return tuple(made)


def _parts(world: AbstractWorld) -> tuple[Static, dict[str, Any]]:
    static, traced, data, shared = partition(world)
    numbers = {name: jnp.float32(value) for name, value in traced.items()}
    arrays = {name: jnp.asarray(value) for name, value in data.items()}
    return static, {**numbers, **arrays, **shared}


def _ends(mark: Bounded, default: float) -> tuple[float, float]:
    """Ends of a slider: the limits, else four times the default either way."""
    reach = 4 * abs(default) or 1.0
    low, high = -reach, reach
    if mark.above is not None:
        low = mark.above + reach / 100
    if mark.below is not None:
        high = mark.below - reach / 100
    if mark.low is not None:
        low = mark.low
    if mark.high is not None:
        high = mark.high
    return low, max(low, high)

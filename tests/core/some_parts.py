"""Parts that the tests of the core use; in a file so that they can be found again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import equinox as eqx

from foreworld.core.parts.part import Bounded, Data, Part, Place, Traced


class Net(Part):
    hidden: Annotated[int, Bounded(low=1)] = 8
    scale: Annotated[float, Traced(above=0)] = 1.0


class Thing(Part):
    rate: Annotated[float, Traced(low=0, high=1, unit="1/s")] = 0.1
    """how fast"""
    count: int = 3
    mode: Literal["a", "b"] = "a"
    flag: bool = False
    sizes: tuple[int, ...] = (1, 2)
    net: Net = eqx.field(default_factory=Net)
    nets: dict[str, Net] = eqx.field(default_factory=dict)
    option: int | None = None
    folder: Annotated[str, Place()] = ""


class Versioned(Part):
    version = 2
    count: int = 0


class WithData(Part):
    grid: Annotated[Any, Data()]
    count: int = 0


class Shape(Part):
    weight: eqx.AbstractVar[int]


class Square(Shape):
    side: Annotated[float, Traced(above=0)] = 1.0
    weight: int = 1

"""The files of a person's own classes in a part, so that they are known again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from foreworld.core import registry
from foreworld.core.own import trusted
from foreworld.core.own.modules import file_of
from foreworld.core.parts.part import Part, field_specs
from foreworld.core.parts.stand_in import StandIn


def own_code(part: Any) -> dict[str, Path]:
    """The file of each class in a part that is not Foreworld's, by its address.

    Those of modules that a part imports by name are among them, by the module.
    """
    found: dict[str, Path | None] = {}
    for one in _parts(part):
        cls = type(one)
        if (file := registry.code_of(cls)) is not None:
            found[registry.address(cls)] = file
        fields = {spec.name: getattr(one, spec.name) for spec in field_specs(cls)}
        found |= {module: file_of(module) for module in cls.runs(fields)}
    return {name: file for name, file in found.items() if file is not None}


def remember_code(part: Any) -> None:
    """Trust the classes in a part that a person starts, in later commands too.

    Raises
    ------
    ForeworldError
        One of its classes is not at hand.
    """
    demand_code(part)
    trusted.remember(own_code(part).values())


def demand_code(part: Any) -> None:
    """Refuse a part that holds stand-ins, before anything is built of it.

    Raises
    ------
    ForeworldError
        Why the first one's class is not at hand.
    """
    for one in values_in(part):
        if isinstance(one, StandIn):
            one.refuse()


def misfits(part: Any) -> list[str]:
    """Why classes of Foreworld's own that a part names cannot make what it says."""
    found = (one for one in values_in(part) if isinstance(one, StandIn))
    return [
        str(one.why) for one in found if registry.is_ours(one.address.partition(":")[0])
    ]


def _parts(value: Any) -> Iterator[Part]:
    return (one for one in values_in(value) if isinstance(one, Part))


def values_in(value: Any) -> Iterator[Any]:
    """A part, and all values in it and in the parts that it holds."""
    yield value
    inner: list[Any] = []
    if isinstance(value, Part):
        inner = [getattr(value, spec.name) for spec in field_specs(type(value))]
    elif isinstance(value, dict):
        inner = list(value.values())
    elif isinstance(value, tuple):
        inner = list(value)
    for one in inner:
        yield from values_in(one)

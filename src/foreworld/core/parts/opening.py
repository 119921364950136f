"""Opens the references of a part: arrays take their place."""

from __future__ import annotations

from typing import Any

from foreworld.core.errors import ConfigError, DamagedError
from foreworld.core.parts.part import Part
from foreworld.core.parts.partition import Leaves, combine, pack, partition
from foreworld.core.parts.reference import AbstractRef


def opened(part: Any, split: str = "train") -> Any:
    """A part as its code sees it: what references yield stands in their place.

    Parameters
    ----------
    part
        Any part; one without references is given back as it is.
    split
        ``"train"``, ``"val"`` or ``"test"``.

    Raises
    ------
    ConfigError, DamagedError
        What a reference means is gone, damaged or another one.
    """
    if not isinstance(part, Part):
        return part
    static, traced, data, shared = partition(part)
    if not any(isinstance(value, AbstractRef) for value in shared.values()):
        return part
    return combine(static, traced, data, open_all(shared, split))


def open_all(shared: Leaves, split: str) -> Leaves:
    """What :func:`~foreworld.core.parts.partition.partition` found, as arrays.

    Parameters
    ----------
    shared
        References, or what is open already, by dotted path.
    split
        ``"train"``, ``"val"`` or ``"test"``.
    """
    found = {}
    for path, value in shared.items():
        try:
            found[path] = value.open(split) if isinstance(value, AbstractRef) else value
        except (ConfigError, DamagedError) as error:
            raise type(error)(f"{path}: {error}") from error
    return found


def open_packed(shared: Leaves, split: str) -> Leaves:
    """The same as programs take it: what holds more than arrays is packed.

    Parameters
    ----------
    shared, split
        As for :func:`open_all`.
    """
    return {path: pack(value) for path, value in open_all(shared, split).items()}

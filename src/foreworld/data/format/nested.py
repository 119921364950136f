"""Columns of things with parts: of every agent of a game, of every field of a record.

What an agent observes, does and gets is a dictionary by agent, and an action may be a
record of named fields. Each array in them is a column of its own, whose name is the
path to it: ``action/prover/message``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from foreworld.core.spaces import Record, Space, check_part_name
from foreworld.data.format.schema import INTO


def flat(trees: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays of dictionaries of dictionaries, by the names of their columns.

    Parameters
    ----------
    trees
        Arrays, or dictionaries of such trees, by name.
    """
    found: dict[str, Any] = {}
    for name, tree in trees.items():
        check_part_name(name, "a column, an agent or a field")
        if isinstance(tree, Mapping):
            found |= {f"{name}{INTO}{part}": x for part, x in flat(tree).items()}
        else:
            found[name] = tree
    return found


def flat_spaces(name: str, space: Space | Mapping[str, Space] | None) -> dict[str, Any]:
    """The spaces of such columns.

    Parameters
    ----------
    name
        Column of the whole.
    space
        A space, or those of several agents; ``None`` in a passive world.
    """
    if isinstance(space, Record):
        space = space.fields
    if not isinstance(space, Mapping):
        return {} if space is None else {name: space}
    found: dict[str, Any] = {}
    for part, inner in space.items():
        check_part_name(part, "an agent or a field")
        found |= flat_spaces(f"{name}{INTO}{part}", inner)
    return found


def nested(columns: Mapping[str, Any], name: str) -> Any:
    """What :func:`flat` took apart; ``None`` where there is no such column.

    Parameters
    ----------
    columns
        Arrays by the names of their columns.
    name
        Column of the whole.
    """
    if name in columns:
        return columns[name]
    within = f"{name}{INTO}"
    inner = [c.removeprefix(within) for c in columns if c.startswith(within)]
    heads = dict.fromkeys(path.partition(INTO)[0] for path in inner)
    return {head: nested(columns, within + head) for head in heads} or None


def of(columns: Iterable[str], name: str) -> list[str]:
    """Those columns that are of one whole.

    Parameters
    ----------
    columns
        Names of columns.
    name
        Column of the whole.
    """
    return [column for column in columns if column.partition(INTO)[0] == name]

"""Which arrays of a file are meant, by their names; two of one name are refused."""

from __future__ import annotations

import re

from foreworld.data.exchange.recordings.guard import Unreadable
from foreworld.data.format.schema import GROUP, PARAMETER, RECORDED, STEP

MOST_LETTERS = 200
"""Letters of a parameter's name at most."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def columns_of(names: dict[str, str], held: list[str]) -> dict[str, str]:
    """Which arrays of a file are meant: names in the file by those of columns.

    Parameters
    ----------
    names
        What each is called, as a person told or by itself.
    held
        What all arrays in the file are called.

    Raises
    ------
    Unreadable
        A parameter has a name that no column can have, or that of another one.
    """
    there: dict[str, str] = {}
    for name in held:
        there.setdefault(name.strip("/"), name)
    columns = {k: there[n] for k in RECORDED if (n := names[k].strip("/")) in there}
    group = names[GROUP].strip("/") + "/"
    drawn = [(n.removeprefix(group), n) for n in sorted(there) if n.startswith(group)]
    if (step := names[STEP].strip("/")) in there:
        drawn.append((STEP, step))
    for told, name in drawn:
        column = PARAMETER + _parameter(told, name)
        if column in columns:
            raise Unreadable(
                f"{columns[column]!r} and {there[name]!r} would both be the column "
                f"{column}. Name one of them otherwise, or leave one out"
            )
        columns[column] = there[name]
    return columns


def renamed(columns: dict[str, str]) -> list[str]:
    """Parameters that are called otherwise in the file, as ``a.b (a/b in the file)``.

    Parameters
    ----------
    columns
        Names in the file by those of columns.
    """
    return [
        f"{column} ({name} in the file)"
        for column, name in columns.items()
        if column.startswith(PARAMETER)
        and "." in column
        and not name.endswith(column.removeprefix(PARAMETER))
    ]


def _parameter(told: str, name: str) -> str:
    """What a parameter is called: columns have no parts within the group."""
    parts = told.split("/")
    if any(part in ("", ".", "..") for part in parts):
        why = "'.', '..' and nothing are no names"
    elif _CONTROL.search(told):
        why = "it holds a control character"
    elif len(told) > MOST_LETTERS:
        why = f"it has {len(told)} letters, and at most {MOST_LETTERS} are allowed"
        name = name[:30] + "..."
    else:
        return ".".join(parts)
    raise Unreadable(f"{name!r} cannot name a parameter: {why}. Name it otherwise")

"""What differs between two runs, studies or data sets: configuration and results."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from foreworld.core.disk.folder import CONFIG, manifest, read_sealed
from foreworld.core.disk.kind import kind_of
from foreworld.core.errors import ConfigError
from foreworld.core.own.versions import entries_of
from foreworld.core.parts import config
from foreworld.workspace.kinds.base import Outcome
from foreworld.workspace.kinds.find import find_kind


class Difference(NamedTuple):
    """What differs.

    Attributes
    ----------
    fields
        Values in a and in b by dotted path; ``None`` where one has no such field.
    made_with
        The same for what they were made with: versions of packages, settings, and
        fingerprints of a person's own code.
    outcomes
        Results of studies.
    same_bytes
        Whether all results are the same bytes; ``None`` where one is not finished.
    """

    fields: dict[str, tuple[Any, Any]]
    made_with: dict[str, tuple[Any, Any]]
    outcomes: tuple[Outcome, ...]
    same_bytes: bool | None


def compare(a: str | Path, b: str | Path) -> Difference:
    """Compare two folders.

    Parameters
    ----------
    a, b
        Of two studies or runs, or of two data sets.

    Raises
    ------
    ConfigError
        They hold different kinds of things.
    DamagedError
        There is no such folder, or it is damaged.
    """
    folders = Path(a), Path(b)
    words = [kind_of(folder) for folder in folders]
    kind = find_kind(folders[0])
    if words[0] != words[1] or kind is None:
        raise ConfigError(
            f"{a} is a {words[0]} and {b} is a {words[1]}: two studies or two data "
            f"sets can be compared."
        )
    old, new = (entries_of(read_sealed(folder, CONFIG)) for folder in folders)
    seals = [manifest(folder) for folder in folders]
    sums = [
        {n: entry["sha256"] for n, entry in seal["files"].items() if "/" in n}
        for seal in seals
        if seal is not None
    ]
    return Difference(
        config.diff(*(kind.part(folder) for folder in folders)),
        {
            n: (old.get(n), new.get(n))
            for n in {**old, **new}
            if old.get(n) != new.get(n)
        },
        tuple(kind.outcomes(*folders)),
        sums[0] == sums[1] if len(sums) == 2 else None,
    )

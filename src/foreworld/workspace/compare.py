"""What differs between two runs, studies or data sets: configuration and results."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from foreworld.core.disk.folder import CONFIG, manifest, read_json
from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.core.parts import config
from foreworld.sweeps.folder import StudyFolder
from foreworld.sweeps.results.selection import Best, best
from foreworld.sweeps.study.find import KIND
from foreworld.workspace.load import DATA_KIND, kind_of

_MEASURES = ("auc", "final")


class Outcome(NamedTuple):
    """A measure of the best points of two studies; ``None`` where one has none."""

    measure: str
    metric: str
    a: Best | None
    b: Best | None


class Difference(NamedTuple):
    """What differs.

    Attributes
    ----------
    fields
        Values in a and in b by dotted path; ``None`` where one has no such field.
    versions
        The same for the versions of the packages that wrote them.
    outcomes
        Results of studies.
    same_bytes
        Whether all results are the same bytes; ``None`` where one is not finished.
    """

    fields: dict[str, tuple[Any, Any]]
    versions: dict[str, tuple[Any, Any]]
    outcomes: tuple[Outcome, ...]
    same_bytes: bool | None


def compare(a: str | Path, b: str | Path) -> Difference:
    """Compare two folders.

    Raises
    ------
    ConfigError
        They hold different kinds of things.
    DamagedError
        There is no such folder, or it is damaged.
    """
    folders = Path(a), Path(b)
    kinds = [kind_of(folder) for folder in folders]
    if kinds[0] != kinds[1] or kinds[0] not in (KIND, DATA_KIND):
        raise ConfigError(
            f"{a} is a {kinds[0]} and {b} is a {kinds[1]}: two studies or two data "
            f"sets can be compared."
        )
    said = [read_json(folder / CONFIG) for folder in folders]
    key = "study" if kinds[0] == KIND else "recipe"
    parts = [config.from_dict(one[key]) for one in said]
    studies = kinds[0] == KIND
    outcomes = [_outcome(m, *folders) for m in _MEASURES] if studies else []
    return Difference(
        config.diff(parts[0], parts[1]),
        _differing(said[0].get("versions", {}), said[1].get("versions", {})),
        tuple(outcome for outcome in outcomes if outcome is not None),
        _same_bytes(*folders),
    )


def _outcome(measure: str, a: Path, b: Path) -> Outcome | None:
    """Both best points by the score of the first, if anything is finished."""
    found = [_best(folder, measure) for folder in (a, b)]
    known = [one for one in found if one is not None]
    if not known:
        return None
    return Outcome(measure, known[0].metric, found[0], found[1])


def _best(folder: Path, measure: str) -> Best | None:
    try:
        return best(StudyFolder(folder), measure)
    except ForeworldError:
        return None


def _differing(a: dict[str, Any], b: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    names = dict.fromkeys((*a, *b))
    return {n: (a.get(n), b.get(n)) for n in names if a.get(n) != b.get(n)}


def _same_bytes(a: Path, b: Path) -> bool | None:
    seals = [manifest(folder) for folder in (a, b)]
    if seals[0] is None or seals[1] is None:
        return None
    sums = [
        {n: entry["sha256"] for n, entry in seal["files"].items() if "/" in n}
        for seal in seals
        if seal is not None
    ]
    return sums[0] == sums[1]

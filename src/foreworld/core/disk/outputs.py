"""Files that a person names for pictures, tables and pages: what they may replace."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from foreworld.core.disk.folder import CONFIG, read_json
from foreworld.core.disk.kind import kind_in
from foreworld.core.errors import DamagedError, OccupiedError


def check_free(path: Path, force: bool = False) -> None:
    """Refuse to replace a file that was not meant to be replaced.

    Parameters
    ----------
    path
        The file that is to be written.
    force
        Whether it may be replaced.

    Raises
    ------
    OccupiedError
        It is there, or it would lie in a folder of Foreworld's.
    """
    check_apart(path)
    if path.exists() and not path.is_dir() and not force:
        raise OccupiedError(
            f"{path} is there already. Choose another file with --out, or replace it "
            f"with --force."
        )


def check_apart(path: Path, own: Collection[str] = ()) -> None:
    """Refuse a file that would lie among those of a data set, a run or a study.

    Parameters
    ----------
    path
        The file or the folder that is to be written.
    own
        Names that it may have there.

    Raises
    ------
    OccupiedError
        It would, and is none of those.
    """
    place = path.resolve()
    for folder in (place, *place.parents):
        kind = _kind(folder)
        if kind is not None and str(place.relative_to(folder)) not in own:
            raise OccupiedError(
                f"{path} would lie in the {kind} {folder}, which holds nothing but its "
                f"own files. Choose another place with --out."
            )


def _kind(folder: Path) -> str | None:
    """What a folder of Foreworld's holds; ``None`` for all others."""
    if not (folder / CONFIG).is_file():
        return None
    try:
        config = read_json(folder / CONFIG)
    except DamagedError:
        return None
    ours = isinstance(config, dict) and "format" in config
    return kind_in(config) if ours else None

"""What exports of data sets share: what there is to write, and where it may lie."""

from __future__ import annotations

import glob
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from foreworld.core.disk.folder import read_json, remove, write_file, write_json
from foreworld.core.disk.outputs import check_apart
from foreworld.core.errors import DamagedError, OccupiedError
from foreworld.data.format.recipe import SPLITS
from foreworld.data.format.schema import PARAMETER
from foreworld.data.reading.dataset import DataSet
from foreworld.data.reading.split import Split

_OF_FOLDERS = ("index", "key", "valid")
"""Columns that only say where a sequence came from, and which frames there are."""
BATCH = 50
"""Sequences in memory at a time."""
_NOTE = ".exporting.json"


def filled(data: DataSet) -> list[Split]:
    """Splits that hold anything."""
    return [split for name in SPLITS if len(split := data.split(name))]


def left_out(data: DataSet, taken: Collection[str]) -> list[str]:
    """Columns of a data set that an export has no place for.

    Parameters
    ----------
    data
        What is exported.
    taken
        What it writes: names of columns, :data:`PARAMETER` for all parameters.
    """
    found: dict[str, None] = {}
    for split in filled(data):
        for name in split.columns:
            of_world = name.startswith(PARAMETER) and PARAMETER in taken
            if name not in (*taken, *_OF_FOLDERS) and not of_world:
                found[name] = None
    return list(found)


def write_all(
    files: Mapping[Path, Callable[[Path], None]],
    out: Path,
    what: Mapping[str, Any],
    force: bool,
) -> None:
    """Write the files of an export; killed, the same call writes what is missing.

    Meanwhile ``.exporting.json`` says what is being written, so that files of this
    export are told from others.

    Parameters
    ----------
    files
        What writes each file, given a temporary path.
    out
        Folder that they lie in.
    what
        What is exported and how: JSON values.
    force
        Replace files that are there.

    Raises
    ------
    OccupiedError
        A file is there that is not of this export, or the folder is a data set's.
    """
    check_apart(out)
    names = [str(path.relative_to(out)) for path in files]
    note, text = out / _NOTE, {"export": dict(what), "files": names}
    if not _is_begun(note, text):
        for path in files:
            if path.exists() and not force:
                raise OccupiedError(
                    f"{path} is there already. Choose another folder with --out, or "
                    f"replace it with --force."
                )
            remove(path)
        write_json(note, text)
    for path, write in files.items():
        if not path.exists():
            write_file(path, write)
    for path in (*files, note):
        # Halves that killed processes left.
        for half in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
            remove(half)
    remove(note)


def _is_begun(note: Path, text: dict[str, Any]) -> bool:
    try:
        return read_json(note) == text
    except DamagedError:
        return False

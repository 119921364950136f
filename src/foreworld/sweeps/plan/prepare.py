"""Makes a study's folder: its configuration and its plan, written once."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from foreworld.core.disk import life
from foreworld.core.disk.clutter import entries, is_half
from foreworld.core.disk.folder import (
    CONFIG,
    MANIFEST,
    checksum,
    make_folder,
    read_json,
    read_sealed,
    remove,
    write_json,
)
from foreworld.core.disk.kind import kind_in
from foreworld.core.disk.lease import lease
from foreworld.core.disk.life import LEASES
from foreworld.core.disk.names import inside
from foreworld.core.disk.places import runs_folder
from foreworld.core.errors import DamagedError, OccupiedError
from foreworld.core.own.made_with import made_with, settle
from foreworld.core.parts.config import to_dict
from foreworld.core.plain import say
from foreworld.launch.processes import LOGS
from foreworld.sweeps.plan._check import check_plan
from foreworld.sweeps.plan.plan import Chunk, Plan, make_plan
from foreworld.sweeps.study.find import FORMAT, KIND, name_in, read_study
from foreworld.sweeps.study.study import Study
from foreworld.train import checkpoint
from foreworld.train.sources import score_of

PLAN, CHUNKS, TABLE, PAGE = "plan.json", "chunks", "study.nc", "report.html"
LOCK = Path(LEASES, "plan")
"""Lock of the process that writes configuration and plan, or seals a study."""
_PATIENCE = 60.0
"""Seconds that workers have to end that were told to."""
_NAMED = 3
"""So many chunks are named in messages."""
_OURS = re.compile(
    r"(state|metrics|checkpoint-\d+)\.safetensors|manifest\.json|timing\.json|"
    r"journal\.jsonl|transcript-\d+\.jsonl|error\.txt|lock"
)
"""Files of a chunk."""


def output_folder(study: Study, out: str | Path | None = None) -> Path:
    """Where a study goes: ``out``, or its own place under ``runs/``.

    Parameters
    ----------
    study
        Its name, hash and root seed name its place.
    out
        Another folder; ``None`` for its own.
    """
    return runs_folder() / study.folder_name if out is None else Path(out)


def prepare(
    study: Study,
    folder: Path,
    *,
    workers: int = 1,
    threads: int = 0,
    width: int | None = None,
    force: bool = False,
    go_on: bool = False,
    stopping: bool = False,
) -> Plan:
    """Write configuration and plan, or read the plan that is there.

    Parameters
    ----------
    study
        What the folder is to hold.
    folder
        Made if it is not there.
    workers, threads, width
        As in :func:`~foreworld.sweeps.plan.plan.make_plan`; they count only where no
        plan is there yet.
    force
        Delete what an earlier study left in the folder, and plan anew.
    go_on
        Go on although code, versions or settings are others than it was begun with.
    stopping
        Whether work on the folder was told to stop just now; then it is waited for.

    Raises
    ------
    OccupiedError
        The folder holds something else, or others work on what is to be replaced.
    ChangedError
        It was begun with other code, versions or settings.
    ConfigError, FitError
        A point that cannot run.
    """
    if folder.exists() and not folder.is_dir():
        raise OccupiedError(f"{folder} is a file. Choose another folder with --out.")
    cleared = force and folder.is_dir() and _clear(folder, stopping)
    if not cleared:
        _check_free(study, folder)
    if width is not None:
        _forget_unused_plan(folder, width)
    if not (folder / PLAN).exists():
        # Everything is checked before anything is written.
        plan = make_plan(study, workers=workers, threads=threads, width=width)
        make_folder(folder)
        with lease(folder / LOCK, math.inf):
            # Another process may have written all this while this one waited, for
            # this study or for another one.
            if (folder / CONFIG).exists():
                _check_free(study, folder)
            if not (folder / PLAN).exists():
                # The plan comes last: where it is, the configuration is too.
                config = {
                    "kind": KIND,
                    "format": FORMAT,
                    "folder": study.folder_name,
                    "seed": study.base.seed,
                    "score": score_of(study.points()[0].parameters),
                    **made_with(study),
                    "study": to_dict(study),
                }
                life.begin(folder)
                write_json(folder / CONFIG, config)
                write_json(folder / PLAN, plan.to_dict())
    _check_free(study, folder)
    settle(folder, study, go_on, lambda: reached(folder))
    if not (folder / MANIFEST).exists():
        life.begin_once(folder)
    plan = read_plan(folder)
    if width is not None and width not in {group.width for group in plan.groups}:
        widths = ", ".join(str(group.width) for group in plan.groups)
        say(
            f"{folder} is planned with width {widths}, which stays: results depend on "
            f"it. --force plans anew and deletes what is finished."
        )
    return plan


def confirm(study: Study, folder: Path, plan: Plan) -> None:
    """Make sure, once at work, that the folder still holds what was prepared.

    Parameters
    ----------
    study, folder, plan
        What was asked for, where, and what :func:`prepare` gave.

    Raises
    ------
    OccupiedError
        Another process has replaced it since.
    """
    _check_free(study, folder)
    if read_plan(folder) != plan:
        raise OccupiedError(
            f"{folder} was begun anew by another process meanwhile. Run the same "
            f"command again."
        )


def reached(folder: Path) -> str:
    """How far a study is, in words; empty where nothing of it is trained.

    Parameters
    ----------
    folder
        Of the study, with its plan.
    """
    plan = read_plan(folder)
    begun, whole = [], 0
    for chunk in plan.chunks:
        place, training = folder / chunk.folder_name, plan.groups[chunk.group].training
        if (place / MANIFEST).exists():
            whole += 1
        elif saved := checkpoint.reached(place):
            total = training.budget.num_updates
            one = f" of chunk {chunk.index}" if len(plan.chunks) > 1 else ""
            begun.append(f"update {saved[0]:,} of {total:,}{one}")
    words = [f"{whole} of {len(plan.chunks)} chunks"] if whole else []
    more = [f"{len(begun) - _NAMED} more chunks"] if len(begun) > _NAMED else []
    return ", ".join([*words, *begun[:_NAMED], *more])


def chunk_lock(folder: Path, chunk: Chunk) -> Path:
    """Lock file that a process holds while it trains a chunk.

    Parameters
    ----------
    folder, chunk
        Of the study, and one of its plan.
    """
    return folder / LEASES / f"chunk-{chunk.index:03d}"


def names_of(folder: Path, chunk: Chunk) -> dict[str, Any] | None:
    """What the files of a chunk say that they belong to.

    Parameters
    ----------
    folder, chunk
        Of the study, and one of its plan.

    Returns
    -------
    dict or None
        JSON values; ``None`` for studies of format 2, whose files do not say it.
    """
    data = read_sealed(folder, CONFIG)
    if data.get("format") != FORMAT:
        return None
    return {
        "study": data.get("folder"),
        "plan": checksum(folder / PLAN)[:16],
        "chunk": chunk.index,
        "runs": [list(run) for run in chunk.runs],
    }


def read_plan(folder: Path) -> Plan:
    """The plan of a study's folder.

    Raises
    ------
    DamagedError
        It is missing or damaged.
    """
    try:
        plan = Plan.from_dict(read_sealed(folder, PLAN))
        check_plan(plan, read_study(folder))
        for chunk in plan.chunks:
            inside(folder, chunk.folder_name)
        inside(folder, LOGS)
        return plan
    except DamagedError as error:
        raise DamagedError(
            f"{error} ({folder / PLAN}). Delete the folder or run with --force to "
            f"begin anew."
        ) from error


def strangers(folder: Path) -> list[str]:
    """Names of what lies among a study's chunks and was not written by it."""
    found = []
    chunks = folder / CHUNKS
    for place in entries(chunks) if chunks.is_dir() and not chunks.is_symlink() else ():
        # Of a link nothing but itself is ever deleted.
        if place.is_symlink():
            continue
        if not (place.name.isdecimal() and place.is_dir()):
            found.append(place)
        else:
            found += [p for p in entries(place) if not _OURS.fullmatch(p.name)]
    kept = (path for path in found if not is_half(path))
    return sorted(path.relative_to(folder).as_posix() for path in kept)


def _forget_unused_plan(folder: Path, width: int) -> None:
    """Delete a plan of another width if no results or checkpoints depend on it yet."""
    if not (folder / PLAN).exists():
        return
    plan = read_plan(folder)
    if width in {group.width for group in plan.groups}:
        return
    with lease(folder / LOCK, math.inf), life.alone(folder) as alone:
        places = [folder / chunk.folder_name for chunk in plan.chunks]
        if alone and not any(
            (place / MANIFEST).exists() or checkpoint.checkpoints(place)
            for place in places
        ):
            remove(folder / PLAN)
            remove(folder / CHUNKS)


def _check_free(study: Study, folder: Path) -> None:
    """Refuse a folder that holds anything but this study."""
    # Hidden files are locks, and halves of files that were never put in place.
    if not folder.exists() or all(p.name.startswith(".") for p in entries(folder)):
        return
    if not (folder / CONFIG).exists():
        raise OccupiedError(
            f"{folder} holds other files and no study. Choose another folder with "
            f"--out; it is not overwritten."
        )
    kind = kind_in(read_json(folder / CONFIG))
    if kind != KIND:
        raise OccupiedError(
            f"{folder} holds a {kind or 'folder of another kind'}, not this study. "
            f"Choose another folder with --out; it is not overwritten."
        )
    there = name_in(folder)
    if there != study.folder_name:
        raise OccupiedError(
            f"{folder} holds another study ({there}) than the one asked "
            f"for ({study.folder_name}). Choose another folder with --out, or delete "
            f"the one that is there with --force."
        )


def _clear(folder: Path, stopping: bool) -> bool:
    """Delete what a study wrote, and nothing else; whether there was one."""
    if not (folder / CONFIG).exists() or kind_in(read_json(folder / CONFIG)) != KIND:
        return False
    if strange := strangers(folder):
        raise OccupiedError(
            f"{folder} also holds {', '.join(strange[:5])}, which Foreworld did not "
            f"make. Move that away first."
        )
    with life.alone(folder, _PATIENCE if stopping else 0.0) as mine:
        if not mine:
            raise OccupiedError(
                f"{folder} is not replaced: {life.workers(folder)}. 'foreworld cancel "
                f"{folder}' stops it."
            )
        # The finished marker goes first and the configuration last: a kill in between
        # leaves the folder of an unfinished study, which --force deletes again.
        others = (CHUNKS, "logs", TABLE, "tracker.json", PAGE)
        for name in (MANIFEST, PLAN, *others, CONFIG):
            remove(folder / name)
    return True

"""The folder of a data set: who may use it, what is missing in it, and its seal."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from foreworld.core.disk.folder import (
    CONFIG,
    MANIFEST,
    StorageError,
    lease,
    manifest,
    read_json,
    remove,
    seal,
    write_json,
)
from foreworld.core.errors import DamagedError, OccupiedError
from foreworld.core.parts.config import flat, to_dict
from foreworld.core.parts.part import Part
from foreworld.data.format.recipe import KIND, SPLITS, Recipe, Shard, write_config
from foreworld.data.format.store.find import find_store

LOGS = "logs"
"""Where launchers put what workers print."""
LEASES = ".leases"
"""Folder of lock files; it goes when the data set is finished."""


def prepare(folder: Path, recipe: Recipe, force: bool) -> None:
    """Leave a folder that holds this recipe and, perhaps, some of its shards.

    Raises
    ------
    OccupiedError
        It holds something else: another data set (``force`` replaces that), or files
        that are none of ours (which are never touched).
    DamagedError
        It is finished, and its marker was altered.
    """
    if folder.exists() and not folder.is_dir():
        raise OccupiedError(f"{folder} is a file. Choose another folder with --out.")
    entries = sorted(p.name for p in folder.iterdir()) if folder.exists() else []
    ours = {CONFIG, MANIFEST, LEASES, LOGS, *SPLITS}
    foreign = [n for n in entries if n not in ours and not n.endswith(".part")]
    if foreign or (CONFIG not in entries and set(SPLITS) & set(entries)):
        listing = ", ".join((foreign or entries)[:5])
        raise OccupiedError(
            f"{folder} holds something that is no data set: {listing}. Choose another "
            f"folder with --out, or move that away."
        )
    config = write_config(recipe)
    if CONFIG in entries:
        differing = difference(folder, config, KIND)
        if not differing:
            _drop_broken(folder)
            return
        if not force:
            raise OccupiedError(
                f"{folder} holds another data set ({differing}). Choose another "
                f"folder with --out, or replace it with --force."
            )
        _remove(folder)
    write_json(folder / CONFIG, config)


def difference(folder: Path, config: dict[str, Any], kind: str) -> str:
    """How what a folder holds differs from what is wanted; empty if not.

    Parameters
    ----------
    config
        What ``config.json`` should be.
    kind
        Of what kind both are.

    Raises
    ------
    OccupiedError
        The folder holds something of another kind.
    """
    try:
        old = read_json(folder / CONFIG)
    except DamagedError:
        return f"its {CONFIG} is damaged"
    if not isinstance(old, dict) or old.get("kind") != kind:
        raise OccupiedError(
            f"{folder} holds something else, which is no {kind}: see "
            f"{folder / CONFIG}. Choose another folder with --out."
        )
    same = ("format", "recipe")
    old_flat = flat({name: old.get(name) for name in same})
    new_flat = flat({name: config[name] for name in same})
    paths = [p for p in {**old_flat, **new_flat} if old_flat.get(p) != new_flat.get(p)]
    words = [
        f"{path.removeprefix('recipe.')} is {old_flat.get(path)!r}, "
        f"asked for {new_flat.get(path)!r}"
        for path in paths
    ]
    return "; ".join(words[:4]) + ("; ..." if len(words) > 4 else "")


def _drop_broken(folder: Path) -> None:
    """Open a finished folder again where files are missing or were cut short."""
    marker = manifest(folder)
    if marker is None:
        return
    sizes = {folder / name: entry["bytes"] for name, entry in marker["files"].items()}
    broken = [p for p, n in sizes.items() if not p.is_file() or p.stat().st_size != n]
    if broken:
        for path in (folder / MANIFEST, *broken):
            remove(path)


def _remove(folder: Path) -> None:
    # The marker goes first: a kill in between leaves an unfinished folder.
    for name in (MANIFEST, *SPLITS, LEASES, LOGS, CONFIG):
        remove(folder / name)


def shard_path(folder: Path, recipe: Recipe, shard: Shard) -> Path:
    """Where a shard lies."""
    return folder / shard.split / f"{shard.stem}{find_store(recipe.store).suffix}"


def missing(folder: Path, recipe: Recipe) -> list[Shard]:
    """Shards that are still to be made."""
    return [s for s in recipe.shards() if not shard_path(folder, recipe, s).exists()]


def num_made(folder: Path, recipe: Recipe) -> int:
    """Sequences in the shards that are there."""
    still = sum(shard.stop - shard.start for shard in missing(folder, recipe))
    return sum(recipe.sizes.values()) - still


def finish(folder: Path, recipe: Recipe) -> None:
    """Seal a complete folder, unless that is done or being done."""
    if manifest(folder) is not None:
        return
    with lease(folder / LEASES / "seal") as mine:
        if not mine or manifest(folder) is not None:
            return
        paths = [shard_path(folder, recipe, shard) for shard in recipe.shards()]
        redrawn = sum(_redrawn(recipe, path) for path in paths)
        names = [CONFIG, *(str(path.relative_to(folder)) for path in paths)]
        info = {"kind": KIND, "identity": recipe.identity, "redrawn": redrawn}
        if isinstance(recipe.policy, Part):
            info["policy"] = to_dict(recipe.policy)
        seal(folder, names, info)
        with contextlib.suppress(StorageError):
            # Empty files that say nothing: the data set is finished without this.
            remove(folder / LEASES)


def _redrawn(recipe: Recipe, path: Path) -> int:
    try:
        with contextlib.closing(find_store(recipe.store).reader(path)) as shard:
            return int(shard.attributes()["redrawn"])
    except (DamagedError, KeyError, TypeError, ValueError) as error:
        said = str(error) if isinstance(error, DamagedError) else f"{path} is damaged."
        raise DamagedError(
            f"{said} Delete it and run the same command again: it is made anew."
        ) from error

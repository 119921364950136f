"""Makes data sets from a person's own recordings, in the written format of all.

``import_data`` splits the recorded sequences, cuts them to one length and writes
shards. It can be interrupted and run again: what is finished is kept.
"""

from __future__ import annotations

import hashlib
import itertools
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from foreworld.core.disk.folder import checksum, manifest
from foreworld.core.disk.places import expanded
from foreworld.core.errors import ConfigError
from foreworld.core.parts.types import checked
from foreworld.core.plain import counted
from foreworld.core.progress import Progress
from foreworld.data.exchange.described import Described, describe
from foreworld.data.exchange.pieces import Piece, cut, write_pieces
from foreworld.data.exchange.recordings.account import (
    Account,
    Options,
    Reel,
    listed,
)
from foreworld.data.exchange.recordings.find import find_reels
from foreworld.data.exchange.recordings.layout import check_axes
from foreworld.data.format.folder import prepare
from foreworld.data.format.observation import Observation
from foreworld.data.format.recipe import (
    CHUNK_LEN,
    SPLITS,
    NumFrames,
    Recipe,
    Seed,
    TaskRecipe,
    shard_len,
)
from foreworld.data.format.schema import BROUGHT
from foreworld.data.reading.dataset import DataSet, open_dataset
from foreworld.worlds.base import Family

SHARE = 0.1
"""Of the sequences, to choose by and to report each, where nobody says."""
_FIRST = ("image", "state", "action", "reward", "terminated", "valid")
"""Columns whose names in the files always count in what a data set is called."""


def import_data(
    files: Sequence[str | Path] | str | Path,
    out: str | Path,
    *,
    val: float | None = None,
    test: float | None = None,
    seed: int = 0,
    num_frames: int | None = None,
    names: dict[str, str] | None = None,
    axes: str = "",
    drop_last_action: bool = False,
    background: str = "black",
    force: bool = False,
    quiet: bool = False,
) -> DataSet:
    """Make a data set from recordings.

    Parameters
    ----------
    files
        NPZ, NPY, HDF5 or MATLAB files with an array ``image`` or ``state`` and, if
        there are, ``action``, ``reward``, ``terminated``, ``truncated``, ``valid``
        (true for the first frames of each sequence), ``time``, ``mode``, ``label``,
        ``dt`` and ``parameters/...``; films (GIF, TIFF, WebP, MP4); folders of frames
        (one sequence); folders of these; such folders as ``train``, ``val``, ``test``.
    out
        Folder of the data set.
    val, test
        Fractions of the recorded sequences to choose by and to report; the rest is to
        train on. Which ones is drawn with ``seed``. ``None`` for a tenth each, or for
        the splits that the folders are.
    seed
        Root seed of the draw of splits.
    num_frames
        Cut sequences into pieces of this many frames, all of one sequence in the same
        split; what is left over is dropped. ``None`` keeps whole sequences and fills
        shorter ones up with their last frame, marked as not valid.
    names
        What arrays are called in the files, where it is not as above; an empty name
        leaves one out.
    axes
        What the axes of frames are, such as ``"tnhw"``; empty for a guess.
    drop_last_action
        Leave out the last action, reward and end of each sequence, where there are as
        many as frames.
    background
        Colour that transparent pictures are laid over: a name, or ``"#rrggbb"``.
    force
        Replace another data set that lies in the folder.
    quiet
        Print neither progress nor what was taken.

    Raises
    ------
    ConfigError
        Files that cannot be read; shapes, types, values or fractions that cannot be
        used; the same recording twice.
    OccupiedError
        The folder holds something else.
    StorageError
        The disk is full or refuses; what is finished is kept.

    Warns
    -----
    UserWarning
        Something was left out or assumed; says what and why.
    """
    paths = [expanded(p) for p in ([files] if isinstance(files, str | Path) else files)]
    seed = checked("seed", seed, Seed)
    if num_frames is not None:
        num_frames = checked("num_frames", num_frames, NumFrames)
    options = _options(names, axes, drop_last_action, background)
    account = Account()
    reels = find_reels(paths, options, account)
    longest = max((reel.num_frames for reel in reels), default=0)
    length = longest if num_frames is None else num_frames
    if length < 2:
        raise ConfigError(
            f"sequences of {counted(length, 'frame')} cannot be learned from: at "
            f"least 2 are needed."
        )
    order = _split(reels, val, test, seed)
    found = describe(reels, account, length)
    pieces = cut(reels, order, found.num_valid, num_frames)
    world = found.world.replace(contents=_contents(reels, options, account, found))
    some = shard_len(sum(column.sequence_bytes for column in found.columns), CHUNK_LEN)
    sizes: dict[str, Any] = {name: len(found) for name, found in pieces.items()}
    seen = Observation(images="image" in world.columns)
    task = TaskRecipe(
        Family(world),
        seed=seed,
        num_frames=length,
        shard_len=some,
        observation=seen,
        **sizes,
    )
    for line in account.warnings():
        warnings.warn(line, stacklevel=2)
    if not quiet:
        lines = [
            *_taken(reels, account),
            *_dropped(reels, pieces, found.num_valid, length),
        ]
        print(*lines, sep="\n", file=sys.stderr)
    folder = expanded(out)
    prepare(folder, Recipe.plain(task), lambda: {"": found.columns}, force)
    with Progress(f"import to {folder}", len(reels), "sequences", quiet) as progress:
        if manifest(folder) is None:
            progress.update(0)
            write_pieces(folder, task, found.columns, pieces, reels)
        progress.update(len(reels))
    return open_dataset(folder)


def _options(
    names: dict[str, str] | None, axes: str, drop: bool, background: str
) -> Options:
    from PIL import ImageColor

    for name in names or {}:
        if name not in BROUGHT:
            raise ConfigError(
                f"names has {name!r}; what can be brought is {', '.join(BROUGHT)}."
            )
    try:
        colour = ImageColor.getrgb(background)[:3]
    except ValueError as error:
        raise ConfigError(
            f"background={background!r} is no colour: give a name such as white, or "
            f"#rrggbb."
        ) from error
    called = {**{key: key for key in BROUGHT}, **(names or {})}
    return Options(called, check_axes(axes), drop, colour)


def _split(
    reels: list[Reel], val: float | None, test: float | None, seed: int
) -> dict[str, list[int]]:
    """Sequences by split: as they were given, or in an order drawn with the seed."""
    given = [reel for reel in reels if reel.split]
    if given:
        if len(given) < len(reels):
            other = next(reel for reel in reels if not reel.split)
            raise ConfigError(
                f"{given[0].source} is of the split {given[0].split}, and "
                f"{other.source} of none. Import either splits or sequences."
            )
        if val is not None or test is not None:
            raise ConfigError(
                f"val={val} and test={test}: the folders are splits already. Leave "
                f"val and test out, or import the folders' sequences by themselves."
            )
        chosen = {s: [i for i, r in enumerate(reels) if r.split == s] for s in SPLITS}
        if not chosen["train"]:
            raise ConfigError("there are no sequences to train on: train is missing.")
        return chosen
    num, sizes = len(reels), {"train": len(reels)}
    shares = {n: SHARE if s is None else s for n, s in (("val", val), ("test", test))}
    for name, share in shares.items():
        if not 0 <= share < 1:
            raise ConfigError(
                f"{name}={share} must be a fraction of at least 0, below 1."
            )
        sizes[name] = max(1, round(share * num)) if share else 0
        sizes["train"] -= sizes[name]
    if sizes["train"] < 1:
        raise ConfigError(
            f"{counted(num, 'recorded sequence')} cannot be shared out with "
            f"val={shares['val']} and test={shares['test']}: none is left to train on. "
            f"Make them smaller or 0, or record more."
        )
    order = iter(np.random.default_rng(seed).permutation(num).tolist())
    return {name: list(itertools.islice(order, sizes[name])) for name in SPLITS}


def _contents(
    reels: list[Reel], options: Options, account: Account, found: Described
) -> str:
    """16 digits that change with whatever is imported."""
    # Only what is in use counts, so that new options rename no data set.
    names = {
        key: name
        for key, name in options.names.items()
        if key in _FIRST or any(column.startswith(key) for column in found.columns_read)
    }
    digest = hashlib.sha256(repr(sorted(names.items())).encode())
    for file in dict.fromkeys(file for reel in reels for file in reel.files):
        digest.update(checksum(file).encode())
    used = [*sorted(account.rules)]
    used += [f"axes {options.axes}"] if options.axes else []
    used += ["drop_last_action"] if options.drop_last_action else []
    used += [r.split for r in reels if r.split]
    frames = [reel.num_frames for reel in reels]
    if "valid" not in found.columns_read and found.num_valid != frames:
        used += ["valid up to the end"]
    if used:
        digest.update(repr(used).encode())
    return digest.hexdigest()[:16]


def _taken(reels: list[Reel], account: Account) -> list[str]:
    """What was taken, a line for each source."""
    lines = []
    for source, ours in itertools.groupby(reels, key=lambda reel: reel.source):
        group = list(ours)
        lengths = sorted({reel.num_frames for reel in group})
        frames = counted(lengths[-1], "frame")
        frames = f"{lengths[0]} to {frames}" if len(lengths) > 1 else frames
        split = f" for {group[0].split}" if group[0].split else ""
        read = f"; {account.shapes[source]}" if source in account.shapes else ""
        some = counted(len(group), "sequence")
        lines.append(f"taken{split}: {source}, {some} of {frames}{read}")
    if len(lines) > 10:
        lines = [*lines[:9], f"... and {len(lines) - 9} more files and folders"]
    rules = [f"pixels: {rule}" for rule in account.rules]
    said = [f"read: {what}, in {listed(some)}" for what, some in account.said.items()]
    return [*lines, *rules, *said]


def _dropped(
    reels: list[Reel],
    pieces: dict[str, list[Piece]],
    num_valid: list[int],
    num_frames: int,
) -> list[str]:
    """What of the sequences is in no piece."""
    used = [0] * len(reels)
    for i, start in itertools.chain(*pieces.values()):
        used[i] = max(used[i], min(start + num_frames, reels[i].num_frames))
    over = sum(max(0, valid - n) for valid, n in zip(num_valid, used, strict=True))
    ends = zip(reels, num_valid, used, strict=True)
    void = sum(reel.num_frames - max(valid, n) for reel, valid, n in ends)
    lines = [f"dropped: {counted(over, 'frame')} that fill no piece of {num_frames}"]
    lines = lines if over else []
    if void:
        lines.append(f"dropped: {counted(void, 'frame')} that are not valid")
    return lines

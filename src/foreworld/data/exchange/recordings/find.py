"""All recorded sequences in what a person names: files, folders, folders of folders.

What lies in a folder is sorted into frames, films, files of arrays, folders and the
rest. Only one kind of them can be the sequences; the rest is named in the account.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from foreworld.core.disk.clutter import is_clutter
from foreworld.core.errors import ConfigError
from foreworld.data.exchange.recordings.account import (
    Account,
    Arrays,
    Options,
    Reel,
    listed,
)
from foreworld.data.exchange.recordings.clock import with_times
from foreworld.data.exchange.recordings.formats.hdf5 import HDF5, hdf5_reels
from foreworld.data.exchange.recordings.formats.matlab import matlab_reels
from foreworld.data.exchange.recordings.formats.npz import npy_reels, npz_reels
from foreworld.data.exchange.recordings.formats.video import (
    FILMS,
    num_frames,
    read_video,
)
from foreworld.data.exchange.recordings.guard import check_file, check_memory
from foreworld.data.exchange.recordings.order import in_order, natural
from foreworld.data.exchange.recordings.pixels import (
    FORMATS,
    alike,
    durations,
    num_pictures,
    read_film,
    read_picture,
    size_of,
)
from foreworld.data.format.recipe import SPLITS

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}
"""Names of folders and files that are splits already."""
_Reader = Callable[[Path, Options, Account], list[Reel]]
_ARRAYS: dict[str, _Reader] = {
    ".npz": npz_reels,
    ".npy": npy_reels,
    ".mat": matlab_reels,
    **dict.fromkeys(HDF5, hdf5_reels),
}
_ENDINGS = (
    f"a file must end in {', '.join(_ARRAYS)} (arrays), {', '.join(FILMS)} (films) or "
    f".gif, .tif, .webp (films too); images come in folders, one for each sequence."
)


def find_reels(paths: Sequence[Path], options: Options, account: Account) -> list[Reel]:
    """All sequences in some files and folders.

    Parameters
    ----------
    paths, options, account
        The files and folders, how they are read, and where is said what was left out.

    Raises
    ------
    ConfigError
        Nothing there that can be imported, or something that is not clear.
    """
    for path in paths:
        if not path.exists():
            raise ConfigError(f"no such file or folder: {path}.")
    splits = _splits(paths)
    if len(splits) > 1 and sum(map(len, splits.values())) == len(paths):
        reels = _of_splits(splits, options, account)
    else:
        reels = [reel for path in paths for reel in _reels(path, options, account)]
    return with_times(reels, options, account)


def _reels(path: Path, options: Options, account: Account) -> list[Reel]:
    if path.is_dir():
        return _folder(path, options, account, within=False)
    return _file(path, options, account)


def _file(path: Path, options: Options, account: Account) -> list[Reel]:
    suffix = path.suffix.lower()
    if suffix not in (*_ARRAYS, *FILMS, *FORMATS):
        raise ConfigError(f"{path} cannot be imported: {_ENDINGS}")
    check_file(path)
    if suffix in _ARRAYS:
        return _ARRAYS[suffix](path, options, account)
    account.take((path,), path)
    shown: tuple[float, ...] = ()
    if suffix in FILMS:
        num, read = num_frames(path), functools.partial(read_video, path)
    else:
        shown = durations(path)
        num, read = len(shown), functools.partial(read_film, path, options, account)
        if num == 1:
            raise ConfigError(
                f"{path} is one picture and no sequence. Put the frames of a sequence "
                f"into a folder, and name that."
            )
    take = functools.partial(_image, read)
    return [Reel(str(path), num, take, path, (path,), shown=shown)]


def _image(read: Callable[[], np.ndarray]) -> Arrays:
    return {"image": read()}


def _folder(path: Path, options: Options, account: Account, within: bool) -> list[Reel]:
    """The sequences in a folder, or the one whose frames it holds."""
    kinds = _sorted_out(path, account)
    frames = kinds["images"]
    folders = kinds["folders"] = _with_sequences(kinds["folders"], account)
    known = [*folders, *kinds["files of sequences"]]
    splits = {} if within or frames else _splits(known)
    others = [p for p in known if not _split_of(p)]
    if len(splits) > 1 and "train" not in splits and not others:
        raise ConfigError(
            f"{path} holds {' and '.join(splits)}, and no train with sequences in it: "
            f"there is nothing to train on. Add train, or name the sequences one by "
            f"one, and splits are drawn among them."
        )
    if "train" in splits:
        if others:
            raise ConfigError(
                f"{path} holds the splits {', '.join(splits)} and also "
                f"{listed([p.name for p in others])}. Move what is no split away."
            )
        return _of_splits(splits, options, account)
    if within and not frames:
        for folder in folders:
            account.leave(folder, "folders too deep (name them themselves)")
        folders = kinds["folders"] = []
    there = [kind for kind, some in kinds.items() if some]
    if len(there) > 1:
        told = "; ".join(
            f"{kind} ({listed([p.name for p in kinds[kind]])})" for kind in there
        )
        raise ConfigError(
            f"{path} holds {told}: it is not clear which of them are the sequences. "
            f"Move the others away, or name the sequences one by one."
        )
    if frames:
        return [_still_reel(path, in_order(path, frames, account), options, account)]
    reels = [r for p in kinds["files of sequences"] for r in _file(p, options, account)]
    for folder in folders:
        reels += _folder(folder, options, account, within=True)
    if not reels and not within and folders:
        raise ConfigError(
            f"{path} holds folders ({listed([p.name for p in folders])}) in which "
            f"there are only folders again. Name those that hold the sequences "
            f"themselves."
        )
    if not reels and not within:
        raise ConfigError(
            f"{path} holds no images ({', '.join(FORMATS)}), no files of sequences, "
            f"and no folder of either. Put the frames of each sequence into a folder "
            f"of its own."
        )
    return reels


def _with_sequences(folders: list[Path], account: Account) -> list[Path]:
    """Those in which there is anything that can be read; the others are left out."""
    known, some = {*FORMATS, *_ARRAYS, *FILMS}, []
    for folder in folders:
        if any(path.suffix.lower() in known for path in folder.rglob("*")):
            some.append(folder)
        else:
            account.leave(folder, "no images, films or arrays in it")
    return some


def _sorted_out(path: Path, account: Account) -> dict[str, list[Path]]:
    """What lies in a folder, by what it can be."""
    kinds: dict[str, list[Path]] = {
        "images": [],
        "files of sequences": [],
        "folders": [],
    }
    for entry in sorted(path.iterdir(), key=natural):
        suffix = entry.suffix.lower()
        if is_clutter(entry.name) or entry.name.startswith("."):
            continue
        if entry.is_dir():
            kinds["folders"].append(entry)
        elif suffix in FORMATS:
            check_file(entry)
            several = num_pictures(entry) > 1
            kinds["files of sequences" if several else "images"].append(entry)
        elif suffix in (*_ARRAYS, *FILMS):
            kinds["files of sequences"].append(entry)
        else:
            account.leave(entry, "files of a kind that is not read")
    return kinds


def _split_of(path: Path) -> str:
    """The split that a folder or file is named as; empty for none."""
    return SPLIT_NAMES.get(path.stem.lower(), "")


def _splits(paths: Iterable[Path]) -> dict[str, list[Path]]:
    """Those paths that are named as splits, by split."""
    found: dict[str, list[Path]] = {}
    for path in paths:
        found.setdefault(_split_of(path), []).append(path)
    return {split: found[split] for split in SPLITS if split in found}


def _of_splits(
    splits: dict[str, list[Path]], options: Options, account: Account
) -> list[Reel]:
    return [
        replace(reel, split=split)
        for split, paths in splits.items()
        for path in paths
        for reel in _reels(path, options, account)
    ]


def _still_reel(
    folder: Path, files: list[Path], options: Options, account: Account
) -> Reel:
    account.take(tuple(files), folder)
    read = functools.partial(_read_stills, files, options, account)
    return Reel(str(folder), len(files), read, folder, tuple(files))


def _read_stills(files: list[Path], options: Options, account: Account) -> Arrays:
    first = read_picture(files[0], options, account)
    check_memory(files[0].parent, 2 * len(files) * first.nbytes)
    frames = [first, *(read_picture(file, options, account) for file in files[1:])]
    for file, frame in zip(files, frames, strict=True):
        if frame.shape[:2] != frames[0].shape[:2]:
            raise ConfigError(
                f"{file} is {size_of(frame)}, but {files[0]} is {size_of(frames[0])}. "
                f"All frames must have one size."
            )
    return {"image": alike(frames)}

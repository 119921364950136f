"""What recorded sequences hold: every one is read once, so that all agree."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foreworld.core.errors import ConfigError
from foreworld.data.exchange.recordings.account import (
    MOST,
    Account,
    Arrays,
    Reel,
    listed,
)
from foreworld.data.exchange.recordings.episode import valid_frames
from foreworld.data.exchange.recordings.values import SIXTEEN
from foreworld.data.format.schema import (
    BROUGHT,
    PARAMETER,
    RECORDED,
    Column,
    axis_of,
    recorded_columns,
)
from foreworld.worlds.adapters._recording import Recording

_Kinds = dict[str, tuple[tuple[int, ...], str]]
"""Shape of an entry, and dtype, by column."""
_Twice = tuple[Reel, Reel, int]
"""A sequence, an earlier one that is stored as the same, and their valid frames."""
_WIDE = 64
"""Shades below which frames of 16 bits were narrow: 14 bits leave 64 of 256."""


@dataclass(frozen=True)
class Described:
    """What the sequences have in common.

    Attributes
    ----------
    world
        Stands for the recorded one.
    columns
        Of the data set.
    columns_read
        Names of those that were in the files.
    num_valid
        Valid frames of each sequence.
    """

    world: Recording
    columns: tuple[Column, ...]
    columns_read: tuple[str, ...]
    num_valid: list[int]


def describe(reels: list[Reel], account: Account, num_frames: int) -> Described:
    """Read all sequences.

    Parameters
    ----------
    reels
        The sequences.
    account
        Where is said what is strange about them.
    num_frames
        Frames of a sequence of the data set.

    Raises
    ------
    ConfigError
        They differ in arrays, shapes or types, or hold values that cannot be stored.
    """
    first: _Kinds = {}
    num_actions, num_valid = 0, []
    brightest: dict[Path, int] = {}
    seen: dict[bytes, Reel] = {}
    twice: list[_Twice] = []
    for reel in reels:
        arrays = reel.read()
        kinds = {k: (_entry(k, a), str(a.dtype)) for k, a in arrays.items()}
        first = first or kinds
        if kinds != first:
            raise ConfigError(
                f"{reel.where} has {_words(kinds)}, but {reels[0].where} has "
                f"{_words(first)}. All sequences must have the same arrays, shapes and "
                f"types."
            )
        if "action" in kinds and kinds["action"][1] == "int32":
            most = int(arrays["action"].max(initial=0)) + 1
            num_actions = max(num_actions, most, reel.num_choices)
        if "image" in arrays:
            most = int(arrays["image"].max())
            brightest[reel.source] = max(brightest.get(reel.source, 0), most)
        num_valid.append(int(valid_frames(arrays, reel.num_frames).sum()))
        before = seen.setdefault(_digest(arrays, num_valid[-1]), reel)
        if before is not reel:
            twice.append((reel, before, num_valid[-1]))
    dark = _dark(account, brightest)
    _check_once(reels, twice, dark)
    _note(account, reels, dark or _narrow(account, brightest))
    if "valid" not in first:
        _note_ends(account, reels, num_valid)
    shapes = {name: first[name][0] for name in RECORDED if name in first}
    drawn = tuple(sorted(name for name in first if name.startswith(PARAMETER)))
    world = Recording(
        frame=shapes.get("image", (0, 0, 0)),  # type: ignore[arg-type]
        columns=(*shapes, *drawn),
        state_size=shapes.get("state", (0,))[0],
        num_actions=num_actions,
        action_shape=() if num_actions else shapes.get("action", ()),
    )
    columns = recorded_columns(first, num_frames)
    return Described(world, columns, tuple(first), num_valid)


def _entry(key: str, array: object) -> tuple[int, ...]:
    shape = array.shape  # type: ignore[attr-defined]
    return shape if axis_of(key) == "none" else shape[1:]


def _words(kinds: _Kinds) -> str:
    return ", ".join(f"{name} {dtype}{shape}" for name, (shape, dtype) in kinds.items())


def _digest(arrays: Arrays, num_valid: int) -> bytes:
    """What is recorded: what fills a sequence up after its end does not count."""
    digest = hashlib.blake2b(digest_size=16)
    for name, array in sorted(arrays.items()):
        if name == "valid":
            continue
        part = _before_end(name, array, num_valid)
        digest.update(f"{name} {part.dtype} {part.shape}".encode())
        digest.update(np.ascontiguousarray(part).data)
    return digest.digest()


def _before_end(name: str, array: np.ndarray, num_valid: int) -> np.ndarray:
    ends = {"frame": num_valid, "step": num_valid - 1}
    axis = axis_of(name)
    return array[: ends[axis]] if axis in ends else array


def _dark(account: Account, brightest: dict[Path, int]) -> str:
    """What is said of frames that are as good as black; empty for none."""
    dark = [str(source) for source, most in brightest.items() if most <= 1]
    if not dark:
        return ""
    eight = " 16 bits are divided by 257: save 8 bits as uint8."
    return (
        f"no frame is brighter than 1 of 255 in {listed(dark)}: masks of 0 and 1 are "
        f"black to the eye and to every learner. Bring them as truths or floats, or "
        f"multiplied by 255.{eight if SIXTEEN in account.rules else ''}"
    )


def _narrow(account: Account, brightest: dict[Path, int]) -> str:
    """What is said where division left little of 16 bits; empty where it did not."""
    few = [str(source) for source, most in brightest.items() if most < _WIDE]
    if SIXTEEN not in account.rules or not few:
        return ""
    most = max(most for most in brightest.values() if most < _WIDE)
    return (
        f"no frame is brighter than {most} of 255 in {listed(few)}: pixels of 16 bits "
        f"are divided by 257, and these use only the lowest part of their range (as 10 "
        f"or 12 bits of a camera do), so that {most + 1} shades are left. Multiply "
        f"them first, so that white is near 65535."
    )


def _check_once(reels: list[Reel], twice: list[_Twice], dark: str) -> None:
    if not twice:
        return
    pairs = listed([f"{reel.where} and {other.where}" for reel, other, _ in twice])
    also = f" And {dark}" if dark else ""
    if rounded := _rounded(twice):
        raise ConfigError(
            f"{len(twice)} of {len(reels)} sequences hold the same as another one once "
            f"they are stored: {pairs}. In the files they differ ({rounded}), by less "
            f"than float32, or 8 bits of frames, can tell apart. Subtract the offset "
            f"that all have, or choose another unit.{also}"
        )
    raise ConfigError(
        f"{len(twice)} of {len(reels)} sequences hold the same as another one: "
        f"{pairs}. The same recording in train and test would make every score "
        f"too good. Leave one of each out.{also}"
    )


def _rounded(twice: list[_Twice]) -> str:
    """Arrays that are equal only as they are stored; empty where a pair is the same."""
    found: dict[str, None] = {}
    for reel, other, num_valid in twice[:MOST]:
        if reel.recorded is None or other.recorded is None:
            return ""
        one, two = reel.recorded(), other.recorded()
        # Clocks begin at any time, and are stored from 0.
        differ = [
            name
            for name in one.keys() - {"time", "valid"}
            if not np.array_equal(
                _before_end(name, one[name], num_valid),
                _before_end(name, two[name], num_valid),
            )
        ]
        if not differ:
            return ""
        found.update(dict.fromkeys(sorted(differ)))
    return ", ".join(found)


def _note_ends(account: Account, reels: list[Reel], num_valid: list[int]) -> None:
    """Say where the frames after the end of an episode were taken not to be valid."""
    pairs = zip(reels, num_valid, strict=True)
    ended = [reel.where for reel, num in pairs if num < reel.num_frames]
    if ended:
        account.notes[
            f"frames after the end of an episode are not valid, in {len(ended)} of "
            f"{len(reels)} sequences: {listed(ended)}. If they are, leave the ends "
            f"out: --terminated '' --truncated ''."
        ] = None


def _note(account: Account, reels: list[Reel], pixels: str) -> None:
    """What a person should know of the values."""
    if pixels:
        account.notes[pixels] = None
    unread = dict.fromkeys(name for reel in reels for name in reel.unread)
    if unread:
        account.notes[
            f"arrays that are not stored: {', '.join(unread)}. A data set of "
            f"recordings holds {', '.join(BROUGHT)}; --state NAME and so on say what "
            f"these are called in the files."
        ] = None

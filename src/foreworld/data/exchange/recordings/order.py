"""The order of frames: by the numbers in their names, where these leave no doubt."""

from __future__ import annotations

import itertools
import re
from decimal import Decimal
from pathlib import Path

from foreworld.core.errors import ConfigError
from foreworld.data.exchange.recordings.account import Account

# A sign stands at the beginning or after a blank or a line; what follows a letter or
# another number only divides.
_WHOLE = re.compile(r"((?<![^\W_])-\d+|\d+)")
_DECIMAL = re.compile(r"((?<![^\W_])-\d+(?:\.\d+)?|\d+(?:\.\d+)?)")

_Key = tuple[tuple[int, int | str] | tuple[int, Decimal], ...]


def natural(path: Path) -> _Key:
    """Sorted by this, frame_2 comes before frame_10."""
    return _key(path.name, _WHOLE)


def in_order(folder: Path, files: list[Path], account: Account) -> list[Path]:
    """Frames by the values of the numbers in their names.

    Parameters
    ----------
    folder
        Where they lie, for messages.
    files
        The frames.
    account
        Where is said that numbers are missing.

    Raises
    ------
    ConfigError
        Two frames have the same number, or the order depends on what a point means.
    """
    found = sorted(files, key=lambda p: _key(p.stem, _WHOLE))
    by_value = sorted(files, key=lambda p: _key(p.stem, _DECIMAL))
    for one, other in itertools.pairwise(found):
        if _key(one.stem, _WHOLE) == _key(other.stem, _WHOLE):
            raise ConfigError(
                f"{one} and {other} have the same name or number: it is not clear "
                f"which comes first. Leave one of them out, or number them anew."
            )
    for one, other in zip(found, by_value, strict=True):
        if one != other:
            raise ConfigError(
                f"the order of the frames in {folder} is not clear: {one.name} comes "
                f"before {other.name} or after it, as points divide numbers or are "
                f"part of them. Write numbers with equally many digits."
            )
    _note_gaps(folder, found, account)
    return found


def _key(name: str, number: re.Pattern[str]) -> _Key:
    parts = number.split(name)
    # Every second part is a number.
    return tuple(
        (0, Decimal(part)) if i % 2 else (1, part)
        for i, part in enumerate(parts)
        if part
    )


def _note_gaps(folder: Path, files: list[Path], account: Account) -> None:
    """Say where one number is left out of a sequence of equal steps."""
    parts = [_WHOLE.split(path.stem) for path in files]
    if len(files) < 3 or any(len(p) != len(parts[0]) for p in parts):
        return
    varying = [i for i in range(len(parts[0])) if len({p[i] for p in parts}) > 1]
    if len(varying) != 1 or varying[0] % 2 == 0:
        return
    numbers = [int(p[varying[0]]) for p in parts]
    steps = [b - a for a, b in itertools.pairwise(numbers)]
    usual = max(set(steps), key=steps.count)
    for file, step in zip(files, steps, strict=False):
        if step > usual and steps.count(usual) > 1:
            account.notes[
                f"numbers are missing in {folder}: after {file.name} comes a step of "
                f"{step} instead of {usual}; what moves there jumps."
            ] = None
            return

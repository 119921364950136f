"""The order of frames: by the numbers in their names, where these leave no doubt.

A name can be read in several ways: a point divides numbers or is part of one, a minus
is a sign or a line. Where two ways give two orders, nobody is asked to believe either.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from foreworld.core.errors import ConfigError
from foreworld.data.exchange.recordings.account import Account, listed

# A sign stands at the beginning or after a blank or a line; what follows a letter or
# another number only divides.
_SIGN = r"(?<![^\W_])[+-]"
_WHOLE = re.compile(rf"({_SIGN}\d+|\d+)")
_DECIMAL = re.compile(rf"({_SIGN}\d+(?:[.,]\d+)?|\d+(?:[.,]\d+)?)")
_POWER = re.compile(
    rf"((?:{_SIGN})?\d+(?:[.,]\d+)?[eE][+-]?\d{{1,4}}(?!\d)|{_SIGN}\d+|\d+)"
)
_SIGNED = re.compile(r"((?<!\d)[+-]\d+|\d+)")
_HEX = re.compile(r"[0-9a-f]+", re.IGNORECASE)

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
        Where is said that numbers are missing, or that there are none.

    Raises
    ------
    ConfigError
        Two frames have the same number, or the order depends on how names are read.
    """
    found = sorted(files, key=lambda p: _key(p.stem, _WHOLE))
    for one, other in itertools.pairwise(found):
        if _key(one.stem, _WHOLE) == _key(other.stem, _WHOLE):
            raise ConfigError(
                f"{one} and {other} have the same name or number: it is not clear "
                f"which comes first. Leave one of them out, or number them anew."
            )
    for why, key in _other_ways([p.stem for p in found]):
        by_value = sorted(found, key=lambda p: key(p.stem))
        for one, other in zip(found, by_value, strict=True):
            if one != other:
                raise _unclear(folder, one, other, why)
    _check_words(folder, found, account)
    _note_gaps(folder, found, account)
    return found


def _key(name: str, number: re.Pattern[str]) -> _Key:
    # Some programs write a minus as typesetters do.
    parts = number.split(name.replace("\N{MINUS SIGN}", "-"))
    # Every second part is a number.
    return tuple(
        (0, Decimal(part.replace(",", "."))) if i % 2 else (1, part)
        for i, part in enumerate(parts)
        if part
    )


def _other_ways(names: list[str]) -> list[tuple[str, Callable[[str], Any]]]:
    """Other ways in which names can be meant, each with what is not clear about it."""
    ways: list[tuple[str, Callable[[str], Any]]] = [
        ("points divide numbers or are part of them", lambda n: _key(n, _DECIMAL)),
        ("an e divides numbers or is an exponent", lambda n: _key(n, _POWER)),
    ]
    if _some_signed(names):
        ways.append(("a minus or plus is a sign or a line", lambda n: _key(n, _SIGNED)))
    start = _common(names)
    rests = [name[start:] for name in names]
    alike = len(set(map(len, rests))) == 1 and all(map(_HEX.fullmatch, rests))
    if alike and not all(map(str.isdigit, rests)):
        why = "numbers are decimal or hexadecimal"
        ways.append((why, lambda n: int(n[start:], 16)))
    return ways


def _some_signed(names: list[str]) -> bool:
    """Whether numbers at one place have a sign in some names, and another or none in
    others: a line that stands in all of them only divides.
    """
    signs: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for name in names:
        parts = _SIGNED.split(name.replace("\N{MINUS SIGN}", "-"))
        for i in range(1, len(parts), 2):
            signs[tuple(parts[:i:2])].add(parts[i][0] if parts[i][0] in "+-" else "")
    return any(len(some) > 1 for some in signs.values())


def _common(names: list[str]) -> int:
    """Letters at the beginning that all names have in common, numbers left out."""
    low, high = min(names), max(names)
    pairs = zip(low, high, strict=False)
    same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
    while same and low[same - 1].isdigit():
        same -= 1
    return same


def _check_words(folder: Path, files: list[Path], account: Account) -> None:
    """Refuse an order that only words decide; say where single letters do."""
    lettered: list[str] = []
    for one, other in itertools.pairwise(files):
        pairs = itertools.zip_longest(_key(one.stem, _WHOLE), _key(other.stem, _WHOLE))
        # Nothing, a number or a text, in the place that decides.
        (kind, text), (other_kind, other_text) = next(
            ((-1, "") if a is None else a, (-1, "") if b is None else b)
            for a, b in pairs
            if a != b
        )
        kinds, texts = (kind, other_kind), (str(text), str(other_text))
        if kinds == (0, 0):
            continue
        if kinds == (-1, 0) or (kinds == (1, 1) and _only_divides(*texts)):
            account.notes[
                f"{one.name} in {folder} has no number where {other.name} has one, and "
                f"is taken to come first."
            ] = None
        elif kinds == (1, 1) and _letters(*texts):
            lettered.append(f"{one.name} before {other.name}")
        else:
            raise _unclear(folder, one, other, "no number tells them apart")
    if lettered:
        account.notes[
            f"frames in {folder} are in the order of the alphabet where only a letter "
            f"tells them apart: {listed(lettered)}."
        ] = None


def _only_divides(first: str, then: str) -> bool:
    """Whether the second is the first with a line, blank or point after it."""
    rest = then.removeprefix(first)
    return bool(first) and then.startswith(first) and not any(map(str.isalnum, rest))


def _letters(first: str, then: str) -> bool:
    """Whether they differ in one letter of the alphabet, of the same case."""
    if len(first) != len(then):
        return False
    differ = [(a, b) for a, b in zip(first, then, strict=True) if a != b]
    if len(differ) != 1:
        return False
    both = "".join(differ[0])
    return both.isascii() and both.isalpha() and (both.islower() or both.isupper())


def _unclear(folder: Path, one: Path, other: Path, why: str) -> ConfigError:
    return ConfigError(
        f"the order of the frames in {folder} is not clear: {one.name} comes before "
        f"{other.name} or after it, as {why}. Number the frames from 0 with equally "
        f"many digits, as in 0000{one.suffix}."
    )


def _note_gaps(folder: Path, files: list[Path], account: Account) -> None:
    """Say where numbers of frames that follow each other are not equally far apart."""
    runs: dict[tuple[str, ...], list[tuple[int, Path]]] = defaultdict(list)
    names = [_WHOLE.split(path.stem.replace("\N{MINUS SIGN}", "-")) for path in files]
    if not any(len(parts) > 1 for parts in names):
        return
    place = _varying(names)
    for parts, path in zip(names, files, strict=True):
        if place < len(parts):
            runs[tuple(parts[:place])].append((int(parts[place]), path))
    steps = [
        (after[0] - before[0], before[1])
        for run in runs.values()
        for before, after in itertools.pairwise(run)
        if after[0] > before[0]
    ]
    if not steps:
        return
    usual = _usual([step for step, _ in steps])
    longer = [(step, path) for step, path in steps if step > usual]
    if longer:
        step, path = longer[0]
        more = f", and so {len(longer)} times" if len(longer) > 1 else ""
        account.notes[
            f"numbers are missing in {folder}: after {path.name} comes a step of "
            f"{step} instead of {usual}{more}; what moves there jumps."
        ] = None


def _varying(names: list[list[str]]) -> int:
    """Position of the last number that differs between names."""
    most = max(len(parts) for parts in names)
    last = 1
    for place in range(1, most, 2):
        there = {parts[place] for parts in names if place < len(parts)}
        last = place if len(there) > 1 else last
    return last


def _usual(steps: list[int]) -> int:
    """The commonest step where some are longer and it is the rule; or the smallest."""
    common = max(set(steps), key=steps.count)
    ruled = 2 * steps.count(common) > len(steps) and common < max(steps)
    return common if ruled else min(steps)

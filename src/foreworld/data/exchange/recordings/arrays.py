"""From arrays in a file to recorded sequences, whatever the file's format.

Rows of chunked files are read a chunk at a time: each is unpacked once, and not once
for each of its sequences.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from foreworld.core.errors import ConfigError
from foreworld.data.exchange.recordings.account import Account, Arrays, Options, Reel
from foreworld.data.exchange.recordings.episode import check_ends, check_time
from foreworld.data.exchange.recordings.guard import (
    check_memory,
    check_packing,
    reading,
)
from foreworld.data.exchange.recordings.layout import (
    GUESSED,
    LETTERS,
    against,
    check_axes,
    frame_order,
    guess,
    order,
)
from foreworld.data.exchange.recordings.names import columns_of, renamed
from foreworld.data.exchange.recordings.values import (
    SIXTEEN,
    check_shape,
    convert,
    is_sixteen,
    levelled,
)
from foreworld.data.format.observation import LARGEST
from foreworld.data.format.schema import PARAMETER, STEP, axis_of

BLOCK_BYTES = 2**28
"""Bytes that are read at once, at most, where a sequence is smaller."""
MOST_SEQUENCES = 2 * 10**6
"""Sequences of a file at most."""

Index = tuple[slice | int, ...]


@dataclass(frozen=True)
class Held:
    """An array in a file: what it is now, and its values when they are asked for.

    Attributes
    ----------
    shape, dtype
        Of the array.
    read
        Values at an index of slices.
    chunk
        Shape of what is unpacked at once; empty where any part can be read alone.
    matlab
        Whether a row of a matrix may stand for a vector, which MATLAB does not have.
    axes
        Letters of its axes, as far as the file names them, and ``.`` for others.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    read: Callable[[Index], np.ndarray]
    chunk: tuple[int, ...] = ()
    matlab: bool = False
    axes: str = ""

    def row(self) -> Held:
        """The only row of a matrix, as a vector."""

        def read(index: Index) -> np.ndarray:
            return self.read((slice(None), *index))[0]

        chunk, axes = self.chunk[1:], self.axes[1:]
        return replace(self, shape=self.shape[1:], read=read, chunk=chunk, axes=axes)

    @property
    def num_bytes(self) -> int:
        """Bytes of all its values."""
        return math.prod(self.shape) * self.dtype.itemsize


def file_reels(
    path: Path,
    kind: str,
    found: dict[str, Held],
    held: list[str],
    options: Options,
    account: Account,
    files: tuple[Path, ...] = (),
) -> list[Reel]:
    """The sequences in a file of arrays.

    Parameters
    ----------
    path, kind
        The file, and what it is read as, for messages.
    found
        Arrays that are meant, by the name of their column.
    held
        What all arrays in the file are called.
    options, account
        How it is read, and where is said what was assumed.
    files
        All files that decide the contents, where it is not this one alone.

    Raises
    ------
    ConfigError
        An array is missing, or has a type or a shape that cannot be used.
    """
    _check_names(path, found, held, options)
    for key, array in found.items():
        if array.dtype.kind not in "biuf":
            raise ConfigError(
                f"{path}: {key} is {array.dtype}; only numbers can be imported."
            )
    check_packing(path, sum(array.num_bytes for array in found.values()))
    table = _Table(path, kind, found, options, account)
    if "image" in found:
        read_as = " ".join(table.axes)
        account.shapes[path] = f"image {found['image'].shape} read as {read_as}"
        if is_sixteen(found["image"].dtype):
            account.rules[SIXTEEN] = None
    columns = columns_of(options.names, held)
    unread = tuple(name for name in held if name not in columns.values())
    for line in renamed(columns):
        account.say(line, path)
    choices = found["action"].dtype == bool if "action" in found else False
    first = Reel(
        "", table.length, lambda: {}, path, files or (path,), "", 2 * choices, unread
    )
    account.take(first.files, path)
    return [
        replace(
            first,
            where=f"{path}, sequence {i}" if table.num > 1 else str(path),
            read=functools.partial(table.sequence, i),
            recorded=functools.partial(table.recorded, i),
        )
        for i in range(table.num)
    ]


def _check_names(
    path: Path, found: dict[str, Held], held: list[str], options: Options
) -> None:
    columns = {STEP: PARAMETER + STEP}
    asked = [k for k, name in options.names.items() if name and name != k]
    lacking = [
        key
        for key in asked
        if not any(column.startswith(columns.get(key, key)) for column in found)
    ]
    if not lacking and ("image" in found or "state" in found):
        return
    key = lacking[0] if lacking else "image"
    some = ", ".join(held[:20]) + (" ..." if len(held) > 20 else "")
    raise ConfigError(
        f"{path} has no array {options.names[key]!r}; it has: {some or 'nothing'}. "
        f"Say which one is the {key} with --{key} NAME (sequences without frames need "
        f"a state)."
    )


class _Table:
    """The arrays of a file as rows of sequences."""

    def __init__(
        self,
        path: Path,
        kind: str,
        found: dict[str, Held],
        options: Options,
        account: Account,
    ) -> None:
        self._path, self._kind, self._found = path, kind, found
        self._account = account
        self._drop = options.drop_last_action
        self.axes = self._axes(options.axes)
        lead = found["image"] if "image" in found else found["state"]
        of = dict(zip(self.axes, lead.shape, strict=False))
        self.num, self.length = of.get("n", 1), of["t"]
        if self.num > MOST_SEQUENCES:
            raise ConfigError(
                f"{path} holds {self.num:,} sequences; a file has at most "
                f"{MOST_SEQUENCES:,}. Put them into several files."
            )
        self._found = {key: self._vector(key) for key in found}
        self._orders = {key: self._order(key) for key in found}
        self._check()
        action = found.get("action")
        whole = action is not None and action.dtype.kind in "biu"
        if whole and self._shape("action")[2:] == (1,):
            account.say("action without its last axis, which has length 1", path)
        row = sum(array.num_bytes for array in found.values()) // max(1, self.num)
        check_memory(path, 4 * row)
        self._block = self._rows_at_once(row)
        self._kept: tuple[int, Arrays] = -1, {}

    def sequence(self, number: int) -> Arrays:
        """The columns of one sequence, in the written format."""
        where = f"{self._path}, sequence {number}" if self.num > 1 else str(self._path)
        recorded = self.recorded(number)
        columns = {k: convert(where, k, a) for k, a in recorded.items()}
        for key in columns:
            if said := levelled(key, recorded[key], columns[key]):
                self._account.level(self._path, key, said)
        check_ends(where, columns)
        check_time(where, columns)
        return columns

    def recorded(self, number: int) -> Arrays:
        """The arrays of one sequence as they lie in the file, time first."""
        first = number - number % self._block
        if self._kept[0] != first:
            self._kept = first, self._rows(first)
        return {
            k: np.asarray(rows[number - first]) for k, rows in self._kept[1].items()
        }

    def _axes(self, told: str) -> str:
        image = self._found.get("image")
        if image is None:
            shape = self._found["state"].shape
            told = "".join(letter for letter in told if letter in "nt")
            named = "".join(c for c in self._found["state"].axes if c in "nt")
            given = bool(told)
            axes = told or ("nt" if len(shape) > 2 else "t")
            if not told and len(named) == len(axes) and "t" in named:
                axes = self._as_named("state", named)
            if len(shape) < len(axes) or 0 in shape:
                raise ConfigError(
                    f"{self._path}: state has shape {shape}. States are (sequence, "
                    f"time, numbers); the sequence may be left out where there is one."
                )
            self._compare("state", axes, given)
            return axes
        if not told and "t" in image.axes and "." not in image.axes:
            told = self._as_named("image", check_axes(image.axes))
        if not told:
            axes = guess(self._path, image.shape)
            self._compare("image", axes, given=False)
            return axes
        if len(told) != len(image.shape) or 0 in image.shape:
            raise ConfigError(
                f"{self._path}: image has shape {image.shape}, which has not the axes "
                f"{told!r}. {GUESSED}."
            )
        self._compare("image", told, given=True)
        return told

    def _compare(self, key: str, axes: str, given: bool) -> None:
        """Refuse axes that the file names otherwise, or say that they were given so."""
        array = self._found[key]
        known = LETTERS if key == "image" else "nt"
        named = "".join(c if c in known else "." for c in array.axes)
        if not against(axes, named):
            return
        if not given:
            raise ConfigError(
                f"{self._path}: {key} has shape {array.shape} and would be read as "
                f"{' '.join(axes)}, but the file calls its axes {' '.join(named)} (. "
                f"is none that is known). Tell all of them with --axes (axes=... in "
                f"Python)."
            )
        self._account.notes[
            f"{self._path}: {key} is read as {' '.join(axes)}, as --axes says, against "
            f"the names of its axes, {' '.join(named)}."
        ] = None

    def _as_named(self, key: str, axes: str) -> str:
        self._account.say(f"axes of {key} are {' '.join(axes)}, as named", self._path)
        return axes

    def _vector(self, key: str) -> Held:
        """An array, as a vector where it is one of MATLAB's."""
        array = self._found[key]
        by_key = {"none": self.num, "frame": self.length if key == "time" else 1}
        wanted = by_key.get(axis_of(key), 1)
        row = array.shape == (1, wanted) and self.num > 1 and wanted > 1
        return array.row() if array.matlab and row else array

    def _order(self, key: str) -> tuple[int, ...]:
        if key == "image":
            return frame_order(self.axes)
        array = self._found[key]
        places = order(self.axes, axis_of(key), len(array.shape))
        lead = [letter for letter in "nt" if letter in self.axes][: len(places)]
        lead = lead[: 1 if axis_of(key) == "none" else 2]
        if lead and set(lead) <= set(array.axes) and not self._shared(key):
            # Where the file names them, they need not stand as those of the frames.
            first = [array.axes.index(letter) for letter in lead]
            rest = [i for i in range(len(array.shape)) if i not in first]
            return (*first, *rest)
        if not self._shared(key):
            expected = dict(zip(places, lead, strict=False))
            for place, letter in enumerate(array.axes):
                if letter in lead and expected.get(place) != letter:
                    raise ConfigError(
                        f"{self._path}: axis {place} of {key} would not be read as "
                        f"{LETTERS[letter]}, as the file calls it. Name all its axes "
                        f"there, or bring it as (sequence, time, ...)."
                    )
        return places

    def _shared(self, key: str) -> bool:
        """Whether all sequences have one entry in common: a number, or a clock."""
        shape = self._found[key].shape
        if axis_of(key) == "none":
            return "n" not in self.axes or math.prod(shape) == 1 != self.num
        return key == "time" and "n" in self.axes and shape == (self.length,)

    def _shape(self, key: str) -> tuple[int, ...]:
        """Shape with the sequence first."""
        shape = self._found[key].shape
        if self._shared(key):
            return (self.num, *shape)
        moved = tuple(shape[i] for i in self._orders[key])
        return moved if "n" in self.axes else (1, *moved)

    def _check(self) -> None:
        for key in self._found:
            shape = self._shape(key)
            if self._longer(key):
                shape = (shape[0], shape[1] - 1, *shape[2:])
            check_shape(self._path, key, shape, self.num, self.length)
        if "image" not in self._found:
            return
        frame = self._shape("image")[2:]
        if max(frame[:2]) > LARGEST or (len(frame) == 3 and frame[2] not in (1, 3)):
            raise ConfigError(
                f"{self._path}: frames are {frame}; they have at most {LARGEST} pixels "
                f"a side and 1 or 3 channels. {GUESSED}."
            )

    def _longer(self, key: str) -> bool:
        """Whether what comes after the last frame is to be left out."""
        steps = axis_of(key) == "step"
        return steps and self._drop and self._shape(key)[1:2] == (self.length,)

    def _rows_at_once(self, row: int) -> int:
        chunks = [
            array.chunk[self._orders[key][0]]
            for key, array in self._found.items()
            if array.chunk and "n" in self.axes and not self._shared(key)
        ]
        wanted = min(max(chunks, default=1), self.num)
        return max(1, min(wanted, BLOCK_BYTES // max(1, row)))

    def _rows(self, first: int) -> Arrays:
        stop = min(first + self._block, self.num)
        with reading(self._path, self._kind):
            return {key: self._part(key, first, stop) for key in self._found}

    def _part(self, key: str, first: int, stop: int) -> np.ndarray:
        """Rows of an array, sequence and time first."""
        array, places = self._found[key], self._orders[key]
        whole = [slice(None)] * len(array.shape)
        if self._shared(key):
            values = np.asarray(array.read(tuple(whole)))
            return np.broadcast_to(values, (stop - first, *values.shape))
        if "n" not in self.axes:
            values = np.asarray(array.read(tuple(whole))).transpose(places)[None]
        else:
            whole[places[0]] = slice(first, stop)
            values = np.asarray(array.read(tuple(whole))).transpose(places)
        return values[:, :-1] if self._longer(key) else values

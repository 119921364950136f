"""The schema of data sets: what each column is called, holds, and who makes it.

This is the one place where columns are described. Generation, import, cutting,
converting, merging, checking and export read it; a world's own columns (its extras)
need no row here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Axis = Literal["frame", "step", "none", "ragged"]
"""One entry a frame, one a step between two frames, one a sequence, or as many as each
sequence has."""
Maker = Literal["world", "recording", "generator", "writer", "merge"]
"""The simulated world, a person's recording, the generator of random sequences, the
writer of shards, or the reader that puts tasks together."""
INTO = "/"
"""Stands in names of columns of things with parts: of agents, of a record's fields."""
PARAMETER = f"parameters{INTO}"
"""What names of sampled fields of the world begin with."""
LENGTHS, OFFSETS = f"lengths{INTO}", f"offsets{INTO}"
"""What names of the two arrays begin with that stand beside a ragged column in a file:
how many entries each sequence has, and where its first one lies."""
MASK = f"mask{INTO}"
"""Beside a ragged column of a padded batch: which entries are of the sequence."""
LABEL = "label"
"""Position of a sequence's task, ``(1,)`` each; there where tasks are read together."""


@dataclass(frozen=True)
class Row:
    """What is known of a column by its name.

    Attributes
    ----------
    axis
        What there is an entry for.
    dtype
        NumPy dtype of what is stored; empty where it depends on the world.
    entry
        Names of the axes of an entry; ``...`` for as many as there are.
    makers
        Where it comes from.
    compressed
        Whether it is worth compressing (frames are, random numbers are not).
    learnt
        Whether learners see it: on the device, and in few-shot episodes.
    """

    axis: Axis
    dtype: str
    entry: tuple[str, ...] = ()
    makers: tuple[Maker, ...] = ("world",)
    compressed: bool = False
    learnt: bool = True


_BOTH: tuple[Maker, ...] = ("world", "recording")
SCHEMA = {
    "image": Row("frame", "uint8", ("height", "width", "channels"), _BOTH, True),
    "state": Row("frame", "float32", ("state",), _BOTH),
    "derivative": Row("frame", "float32", ("state",)),
    "action": Row("step", "", ("...",), _BOTH),
    "acting": Row("step", "bool", ()),
    "reward": Row("step", "float32", (), _BOTH),
    "terminated": Row("step", "bool", (), _BOTH),
    "truncated": Row("step", "bool", (), _BOTH),
    "valid": Row("frame", "bool", (), _BOTH),
    "observed": Row("frame", "bool"),
    "time": Row("frame", "float32", (), _BOTH),
    "mode": Row("frame", "", ("...",), _BOTH),
    "key": Row("none", "uint32", ("word",), ("generator",), learnt=False),
    "index": Row("none", "int64", (), ("writer",), learnt=False),
    LABEL: Row("none", "int64", ("...",), ("merge", "recording")),
}
"""Every column that has a meaning of its own."""
RECORDED = tuple(name for name, row in SCHEMA.items() if "recording" in row.makers)
"""Columns that a person can bring, and parameters; ``image`` or ``state`` must be."""
STEP, GROUP = "dt", PARAMETER.rstrip("/")
"""Time between two frames, which a person may bring as a parameter of each sequence,
and what its other parameters are brought under."""
BROUGHT = (*RECORDED, STEP, GROUP)
"""What a person can bring, by the names of arguments that tell what it is called."""
STATES = tuple(name for name, row in SCHEMA.items() if row.entry == ("state",))
"""Columns as wide as the state of the world."""


def is_state(name: str) -> bool:
    """Whether a column is as wide as a state: of the world, or of an agent."""
    return name.partition(INTO)[0] in STATES


_SAMPLED = Row("none", "float32", (), ("generator", "recording"))
_EXTRA = Row("frame", "", ("...",))
_BESIDE = Row("none", "int64", learnt=False)


def row_of(name: str) -> Row:
    """What is known of a column; a world's own columns have an entry a frame.

    A column of one agent or one field is like that of the whole.
    """
    if name.startswith(PARAMETER):
        return _SAMPLED
    if name.startswith((LENGTHS, OFFSETS)):
        return _BESIDE
    return SCHEMA.get(name.partition(INTO)[0], _EXTRA)


def stored_dtype(name: str, dtype: Any) -> str:
    """NumPy dtype that a column is stored with.

    Parameters
    ----------
    name
        Its name.
    dtype
        Dtype in which it was computed, which counts where the world decides.
    """
    return row_of(name).dtype or str(dtype)


def learnt(names: Iterable[str]) -> list[str]:
    """Those of some columns that learners see, on the device and in episodes."""
    return [name for name in names if row_of(name).learnt]


def axis_of(name: str) -> Axis:
    """What a column has an entry for."""
    # Batches of loaders have columns of context sets and numbers beside.
    return "none" if name == "task" else row_of(name.rpartition("context/")[2]).axis


@dataclass(frozen=True)
class Column:
    """One array of a shard.

    Attributes
    ----------
    name
        Its name, ``image`` or ``parameters/mass``.
    shape
        Shape of one sequence's entry; where sequences have different numbers of
        entries, the largest such number and the shape of one of them.
    dtype
        Name of the NumPy dtype.
    unit
        Unit of the values; empty for none.
    axis
        What there is an entry for, where the name alone does not tell.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    unit: str = ""
    axis: Axis | None = None

    @property
    def ragged(self) -> bool:
        """Whether sequences have different numbers of entries."""
        return self.axis == "ragged"

    @property
    def dimensions(self) -> tuple[str, ...]:
        """A name for each axis in a file, the first being ``sequence`` or ``entry``."""
        row = row_of(self.name)
        first = "entry" if self.ragged else "sequence"
        times = {"frame": ("time",), "step": ("transition",)}
        over = times.get(self.axis or row.axis, ())
        num = len(self.shape) - len(over) - self.ragged
        part, name = self.name.partition(INTO)[2], self.name.replace(INTO, "_")
        if row.entry != ("...",):
            # As wide as each agent's own.
            entry = (f"{axis}_{part}" if part else axis for axis in row.entry)
            return (first, *over, *entry)
        return (first, *over, *(f"{name}_{i}" for i in range(num)))

    @property
    def compressed(self) -> bool:
        """Whether it is worth compressing."""
        return row_of(self.name).compressed

    @property
    def sequence_bytes(self) -> int:
        """Bytes of one sequence's entry before compression; of ragged ones at most."""
        return int(np.prod(self.shape, dtype=int)) * np.dtype(self.dtype).itemsize


def in_file(columns: Iterable[Column]) -> tuple[Column, ...]:
    """The arrays that a file holds for some columns: of ragged ones three.

    Parameters
    ----------
    columns
        Of a shard.
    """
    found: list[Column] = []
    for column in columns:
        found.append(column)
        if column.ragged:
            beside = (f"{first}{column.name}" for first in (LENGTHS, OFFSETS))
            found += (Column(name, (), "int64", axis="none") for name in beside)
    return tuple(found)


def recorded_columns(
    entries: dict[str, tuple[tuple[int, ...], str]], num_frames: int
) -> tuple[Column, ...]:
    """The columns of imported sequences, in the order of the schema.

    Parameters
    ----------
    entries
        Shape and dtype of an entry of each recorded column.
    num_frames
        Frames of a sequence.
    """
    known = {"state": ((0,), "float32"), "valid": ((), "bool"), **entries}
    length = {"frame": (num_frames,), "step": (num_frames - 1,), "none": ()}
    drawn = sorted(name for name in known if name.startswith(PARAMETER))
    columns = [
        Column(name, (*length[row_of(name).axis], *known[name][0]), known[name][1])
        for name in (*RECORDED, *drawn)
        if name in known
    ]
    return (*columns, Column("index", (), "int64"))

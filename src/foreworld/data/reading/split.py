"""One split of a data set: its tasks one after the other, read when they are asked for.

Tasks whose frames or states differ in shape are never merged silently: a policy says
what becomes of states, and everything else that differs is an error that names it.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from jaxtyping import Array, Int

from foreworld.core import show
from foreworld.core.disk.places import shown
from foreworld.core.errors import ConfigError
from foreworld.core.parts.limits import Bounded
from foreworld.core.parts.partition import numbers
from foreworld.core.plain import counted
from foreworld.core.spaces import ColumnSpace, Sequence
from foreworld.data.format.config import fingerprint, read_recipe, read_spaces
from foreworld.data.format.recipe import Recipe
from foreworld.data.format.schema import LABEL, PARAMETER, is_state, stored_dtype
from foreworld.data.reading.pictures import sheet_png
from foreworld.data.reading.shards import Shards
from foreworld.data.views.narrow import to_device
from foreworld.data.views.ragged import Ragged
from foreworld.data.views.source import DataSource, make_source
from foreworld.data.views.table import AbstractTable

IN_MEMORY_BYTES = 2**30
"""Columns of a split up to this size are read once and kept for shuffled batches."""
StatePolicy = Literal["equal", "pad", "truncate"]
"""What becomes of states of different width."""
NumColumns = Annotated[int, Bounded(low=0, unit="columns")]

_Kind = tuple[tuple[int, ...], str]
"""Shape of a sequence's entry, and dtype."""


@dataclass(frozen=True)
class Merging:
    """How states of several tasks become one array.

    Attributes
    ----------
    states
        equal: they must have one width; pad: zeros up to the widest; truncate: the
        first columns of each.
    num_columns
        Columns that are left by truncate; 0 for as many as the narrowest has.
    """

    states: StatePolicy = "equal"
    num_columns: int = 0


class Split(AbstractTable):
    """One split; its columns are attributes (``image``, ``state``, ``valid``, ...).

    Columns are described in the documentation of the data format. Of several tasks
    they are those that all have, with ``label``, the position of each row's task.
    Parameters that some tasks draw and others fix have the fixed value there, and NaN
    where a world has no such field. Files are opened when they are first read; reading
    a split without sequences raises :class:`~foreworld.core.errors.ConfigError`.

    Parameters
    ----------
    folder, recipe
        Of the data set.
    name
        ``train``, ``val`` or ``test``.
    merging
        How states of several tasks become one array.
    """

    def __init__(
        self, folder: Path, recipe: Recipe, name: str, merging: Merging | None = None
    ) -> None:
        self.name, self.folder, self.recipe = name, folder, recipe
        self.merging = merging or Merging()
        self._tasks = {t: Shards(folder, recipe, t, name) for t in recipe.tasks}
        self._ends = np.cumsum([len(shards) for shards in self._tasks.values()])
        self._kept: dict[str, Any] = {}

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __reduce__(self) -> tuple[Any, ...]:
        # A person's class is no module of another process, which needs none to read.
        return _reopened, (self.folder, tuple(self._tasks), self.name, self.merging)

    def __repr__(self) -> str:
        tasks = f" of {len(self._tasks)} tasks" if len(self._tasks) > 1 else ""
        size = counted(len(self), "sequence")
        return f"Split {self.name} of {self.place}: {size}{tasks}"

    def _repr_html_(self) -> str:
        """In a notebook: its columns, and some sequences as rows of frames."""
        if not len(self):
            return show.text(self)
        rows = [[name, str(s), dtype] for name, (s, dtype) in self.columns.items()]
        columns = show.table(["column", "shape", "dtype"], rows)
        if "image" not in self.columns:
            return show.text(self) + columns
        about = f"sequences of the split {self.name}, one a row"
        png = show.picture(sheet_png(self), "png", about)
        return show.text(self) + columns + png

    @property
    def place(self) -> str:
        """Its folder."""
        return str(shown(self.folder))

    @property
    def task_sizes(self) -> dict[str, int]:
        """Sequences of each task by name, in order; empty where there is but one."""
        several = len(self._tasks) > 1
        return {n: len(s) for n, s in self._tasks.items()} if several else {}

    @functools.cached_property
    def columns(self) -> dict[str, _Kind]:
        """Shape and dtype of every column, all sequences.

        Of a ragged one the largest number of entries that a sequence may have, and the
        shape of one of them.
        """
        self._check_sizes()
        found = {task: shards.columns for task, shards in self._tasks.items()}
        kinds = {
            name: self._common(name, {t: c[name] for t, c in found.items()})
            for name in set.intersection(*map(set, found.values()))
        }
        drawn = {n for c in found.values() for n in c if n.startswith(PARAMETER)}
        kinds.update((name, ((), stored_dtype(name, float))) for name in drawn)
        if len(found) > 1:
            kinds[LABEL] = (1,), "int64"
        return {n: ((len(self), *s), dtype) for n, (s, dtype) in sorted(kinds.items())}

    @functools.cached_property
    def ragged(self) -> frozenset[str]:
        """Columns whose rows have different numbers of entries."""
        # These say first what an empty split is refused with.
        known = self.columns
        return next(iter(self._tasks.values())).ragged.intersection(known)

    def lengths(self, name: str) -> Int[np.ndarray, " row"]:
        """How many entries each sequence has in a ragged column."""
        return np.concatenate([task.lengths(name) for task in self._tasks.values()])

    def ragged_rows(self, name: str, rows: Int[np.ndarray, " row"]) -> Ragged:
        """Rows of a ragged column; as :meth:`rows`.

        Parameters
        ----------
        name, rows
            As there.
        """
        if name in self._kept:
            return self._kept[name].take(rows)
        which = np.searchsorted(self._ends, rows, side="right")
        parts, places = [], []
        for number, shards in enumerate(self._tasks.values()):
            here = np.flatnonzero(which == number)
            if len(here) or not number:
                local = rows[here] - (self._ends[number] - len(shards))
                parts.append(shards.ragged_rows(name, local))
                places.append(here)
        if len(parts) == 1:
            return parts[0]
        order = np.argsort(np.concatenate(places))
        return Ragged.joined(parts).take(order)

    def rows(self, name: str, rows: Int[np.ndarray, " row"]) -> np.ndarray:
        """Rows of a column.

        Parameters
        ----------
        name
            The column.
        rows
            Numbers of sequences, all of which exist; in any order, also twice.
        """
        if name in self.ragged:
            raise self.refused(name)
        if name in self._kept:
            return self._kept[name][rows]
        shape, dtype = self.columns[name]
        if len(self._tasks) == 1:
            return next(iter(self._tasks.values())).rows(name, rows)
        which = np.searchsorted(self._ends, rows, side="right")
        if name == LABEL:
            return which[:, None].astype(dtype)
        out = np.zeros((len(rows), *shape[1:]), dtype)
        for number, shards in enumerate(self._tasks.values()):
            here = np.flatnonzero(which == number)
            if not len(here):
                continue
            if name.startswith(PARAMETER) and name not in shards.columns:
                fixed = numbers(shards.recipe.origin)
                out[here] = fixed.get(name.removeprefix(PARAMETER), math.nan)
                continue
            local = rows[here] - (self._ends[number] - len(shards))
            values = shards.rows(name, local)
            if is_state(name):
                width = min(values.shape[-1], shape[-1])
                out[here, ..., :width] = values[..., :width]
            else:
                out[here] = values
        return out

    def keep(self, names: Iterable[str]) -> None:
        """Read columns that are not too large once, and keep them in memory."""
        for name in names:
            shape, dtype = self.columns[name]
            num = math.prod(shape)
            if name in self.ragged:
                num = int(self.lengths(name).sum()) * math.prod(shape[2:])
            small = num * np.dtype(dtype).itemsize <= IN_MEMORY_BYTES
            if small and name not in self._kept:
                read = self.ragged_rows if name in self.ragged else self.rows
                self._kept[name] = read(name, np.arange(len(self)))

    def spaces(self) -> dict[str, ColumnSpace]:
        """What values of columns may be, in all tasks: of actions, if there are any.

        Raises
        ------
        ConfigError
            Tasks differ in that.
        """
        found = read_spaces(self.folder, self.recipe)
        spaces = {
            task: {n: self._space(n, s) for n, s in told.items() if n in self.columns}
            for task, told in found.items()
        }
        first = next(iter(spaces.values()))
        if any(some != first for some in spaces.values()):
            texts = {
                t: ", ".join(map(str, some.values())) for t, some in spaces.items()
            }
            raise self._unequal("actions", texts, "")
        return first

    def _space(self, name: str, space: ColumnSpace) -> ColumnSpace:
        """A space of one task as that of all, whose rows may be longer."""
        if not isinstance(space, Sequence):
            return space
        return dataclasses.replace(space, max_len=self.columns[name][0][1])

    def source(self, array: Any) -> DataSource:
        """What learners see of the split.

        Parameters
        ----------
        array
            Makes of a column's name what programs take: an array, of a ragged column a
            :class:`~foreworld.data.views.ragged.Ragged`, or their shapes.

        Raises
        ------
        ConfigError
            Frames, states or actions of the tasks differ.
        """
        sizes = self.task_sizes.values()
        return make_source(self.columns, array, self.spaces(), sizes)

    def device(self) -> DataSource:
        """The whole split as device arrays; made once a process for each folder.

        Raises
        ------
        ConfigError
            Frames, states or actions of the tasks differ, or a column holds a number
            that the device cannot.
        DamagedError
            A file is missing or cannot be read.
        """
        key = self.folder.resolve(), fingerprint(self.folder), tuple(self._tasks)
        return _device(_Held(self, (*key, self.name, self.merging)))

    def close(self) -> None:
        """Give files and memory back; reading opens them again."""
        for shards in self._tasks.values():
            shards.close()
        self._kept.clear()

    def _check_sizes(self) -> None:
        lacking = [task for task, shards in self._tasks.items() if not len(shards)]
        if not lacking:
            return
        if len(lacking) == len(self._tasks):
            held = [split for split, size in self.recipe.sizes.items() if size]
            raise ConfigError(
                f"{self.place} has no {self.name} sequences, only {', '.join(held)}. "
                f"Generate it with --{self.name} above 0."
            )
        raise ConfigError(
            f"the {self.name} split of {self.place} cannot be merged: "
            f"{', '.join(lacking)} {'has' if len(lacking) == 1 else 'have'} no "
            f"{self.name} sequences. Use the tasks one by one, as in "
            f".tasks[{next(iter(self._tasks))!r}], or generate it anew."
        )

    def _common(self, name: str, kinds: dict[str, _Kind]) -> _Kind:
        """Shape and dtype of a column of all tasks."""
        if len({dtype for _, dtype in kinds.values()}) > 1:
            raise self._unequal(name, {t: d for t, (_, d) in kinds.items()}, "")
        shapes = {task: shape for task, (shape, _) in kinds.items()}
        ragged = {task: name in self._tasks[task].ragged for task in kinds}
        if len(set(ragged.values())) > 1:
            texts = {t: "ragged" if r else "of one length" for t, r in ragged.items()}
            raise self._unequal(name, texts, "")
        if any(ragged.values()):
            most = max(shape[0] for shape in shapes.values())
            shapes = {task: (most, *shape[1:]) for task, shape in shapes.items()}
        if is_state(name) and self.merging.states != "equal":
            shapes = self._widths(name, shapes)
        if len(set(shapes.values())) > 1:
            texts = {t: "x".join(map(str, s)) or "1" for t, s in shapes.items()}
            advice = ""
            if len({shape[:1] for shape in shapes.values()}) > 1:
                first = next(iter(self._tasks))
                advice = (
                    f" Their sequences differ in length: use the tasks one by one, as "
                    f"in .tasks[{first!r}], or generate them with one number of frames."
                )
            elif is_state(name):
                advice = " states='pad' or states='truncate' makes them equal."
            raise self._unequal(name, texts, advice)
        return next(iter(shapes.values())), next(iter(kinds.values()))[1]

    def _widths(
        self, name: str, shapes: dict[str, tuple[int, ...]]
    ) -> dict[str, tuple[int, ...]]:
        """The shapes that the policy makes of those of states."""
        widths = [shape[-1] for shape in shapes.values()]
        width = max(widths)
        if self.merging.states == "truncate":
            width = self.merging.num_columns or min(widths)
            if width > min(widths):
                least = min(shapes, key=lambda task: shapes[task][-1])
                raise ConfigError(
                    f"num_columns={width} must be at most {min(widths)}: {name} of "
                    f"{least} in {self.place} has no more columns."
                )
        return {task: (*shape[:-1], width) for task, shape in shapes.items()}

    def _unequal(self, name: str, kinds: dict[str, str], advice: str) -> ConfigError:
        by_kind: dict[str, list[str]] = {}
        for task, kind in kinds.items():
            by_kind.setdefault(kind, []).append(task)
        listing = "; ".join(f"{k} in {', '.join(t)}" for k, t in by_kind.items())
        return ConfigError(
            f"the tasks of {self.place} cannot be merged: {name} is unequal "
            f"({listing}).{advice} Each task alone is "
            f".tasks[{next(iter(self._tasks))!r}] and so on."
        )


def _reopened(
    folder: Path, tasks: tuple[str, ...], name: str, merging: Merging
) -> Split:
    """A split in another process."""
    whole = read_recipe(folder)
    recipe = Recipe({task: whole.tasks[task] for task in tasks}, whole.name)
    return Split(folder, recipe, name, merging)


@dataclass(frozen=True)
class _Held:
    """A split that counts as equal to another of the same files."""

    split: Split = field(compare=False)
    key: tuple[Any, ...]


@functools.lru_cache(maxsize=8)
def _device(held: _Held) -> DataSource:
    split = held.split

    def array(name: str) -> Array | Ragged:
        what = f"{name} of the split {split.name} of {split.place}"
        if name in split.ragged:
            return split.ragged_rows(name, np.arange(len(split))).on_device(what)
        return to_device(what, np.asarray(split.read(name, slice(None))))

    try:
        return split.source(array)
    finally:
        split.close()

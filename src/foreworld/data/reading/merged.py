"""One split of several tasks as one table: task after task, with a label for each row.

Tasks whose frames or states differ in shape are never merged silently: a policy says
what becomes of states, and everything else that differs is an error that names it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import jax.numpy as jnp
import numpy as np

from foreworld.core.errors import ConfigError
from foreworld.core.parts.part import Bounded, field_specs
from foreworld.data.format.recipe import fingerprint
from foreworld.data.reading.source import DataSource
from foreworld.data.reading.split import IN_MEMORY_BYTES, Split
from foreworld.data.reading.table import AbstractTable
from foreworld.worlds.base import AbstractWorld

LABEL = "label"
"""Column with the position of a row's task, ``(1,)`` each."""
StatePolicy = Literal["equal", "pad", "truncate"]
"""What becomes of states of different width."""
NumColumns = Annotated[int, Bounded(low=0, unit="columns")]

_STATES = ("state", "derivative")
_PARAMETER = "parameters/"


@dataclass(frozen=True)
class Shape:
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


class MergedSplit(AbstractTable):
    """A split of all tasks of a collection, in the order of its tasks.

    Columns that not every task has are left out, but for parameters: where a task
    fixes what others draw there is the fixed value, and NaN where its world has no
    such field.
    """

    def __init__(
        self, name: str, place: str, splits: Mapping[str, Split], shape: Shape
    ) -> None:
        self.name, self.shape = name, shape
        self._place, self._splits = place, dict(splits)
        self._ends = np.cumsum([len(split) for split in splits.values()])
        self._kept: dict[str, np.ndarray] = {}

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_kept": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)

    def __repr__(self) -> str:
        num = len(self._splits)
        return (
            f"Split {self.name} of {self._place}: {len(self):,} sequences of {num} "
            f"task{'' if num == 1 else 's'}"
        )

    @property
    def place(self) -> str:
        """Folder of the collection."""
        return self._place

    @property
    def num_frames(self) -> int:
        """Frames in a sequence."""
        name = "image" if "image" in self.columns else "state"
        return self.columns[name][0][1]

    @property
    def task_sizes(self) -> dict[str, int]:
        """Sequences of each task, by name."""
        return {name: len(split) for name, split in self._splits.items()}

    @functools.cached_property
    def columns(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Shape and dtype of every column, all tasks."""
        self._check_sizes()
        found = {task: split.columns for task, split in self._splits.items()}
        drawn = {n for c in found.values() for n in c if n.startswith(_PARAMETER)}
        common = set.intersection(*(set(columns) for columns in found.values()))
        columns: dict[str, tuple[tuple[int, ...], str]] = {}
        columns.update((name, ((len(self),), "float32")) for name in drawn)
        for name in common - drawn:
            kinds = {task: (c[name][0][1:], c[name][1]) for task, c in found.items()}
            columns[name] = self._common(name, kinds)
        columns[LABEL] = ((len(self), 1), "int64")
        return dict(sorted(columns.items()))

    def rows(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Rows of a column by their numbers, all of which exist."""
        if name in self._kept:
            return self._kept[name][rows]
        shape, dtype = self.columns[name]
        which = np.searchsorted(self._ends, rows, side="right")
        if name == LABEL:
            return which[:, None].astype(dtype)
        out = np.zeros((len(rows), *shape[1:]), dtype)
        for number, split in enumerate(self._splits.values()):
            here = np.flatnonzero(which == number)
            if not len(here):
                continue
            local = rows[here] - (self._ends[number] - len(split))
            if name.startswith(_PARAMETER) and name not in split.columns:
                out[here] = _fixed(split.world, name.removeprefix(_PARAMETER))
                continue
            values = split.rows(name, local)
            if name in _STATES:
                width = min(values.shape[-1], shape[-1])
                out[here, ..., :width] = values[..., :width]
            else:
                out[here] = values
        return out

    def keep(self, names: Iterable[str]) -> None:
        """Read columns that are not too large once, and keep them in memory."""
        for name in names:
            shape, dtype = self.columns[name]
            small = math.prod(shape) * np.dtype(dtype).itemsize <= IN_MEMORY_BYTES
            if small and name not in self._kept:
                self._kept[name] = self.rows(name, np.arange(len(self)))

    def device(self) -> DataSource:
        """All of it as device arrays; made once a process for each state of the files.

        Raises
        ------
        ConfigError
            There are no frames, or frames, states or actions of the tasks differ.
        DamagedError
            A file is missing or cannot be read.
        """
        self.check_frames()
        prints = tuple(fingerprint(s.folder) for s in self._splits.values())
        return _device(_Held(self, (self._place, self.name, self.shape, prints)))

    def close(self) -> None:
        """Give files and memory back; reading opens them again."""
        for split in self._splits.values():
            split.close()
        self._kept.clear()

    def action_space(self) -> Any:
        """What actions may be, in all tasks.

        Raises
        ------
        ConfigError
            Tasks differ in that.
        """
        spaces = {t: s.world.action_space for t, s in self._splits.items()}
        first = next(iter(spaces.values()))
        if any(space != first for space in spaces.values()):
            raise self._unequal("actions", {t: str(s) for t, s in spaces.items()}, "")
        return first

    def _check_sizes(self) -> None:
        lacking = [task for task, split in self._splits.items() if not len(split)]
        if not lacking:
            return
        if len(lacking) == len(self._splits):
            raise ConfigError(
                f"{self._place} has no {self.name} sequences. Generate it with "
                f"--{self.name} above 0."
            )
        raise ConfigError(
            f"the {self.name} split of {self._place} cannot be merged: "
            f"{', '.join(lacking)} {'has' if len(lacking) == 1 else 'have'} no "
            f"{self.name} sequences. Use the tasks one by one, as in "
            f".tasks[{next(iter(self._splits))!r}], or generate it anew."
        )

    def _common(
        self, name: str, kinds: dict[str, tuple[tuple[int, ...], str]]
    ) -> tuple[tuple[int, ...], str]:
        """Shape and dtype of a column of all tasks."""
        if len({dtype for _, dtype in kinds.values()}) > 1:
            raise self._unequal(name, {t: d for t, (_, d) in kinds.items()}, "")
        dtype = next(iter(kinds.values()))[1]
        shapes = {task: shape for task, (shape, _) in kinds.items()}
        if name in _STATES:
            shapes = self._widths(name, shapes)
        if len(set(shapes.values())) > 1:
            texts = {t: "x".join(map(str, s)) or "1" for t, s in shapes.items()}
            advice = ""
            if name in _STATES:
                advice = " states='pad' or states='truncate' makes them equal."
            raise self._unequal(name, texts, advice)
        return (len(self), *next(iter(shapes.values()))), dtype

    def _widths(
        self, name: str, shapes: dict[str, tuple[int, ...]]
    ) -> dict[str, tuple[int, ...]]:
        """The shapes that the policy makes of those of states."""
        widths = [shape[-1] for shape in shapes.values()]
        if self.shape.states == "equal":
            return shapes
        width = max(widths)
        if self.shape.states == "truncate":
            width = self.shape.num_columns or min(widths)
            if width > min(widths):
                least = min(shapes, key=lambda task: shapes[task][-1])
                raise ConfigError(
                    f"num_columns={width} must be at most {min(widths)}: {name} of "
                    f"{least} in {self._place} has no more columns."
                )
        return {task: (*shape[:-1], width) for task, shape in shapes.items()}

    def _unequal(self, name: str, kinds: dict[str, str], advice: str) -> ConfigError:
        by_kind: dict[str, list[str]] = {}
        for task, kind in kinds.items():
            by_kind.setdefault(kind, []).append(task)
        listing = "; ".join(f"{k} in {', '.join(t)}" for k, t in by_kind.items())
        return ConfigError(
            f"the tasks of {self._place} cannot be merged: {name} is unequal "
            f"({listing}).{advice} Each task alone is "
            f".tasks[{next(iter(self._splits))!r}] and so on."
        )


class _Held:
    """A split that counts as equal to another of the same files."""

    def __init__(self, split: MergedSplit, key: tuple[Any, ...]) -> None:
        self.split, self._key = split, key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@functools.lru_cache(maxsize=8)
def _device(held: _Held) -> DataSource:
    split, whole = held.split, slice(None)
    space: Any = split.action_space()
    held_names = split.columns
    action = (
        jnp.asarray(split.read("action", whole)) if "action" in held_names else None
    )
    source = DataSource(
        image=jnp.asarray(split.read("image", whole)),
        state=jnp.asarray(split.read("state", whole)),
        action=action,
        valid=jnp.asarray(split.read("valid", whole)),
        parameters={n: jnp.asarray(c[:]) for n, c in split.parameters.items()},
        action_space=space,
        task_sizes=tuple(split.task_sizes.values()),
    )
    split.close()
    return source


def _fixed(world: AbstractWorld, name: str) -> float:
    """The value of a field that a task does not draw; NaN where there is none."""
    kinds = {spec.name: spec.kind for spec in field_specs(type(world))}
    return float(getattr(world, name)) if kinds.get(name) == "traced" else math.nan

"""Collections: folders with one data set for each of several tasks.

``open_collection(path).tasks["grav_0"]`` is the data set of a task; ``.train``,
``.val`` and ``.test`` are all tasks together, a task's position being its rows' label.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast, get_args

from foreworld.core import show
from foreworld.core.disk.folder import CONFIG, MANIFEST, manifest, read_sealed
from foreworld.core.errors import ConfigError, DamagedError, unknown_name
from foreworld.core.parts.config import read_part, to_dict
from foreworld.core.parts.part import Part
from foreworld.data.format.recipe import SPLITS, Recipe, fingerprint
from foreworld.data.reading.dataset import AbstractDataSet, DataSet, open_dataset
from foreworld.data.reading.merged import MergedSplit, Shape, StatePolicy
from foreworld.worlds.base import Family

KIND = "tasks"
FORMAT = 1
"""Number of the written format of the folder around the tasks."""


class TasksRecipe(Part):
    """Everything that decides the contents of a collection."""

    tasks: dict[str, Recipe]
    """recipe of each task by the name of its folder; the position is its label"""
    name: str = ""
    """the named set that it is, if it is one"""

    def __check_init__(self) -> None:
        super().__check_init__()
        if not self.tasks:
            raise ConfigError("a collection needs at least one task.")
        for task, recipe in self.tasks.items():
            if task in ("", ".", "..", *SPLITS) or not _plain(task):
                raise ConfigError(
                    f"a task cannot be called {task!r}: its name is that of a folder. "
                    f"Use letters, digits, '_' and '-', and no name of a split."
                )
            if recipe.task != task:
                raise ConfigError(
                    f"the recipe of task {task!r} says that it is {recipe.task!r}: "
                    f"tasks of one seed would draw the same numbers."
                )

    @property
    def identity(self) -> str:
        """A text that two collections share exactly if their contents are equal."""
        lines = [f"{task} {recipe.identity}" for task, recipe in self.tasks.items()]
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
        return f"{digest}-tasks{len(self.tasks)}"

    @property
    def sizes(self) -> dict[str, int]:
        """Sequences of each split, all tasks together."""
        return {s: sum(r.sizes[s] for r in self.tasks.values()) for s in SPLITS}


def write_config(recipe: TasksRecipe) -> dict[str, Any]:
    """The contents of ``config.json`` for a collection."""
    return {
        "kind": KIND,
        "format": FORMAT,
        "tasks": list(recipe.tasks),
        "recipe": to_dict(recipe),
        "identity": recipe.identity,
        "versions": {"foreworld": importlib.metadata.version("foreworld")},
    }


def read_tasks(folder: Path) -> TasksRecipe:
    """The recipe of a collection, its tasks in order.

    Raises
    ------
    DamagedError
        ``config.json`` is missing, or is none.
    ConfigError
        The folder holds something else, or a format this installation does not know.
    """
    path = folder / CONFIG
    if not path.exists():
        raise DamagedError(f"{folder} is no collection of tasks: {path} is missing.")
    data = read_sealed(folder, CONFIG)
    kind = data.get("kind") if isinstance(data, dict) else None
    if kind != KIND:
        raise ConfigError(f"{folder} holds a {kind or 'thing unknown'}, not {KIND}.")
    if data.get("format") != FORMAT:
        raise ConfigError(
            f"{folder} is written in format {data.get('format')} of collections; this "
            f"installation reads format {FORMAT}. Install the version that wrote it."
        )
    recipe = read_part(data.get("recipe"), path)
    names = data.get("tasks")
    if not isinstance(recipe, TasksRecipe) or names != list(recipe.tasks):
        raise DamagedError(f"{path} is damaged: its 'recipe' is not of its 'tasks'.")
    return recipe


def open_collection(
    path: str | Path, states: str = "equal", num_columns: int = 0
) -> Collection:
    """Open a finished collection; nothing but configurations is read.

    Parameters
    ----------
    path
        Folder of the collection.
    states, num_columns
        See :meth:`Collection.with_states`.

    Raises
    ------
    DamagedError
        The folder or a task is not finished, missing, or was altered.
    ConfigError
        It is no collection, or there is no such policy.
    """
    folder = Path(path)
    recipe = read_tasks(folder)
    marker = manifest(folder)
    again = "Run the same 'foreworld generate' command again"
    if marker is None:
        raise DamagedError(
            f"{folder} is not finished: its generation was interrupted. {again}; what "
            f"is finished is kept."
        )
    if marker.get("identity") != recipe.identity:
        raise DamagedError(
            f"{folder / CONFIG} was altered: it describes {recipe.identity}, but "
            f"{folder / MANIFEST} was written for {marker.get('identity')}."
        )
    tasks = {}
    for task in recipe.tasks:
        if not (folder / task).is_dir():
            raise DamagedError(
                f"{folder / task} is missing: it is a task of {folder}. {again}; the "
                f"other tasks are kept."
            )
        listed = marker["files"].get(f"{task}/{MANIFEST}", {}).get("sha256")
        if fingerprint(folder / task) != listed:
            raise DamagedError(
                f"{folder / task} is not the data set that {folder} was made with. "
                f"'foreworld check {folder}' says what is wrong."
            )
        tasks[task] = open_dataset(folder / task)
    return Collection(folder, recipe, tasks).with_states(states, num_columns)


class Collection(AbstractDataSet[MergedSplit]):
    """Finished data sets of several tasks in one folder.

    Attributes
    ----------
    recipe
        What it is made of.
    tasks
        Data set of each task by its name, in the order of their labels.
    """

    def __init__(
        self,
        path: Path,
        recipe: TasksRecipe,
        tasks: Mapping[str, DataSet],
        shape: Shape | None = None,
    ) -> None:
        self.path, self.recipe, self.tasks = path, recipe, dict(tasks)
        self._shape = shape or Shape()
        self._splits: dict[str, MergedSplit] = {}

    @property
    def identity(self) -> str:
        """Equal for two collections exactly if their contents are."""
        return self.recipe.identity

    @property
    def families(self) -> dict[str, Family]:
        """The family of each task."""
        return {task: data.family for task, data in self.tasks.items()}

    def with_states(self, states: str, num_columns: int = 0) -> Collection:
        """The same data, with another policy for states of different width.

        Parameters
        ----------
        states
            equal: all tasks must have one width (an error names those that differ);
            pad: zeros up to the widest; truncate: the first columns of each.
        num_columns
            Columns that truncate leaves; 0 for as many as the narrowest task has.

        Raises
        ------
        ConfigError
            There is no such policy, or ``num_columns`` without truncate.
        """
        known = get_args(StatePolicy)
        if states not in known:
            raise unknown_name("policy for states", states, known)
        if num_columns < 0 or (num_columns and states != "truncate"):
            raise ConfigError(
                f"num_columns={num_columns} goes with states='truncate', and must be "
                f"at least 1 there (0: as many as the narrowest task has); got "
                f"states={states!r}."
            )
        return Collection(
            self.path,
            self.recipe,
            self.tasks,
            Shape(cast(StatePolicy, states), num_columns),
        )

    def split(self, name: str) -> MergedSplit:
        """A split of all tasks by name.

        Raises
        ------
        UnknownNameError
            No such split.
        """
        if name not in SPLITS:
            raise unknown_name("split", name, SPLITS)
        if name not in self._splits:
            splits = {task: data.split(name) for task, data in self.tasks.items()}
            self._splits[name] = MergedSplit(name, str(self.path), splits, self._shape)
        return self._splits[name]

    def __len__(self) -> int:
        return sum(self.recipe.sizes.values())

    def _repr_html_(self) -> str:
        """In a notebook: what it is, and its tasks."""
        rows = [[str(i), n, repr(d)] for i, (n, d) in enumerate(self.tasks.items())]
        return show.text(self) + show.table(["label", "task", "data set"], rows)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{s} {n:,}" for s, n in self.recipe.sizes.items() if n)
        name = f" ({self.recipe.name})" if self.recipe.name else ""
        return (
            f"Collection {self.path}{name}: {len(self.tasks)} tasks "
            f"({', '.join(self.tasks)}); {sizes} sequences"
        )


def _plain(name: str) -> bool:
    return all(c.isascii() and (c.isalnum() or c in "_-") for c in name)

"""Data sets as Python meets them.

``open_dataset(path).train.image[7]`` reads one sequence; ``.train.loader(64)`` gives
shuffled batches; ``.train.device()`` puts the split in arrays that compiled programs
take as input. Of several tasks ``.tasks["grav_0"]`` is one, and ``.train`` all
together.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast, get_args

from foreworld.core import registry, show
from foreworld.core.disk.folder import CONFIG, MANIFEST, manifest
from foreworld.core.disk.places import expanded, shown
from foreworld.core.errors import ConfigError, DamagedError, unknown_name
from foreworld.core.parts.config import changes
from foreworld.core.parts.stand_in import StandIn, class_name
from foreworld.core.parts.types import checked
from foreworld.core.plain import counted
from foreworld.data.format.config import read_identity, read_recipe
from foreworld.data.format.contents import check_links
from foreworld.data.format.recipe import SPLITS, Recipe, TaskRecipe
from foreworld.data.reading.pictures import moving_gif
from foreworld.data.reading.split import Merging, Split, StatePolicy
from foreworld.worlds.base import Family


def open_dataset(
    path: str | Path,
    world: str | type | None = None,
    states: str = "equal",
    num_columns: int = 0,
) -> DataSet:
    """Open a finished data set; nothing but its configuration is read.

    Parameters
    ----------
    path
        Folder of the data set.
    world
        The world (name or class) that it must hold; ``None`` for any.
    states, num_columns
        See :meth:`DataSet.with_states`.

    Raises
    ------
    DamagedError
        The folder is not finished, or its configuration is missing or damaged.
    ConfigError
        It is a data set of another world, or no data set.
    """
    # What is read later must not depend on the working folder of then.
    folder = expanded(path).absolute()
    place = shown(folder)
    recipe = read_recipe(folder)
    marker = manifest(folder)
    if marker is None:
        raise DamagedError(
            f"{place} is not finished: its generation was interrupted. Run the same "
            f"'foreworld generate' command again; what is finished is kept."
        )
    check_links(folder, recipe.tasks)
    identity = read_identity(folder, recipe)
    if marker.get("identity") != identity:
        raise DamagedError(
            f"{place / CONFIG} was altered: it describes {identity}, but "
            f"{place / MANIFEST} was written for {marker.get('identity')}."
        )
    for task in recipe.tasks:
        if not (folder / task).is_dir():
            raise DamagedError(
                f"{place / task} is missing: it is a task of {place}. Run the same "
                f"'foreworld generate' command again; the other tasks are kept."
            )
    data = DataSet(folder, recipe, identity=identity)
    asked = registry.find("worlds", world) if isinstance(world, str) else world
    for task in recipe.tasks.values():
        if asked is not None and asked is not type(task.origin):
            raise ConfigError(
                f"{place} is a data set of {class_name(task.origin)}, not of "
                f"{asked.__name__}. Choose another data set, or generate one of "
                f"{asked.__name__}."
            )
    return data.with_states(states, num_columns)


class DataSet:
    """A finished data set on the disk.

    Parameters
    ----------
    path
        Its folder.
    recipe
        What it is made of; of several tasks perhaps only some.
    merging
        How states of several tasks become one array.
    identity
        Which data set it is, where the recipe cannot tell: its world's class is not at
        hand.
    """

    def __init__(
        self,
        path: Path,
        recipe: Recipe,
        merging: Merging | None = None,
        identity: str | None = None,
    ) -> None:
        self.path, self.recipe, self._merging = path, recipe, merging
        self._identity = identity
        self._splits: dict[str, Split] = {}

    @property
    def identity(self) -> str:
        """Equal for two data sets exactly if their contents are."""
        return self.recipe.identity if self._identity is None else self._identity

    @property
    def states(self) -> str:
        """What becomes of states of different width, in words."""
        merging = self._merging or Merging()
        return f"{merging.states} {merging.num_columns}"

    @property
    def tasks(self) -> dict[str, DataSet]:
        """Each task by itself, in the order of labels; "" for the only one."""
        return {
            name: DataSet(self.path, Recipe({name: recipe}, self.recipe.name))
            for name, recipe in self.recipe.tasks.items()
        }

    @property
    def families(self) -> dict[str, Family]:
        """The distribution of each task's worlds; of those that have worlds."""
        families = {t: recipe.family for t, recipe in self.recipe.tasks.items()}
        return {t: one for t, one in families.items() if isinstance(one, Family)}

    @property
    def family(self) -> Family:
        """The distribution that all worlds are drawn from, where there is one task.

        Raises
        ------
        ConfigError
            There are several tasks, or a generator made the sequences.
        """
        return self._only.worlds

    def with_states(self, states: str, num_columns: int = 0) -> DataSet:
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
            There is no such policy, ``num_columns`` goes without truncate, or there is
            but one task.
        """
        num_columns = checked("num_columns", num_columns, int)
        known = get_args(StatePolicy)
        if states not in known:
            raise unknown_name("policy for states", states, known)
        if num_columns < 0 or (num_columns and states != "truncate"):
            raise ConfigError(
                f"num_columns={num_columns} goes with states='truncate', and must be "
                f"at least 1 there (0: as many as the narrowest task has); got "
                f"states={states!r}."
            )
        if states != "equal" and len(self.recipe.tasks) == 1:
            raise ConfigError(
                f"states={states!r} is for data sets of several tasks, and {self.path} "
                f"has one. Leave it away."
            )
        merging = Merging(cast(StatePolicy, states), num_columns)
        return DataSet(self.path, self.recipe, merging, self._identity)

    def split(self, name: str) -> Split:
        """A split by name, all tasks together.

        Raises
        ------
        UnknownNameError
            No such split.
        """
        if name not in SPLITS:
            raise unknown_name("split", name, SPLITS)
        if name not in self._splits:
            self._splits[name] = Split(self.path, self.recipe, name, self._merging)
        return self._splits[name]

    @property
    def train(self) -> Split:
        """Sequences to train on."""
        return self.split("train")

    @property
    def val(self) -> Split:
        """Sequences to choose by."""
        return self.split("val")

    @property
    def test(self) -> Split:
        """Sequences to report."""
        return self.split("test")

    def __len__(self) -> int:
        return sum(self.recipe.sizes.values())

    def _repr_html_(self) -> str:
        """In a notebook: what it is, and its tasks, or its sequences moving."""
        if len(self.recipe.tasks) > 1:
            rows = [[str(i), n, repr(d)] for i, (n, d) in enumerate(self.tasks.items())]
            return show.text(self) + show.table(["label", "task", "data set"], rows)
        shown = next(s for s in map(self.split, SPLITS) if len(s))
        if "image" not in shown.columns:
            return show.text(self)
        about = f"sequences of the split {shown.name}"
        return show.text(self) + show.picture(moving_gif(shown), "gif", about)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{s} {n:,}" for s, n in self.recipe.sizes.items() if n)
        tasks = self.recipe.tasks
        if len(tasks) > 1:
            name = f" ({self.recipe.name})" if self.recipe.name else ""
            return (
                f"DataSet {shown(self.path)}{name}: {len(tasks)} tasks "
                f"({', '.join(tasks)}); {sizes} sequences"
            )
        recipe, world = self._only, self._only.origin
        fields = world.fields if isinstance(world, StandIn) else changes(world)
        fields = dict(fields)
        for name, values in recipe.ranges.items():
            low, high = values.ends()
            fields[name] = f"{low:g}..{high:g}"
        settings = ", ".join(f"{name}={value}" for name, value in fields.items())
        task = f", task {recipe.task}" if recipe.task else ""
        made = not isinstance(recipe.family, Family)
        frames = "" if made else f" of {counted(recipe.num_frames, 'frame')}"
        return (
            f"DataSet {shown(self.path)}{task}: {class_name(world)}({settings}); "
            f"{sizes} sequences{frames}; seed {recipe.seed}"
        )

    @property
    def _only(self) -> TaskRecipe:
        if len(self.recipe.tasks) > 1:
            raise ConfigError(
                f"{shown(self.path)} has {len(self.recipe.tasks)} tasks, each with a "
                f"family of its own: see .families."
            )
        return next(iter(self.recipe.tasks.values()))

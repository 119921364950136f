"""Data sets as Python meets them.

``open_dataset(path).train.image[7]`` reads one sequence; ``.numpy(64)`` gives shuffled
batches; ``.device()`` puts the split in arrays that compiled programs take as input.
"""

from __future__ import annotations

import abc
from pathlib import Path
from typing import Generic, TypeVar

from foreworld.core import registry, show
from foreworld.core.disk.folder import CONFIG, MANIFEST, manifest
from foreworld.core.errors import ConfigError, DamagedError, unknown_name
from foreworld.core.parts.part import field_specs
from foreworld.data.format.recipe import SPLITS, Recipe, read_recipe
from foreworld.data.reading.pictures import moving_gif
from foreworld.data.reading.split import Split
from foreworld.data.reading.table import AbstractTable
from foreworld.worlds.base import Family


def open_dataset(path: str | Path, world: str | type | None = None) -> DataSet:
    """Open a finished data set; nothing but its configuration is read.

    Parameters
    ----------
    path
        Folder of the data set.
    world
        The world (name or class) that it must hold; ``None`` for any.

    Raises
    ------
    DamagedError
        The folder is not finished, or its configuration is missing or damaged.
    ConfigError
        It is a data set of another world, or no data set.
    """
    folder = Path(path)
    recipe = read_recipe(folder)
    marker = manifest(folder)
    if marker is None:
        raise DamagedError(
            f"{folder} is not finished: its generation was interrupted. Run the same "
            f"'foreworld generate' command again; what is finished is kept."
        )
    if marker.get("identity") != recipe.identity:
        raise DamagedError(
            f"{folder / CONFIG} was altered: it describes {recipe.identity}, but "
            f"{folder / MANIFEST} was written for {marker.get('identity')}."
        )
    found = type(recipe.family.world)
    asked = registry.find("worlds", world) if isinstance(world, str) else world
    if asked is not None and asked is not found:
        raise ConfigError(
            f"{folder} is a data set of {found.__name__}, not of {asked.__name__}. "
            f"Choose another data set, or generate one of {asked.__name__}."
        )
    return DataSet(folder, recipe)


TableType = TypeVar("TableType", bound=AbstractTable)


class AbstractDataSet(abc.ABC, Generic[TableType]):
    """Finished data on the disk: of one family, or of several tasks.

    Attributes
    ----------
    path
        Its folder.
    """

    path: Path

    @property
    @abc.abstractmethod
    def identity(self) -> str:
        """Equal for two data sets exactly if their contents are."""

    @property
    @abc.abstractmethod
    def families(self) -> dict[str, Family]:
        """The distributions of its worlds by task ("" for the only one)."""

    @abc.abstractmethod
    def split(self, name: str) -> TableType:
        """A split by name.

        Raises
        ------
        UnknownNameError
            No such split.
        """

    @abc.abstractmethod
    def __len__(self) -> int:
        """Sequences of all splits."""

    @property
    def train(self) -> TableType:
        """Sequences to train on."""
        return self.split("train")

    @property
    def val(self) -> TableType:
        """Sequences to choose by."""
        return self.split("val")

    @property
    def test(self) -> TableType:
        """Sequences to report."""
        return self.split("test")


class DataSet(AbstractDataSet[Split]):
    """A finished data set of one family on the disk.

    Attributes
    ----------
    recipe
        What it is made of.
    """

    def __init__(self, path: Path, recipe: Recipe) -> None:
        self.path, self.recipe = path, recipe
        self._splits: dict[str, Split] = {}

    @property
    def family(self) -> Family:
        """The distribution its worlds are drawn from."""
        return self.recipe.family

    @property
    def families(self) -> dict[str, Family]:
        """The one family, without a name."""
        return {"": self.family}

    @property
    def identity(self) -> str:
        """Equal for two data sets exactly if their contents are."""
        return self.recipe.identity

    def split(self, name: str) -> Split:
        """A split by name.

        Raises
        ------
        UnknownNameError
            No such split.
        """
        if name not in SPLITS:
            raise unknown_name("split", name, SPLITS)
        if name not in self._splits:
            self._splits[name] = Split(self.path, self.recipe, name)
        return self._splits[name]

    def __len__(self) -> int:
        return sum(self.recipe.sizes.values())

    def _repr_html_(self) -> str:
        """In a notebook: what it is, and some of its sequences moving."""
        shown = next(s for s in map(self.split, SPLITS) if len(s))
        about = f"sequences of the split {shown.name}"
        return show.text(self) + show.picture(moving_gif(shown), "gif", about)

    def __repr__(self) -> str:
        recipe, world = self.recipe, self.family.world
        fields = {
            spec.name: getattr(world, spec.name)
            for spec in field_specs(type(world))
            if spec.required or getattr(world, spec.name) != spec.default()
        }
        for name, values in self.family.ranges.items():
            low, high = values.ends()
            fields[name] = f"{low:g}..{high:g}"
        settings = ", ".join(f"{name}={value}" for name, value in fields.items())
        sizes = ", ".join(f"{s} {n:,}" for s, n in recipe.sizes.items() if n)
        return (
            f"DataSet {self.path}: {type(world).__name__}({settings}); {sizes} "
            f"sequences of {recipe.num_frames} frames; seed {recipe.seed}"
        )

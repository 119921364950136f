"""What a data set is made of: everything that decides its contents, and its shards.

A data set has tasks in order, each with a recipe of its own; a plain one has a single
task, whose name is empty and whose files lie in the folder itself.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from jaxtyping import Integer, UInt32

from foreworld.core.errors import ConfigError
from foreworld.core.host_keys import host_fold, host_key
from foreworld.core.own.in_parts import values_in
from foreworld.core.parts.config import changes, content_hash
from foreworld.core.parts.limits import Bounded
from foreworld.core.parts.part import Part, field_specs
from foreworld.core.parts.reference import AbstractRef
from foreworld.core.parts.stand_in import StandIn, class_name
from foreworld.data.format.generator import (
    AbstractGenerator,
    column_spaces,
    schema_of,
)
from foreworld.data.format.observation import Observation
from foreworld.data.format.store.find import StoreName
from foreworld.worlds.base import Family
from foreworld.worlds.policy import AbstractPolicy
from foreworld.worlds.ranges import AbstractRange

KIND = "data set"
FORMAT = 3
"""Number of the written format. 3: files name what they belong to."""
FORMATS = (2, FORMAT)
"""Those that are read; readers refuse others."""
SPLITS = ("train", "val", "test")
"""Names of the splits, in the order in which they are made."""
MOST_SHARDS = 10**5
"""Files of a data set at most: what a folder says must not fill the memory."""
CHUNK_LEN = 250
"""Sequences that one call of the compiled program makes, where nothing else is said."""

Size = Annotated[int, Bounded(low=0, high=10**9, unit="sequences")]
NumFrames = Annotated[int, Bounded(low=2, high=10**6, unit="frames")]
Seed = Annotated[int, Bounded(low=0, high=2**32 - 1)]


@dataclass(frozen=True)
class Shard:
    """Sequences ``start .. stop - 1`` of a task's split, which lie in one file."""

    task: str
    split: str
    number: int
    start: int
    stop: int

    @property
    def stem(self) -> str:
        """``shard-00000``."""
        return f"shard-{self.number:05d}"

    def __len__(self) -> int:
        return self.stop - self.start


class TaskRecipe(Part):
    """Everything that decides the contents of one task.

    A datum's key is a function of seed, named set, task, split and index, so a larger
    data set of the same recipe begins with the sequences of a smaller one.
    """

    family: Family | AbstractGenerator
    """distribution of worlds, or the generator that makes the sequences"""
    policy: AbstractPolicy | AbstractRef | None = None
    """what acts; None draws actions uniformly (and is all that passive worlds need)"""
    seed: Seed = 0
    """root seed"""
    num_frames: NumFrames = 30
    """frames in a sequence"""
    train: Size = 0
    """sequences to train on"""
    val: Size = 0
    """sequences to choose by"""
    test: Size = 0
    """sequences to report"""
    shard_len: Annotated[int, Bounded(low=1, unit="sequences")] = 2000
    """sequences in a file"""
    store: StoreName = "hdf5"
    """format of the files: small, or large and for NumPy"""
    chunk_len: Annotated[int, Bounded(low=1, high=10**4, unit="sequences")] = CHUNK_LEN
    """sequences that one call of the compiled program makes; float results may depend
    on the width of a program, so this decides the contents too"""
    task: str = ""
    """name of the task in a set of several dynamics; tasks of one seed differ"""
    observation: Observation = Observation()
    """what of the worlds is seen"""
    named: str = ""
    """named set that the task is of, if it is of one; sets of one seed draw apart"""

    def __check_init__(self) -> None:
        super().__check_init__()
        if isinstance(self.family, AbstractGenerator):
            self._check_generator(self.family)
        elif not isinstance(self.origin, StandIn):
            self.observation.check_world(self.worlds.world)
        if not isinstance(self.policy, Part | StandIn | None):
            raise ConfigError(
                f"policy {type(self.policy).__name__} cannot be written down, so no "
                f"worker could rebuild it. Derive it from "
                f"foreworld.core.Part too."
            )
        if self.shard_len % self.chunk_len:
            raise ConfigError(
                f"shard_len={self.shard_len} must be a multiple of chunk_len="
                f"{self.chunk_len}."
            )

    def _check_generator(self, generator: AbstractGenerator) -> None:
        schema_of(generator)
        column_spaces(generator)
        defaults = {spec.name: spec.default() for spec in field_specs(TaskRecipe)[1:]}
        for name in ("policy", "num_frames", "observation"):
            if getattr(self, name) != defaults[name]:
                raise ConfigError(
                    f"{name} is for sequences of worlds, and "
                    f"{type(generator).__name__} is a generator, which says itself "
                    f"what it makes. Leave {name} out."
                )

    @property
    def origin(self) -> Any:
        """The world that the sequences are of, or the generator that makes them."""
        return self.family.world if isinstance(self.family, Family) else self.family

    @property
    def ranges(self) -> dict[str, AbstractRange]:
        """What fields of the worlds are drawn from; none where there are no worlds."""
        return self.family.ranges if isinstance(self.family, Family) else {}

    @property
    def worlds(self) -> Family:
        """The distribution of worlds.

        Raises
        ------
        ConfigError
            A generator makes the sequences, and no world.
        """
        if isinstance(self.family, Family):
            return self.family
        raise ConfigError(
            f"{class_name(self.family)} is a generator: there is no world behind its "
            f"data."
        )

    @property
    def sizes(self) -> dict[str, int]:
        """Sequences of each split."""
        return {split: getattr(self, split) for split in SPLITS}

    @property
    def identity(self) -> str:
        """A text that two tasks share exactly if their contents are to be equal."""
        sizes = "+".join(str(size) for size in self.sizes.values())
        policy = f"-policy{content_hash(self.policy)}" if self.policy else ""  # type: ignore
        width = "" if self.chunk_len == CHUNK_LEN else f"-chunk_len={self.chunk_len}"
        task = f"-task={self.task}" if self.task else ""
        task = f"-set={self.named}{task}" if self.named else task
        if not isinstance(self.family, Family):
            # Its rows do not depend on how many are made at once.
            return f"{content_hash(self.family)}-seed{self.seed}-{sizes}{task}"
        seen = [f"-{name}={value}" for name, value in changes(self.observation).items()]
        return (
            f"{content_hash(self.family)}-seed{self.seed}-frames{self.num_frames}"
            f"-{sizes}{policy}{width}{task}{''.join(seen)}"
        )

    def keys(
        self, split: str, index: Integer[np.ndarray, " sequence"]
    ) -> UInt32[np.ndarray, "sequence 2"]:
        """The random key of each of some sequences, two words of 32 bits.

        Parameters
        ----------
        split
            ``"train"``, ``"val"`` or ``"test"``.
        index
            Their indices in the split.
        """
        names = [name for name in (self.named, self.task) if name]
        return host_fold(host_key(self.seed), *names, split, index)

    def names_of(self, shard: Shard) -> dict[str, int | str]:
        """What the file of a shard says that it belongs to.

        The identity is left out where the class of a world is not at hand, since it
        does not follow then.
        """
        place = {"task": self.task, "split": shard.split, "start": shard.start}
        known = not any(isinstance(one, StandIn) for one in values_in(self))
        return {"identity": self.identity, **place} if known else place

    def shards(self) -> list[Shard]:
        """All files of the task, in the order in which they are made."""
        return [
            Shard(self.task, split, number, start, min(start + self.shard_len, size))
            for split, size in self.sizes.items()
            for number, start in enumerate(range(0, size, self.shard_len))
        ]


class Recipe(Part):
    """Everything that decides the contents of a data set."""

    tasks: dict[str, TaskRecipe]
    """recipe of each task by name; its position is its label"""
    name: str = ""
    """the named set that it is, if it is one"""

    def __check_init__(self) -> None:
        super().__check_init__()
        if not self.tasks:
            raise ConfigError("a data set needs at least one task.")
        tasks = self.tasks.values()
        files = sum(-(-n // r.shard_len) for r in tasks for n in r.sizes.values())
        if files > MOST_SHARDS:
            raise ConfigError(
                f"a data set of {files:,} files is too large: at most {MOST_SHARDS:,} "
                f"are listed. Ask for fewer sequences, or put more of them in a file "
                f"with shard_len."
            )
        for task, recipe in self.tasks.items():
            if not task_name_allowed(task) and (task or len(self.tasks) > 1):
                raise ConfigError(
                    f"a task cannot be called {task!r}: its name is that of a folder. "
                    f"Use letters, digits, '_' and '-', and no name of a split."
                )
            if recipe.task != task:
                raise ConfigError(
                    f"the recipe of task {task!r} says that it is {recipe.task!r}: "
                    f"tasks of one seed would draw the same numbers."
                )

    @classmethod
    def plain(cls, recipe: TaskRecipe, name: str = "") -> Recipe:
        """The recipe of a data set of one task without a name.

        Parameters
        ----------
        recipe
            Of its only task.
        name
            The named set that it is, if it is one.
        """
        return cls({"": recipe}, name)

    @property
    def is_plain(self) -> bool:
        """Whether there is one task, which has no name."""
        return list(self.tasks) == [""]

    @property
    def identity(self) -> str:
        """A text that two data sets share exactly if their contents are equal."""
        if self.is_plain:
            return self.tasks[""].identity
        lines = [f"{task} {recipe.identity}" for task, recipe in self.tasks.items()]
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
        return f"{digest}-tasks{len(self.tasks)}"

    @property
    def sizes(self) -> dict[str, int]:
        """Sequences of each split, all tasks together."""
        return {s: sum(r.sizes[s] for r in self.tasks.values()) for s in SPLITS}

    @property
    def label(self) -> str:
        """A few words for people: the named set, the world, or how many tasks."""
        if self.name or not self.is_plain:
            return self.name or f"{len(self.tasks)} tasks"
        return class_name(self.tasks[""].origin)

    def shards(self) -> list[Shard]:
        """All files of the data set, task after task."""
        return [shard for recipe in self.tasks.values() for shard in recipe.shards()]


def shard_len(sequence_bytes: int, width: int) -> int:
    """Sequences in a file of about 64 MB before compression, at most 2000.

    Parameters
    ----------
    sequence_bytes
        Bytes of one sequence.
    width
        What it is a multiple of.
    """
    return max(1, min(2000, 64 * 2**20 // max(1, sequence_bytes)) // width) * width


def task_name_allowed(name: str) -> bool:
    """Whether a word can be the name of one of several tasks, and so of a folder."""
    plain = all(c.isascii() and (c.isalnum() or c in "_-") for c in name)
    return plain and name not in ("", *SPLITS)

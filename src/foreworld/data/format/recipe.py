"""What a data set is made of: everything that decides its contents, and its shards."""

from __future__ import annotations

import hashlib
import importlib.metadata
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from foreworld.core.disk.folder import CONFIG, read_sealed
from foreworld.core.errors import ConfigError, DamagedError
from foreworld.core.parts.config import content_hash, read_part, to_dict
from foreworld.core.parts.part import Bounded, Part, field_specs
from foreworld.data.format.store.find import StoreName
from foreworld.data.format.stored_policy import AbstractStoredPolicy
from foreworld.worlds.base import AbstractPolicy, Family
from foreworld.worlds.dynamics.base import AbstractDynamics

KIND = "data set"
FORMAT = 1
"""Number of the written format; readers refuse one they do not know."""
SPLITS = ("train", "val", "test")
"""Names of the splits, in the order in which they are made."""
CHUNK_LEN = 250
"""Sequences that one call of the compiled program makes, where nothing else is said."""

_SETTINGS = (
    "chunk_len",
    "task",
    "images",
    "derivatives",
    "image_noise",
    "state_noise",
    "missing",
    "jitter",
    "skip",
    "random_skip",
)
"""Fields that an identity names where they are not at their defaults."""

Size = Annotated[int, Bounded(low=0, high=10**9, unit="sequences")]


@dataclass(frozen=True)
class Shard:
    """Sequences ``start .. stop - 1`` of a split, which lie in one file."""

    split: str
    number: int
    start: int
    stop: int

    @property
    def stem(self) -> str:
        """``shard-00000``."""
        return f"shard-{self.number:05d}"


class Recipe(Part):
    """Everything that decides the contents of a data set.

    A datum's key is a function of seed, split and index, so a larger data set of the
    same recipe begins with the sequences of a smaller one.
    """

    family: Family
    """distribution of worlds"""
    policy: AbstractPolicy | AbstractStoredPolicy | None = None
    """what acts; None draws actions uniformly (and is all that passive worlds need)"""
    seed: Annotated[int, Bounded(low=0, high=2**32 - 1)] = 0
    """root seed"""
    num_frames: Annotated[int, Bounded(low=2, high=10**6, unit="frames")] = 30
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
    images: bool = True
    """store frames"""
    derivatives: bool = False
    """store time derivatives of the states, friction included"""
    image_noise: Annotated[float, Bounded(low=0, unit="of full scale")] = 0.0
    """standard deviation of noise added to the frames, then clipped"""
    state_noise: Annotated[float, Bounded(low=0, unit="of the state's unit")] = 0.0
    """standard deviation of noise added to the stored states"""
    missing: Annotated[float, Bounded(low=0, high=1, unit="of all frames")] = 0.0
    """chance that a frame was not observed: black, state 0, `observed` false"""
    jitter: Annotated[float, Bounded(low=0, high=0.99, unit="of dt")] = 0.0
    """irregular frames: times between them are uniform within this fraction of dt"""
    skip: Annotated[int, Bounded(low=0, high=10**6, unit="frames")] = 0
    """frames before the first one that is stored"""
    random_skip: bool = False
    """draw that number for each sequence, from 0 to skip"""

    def __check_init__(self) -> None:
        super().__check_init__()
        self._check_motion()
        if self.policy is not None and not isinstance(self.policy, Part):
            raise ConfigError(
                f"policy {type(self.policy).__name__} cannot be written down, so no "
                f"worker could rebuild it. Derive it from "
                f"foreworld.core.parts.part.Part too."
            )
        if self.shard_len % self.chunk_len:
            raise ConfigError(
                f"Recipe.shard_len={self.shard_len} must be a multiple of chunk_len="
                f"{self.chunk_len}."
            )

    @property
    def sizes(self) -> dict[str, int]:
        """Sequences of each split."""
        return {split: getattr(self, split) for split in SPLITS}

    @property
    def identity(self) -> str:
        """A text that two data sets share exactly if their contents are to be equal."""
        sizes = "+".join(str(size) for size in self.sizes.values())
        policy = f"-policy{content_hash(self.policy)}" if self.policy else ""  # type: ignore
        return (
            f"{content_hash(self.family)}-seed{self.seed}-frames{self.num_frames}"
            f"-{sizes}{policy}{self._settings}"
        )

    @property
    def _settings(self) -> str:
        """Fields beside that are not at their defaults, as text."""
        values = to_dict(self)
        return "".join(
            f"-{spec.name}={values[spec.name]}"
            for spec in field_specs(Recipe)
            if spec.name in _SETTINGS and values[spec.name] != spec.default()
        )

    def _check_motion(self) -> None:
        """Refuse what only a system in continuous time, or one without actions, can."""
        world = self.family.world
        name = type(world).__name__
        for field in ("derivatives", "jitter"):
            value = getattr(self, field)
            if value and not isinstance(world, AbstractDynamics):
                raise ConfigError(
                    f"{field}={value}: {name} has no time derivative. This is for "
                    f"worlds that move in continuous time, such as the pendulum."
                )
        if self.skip and world.action_space is not None:
            raise ConfigError(
                f"skip={self.skip}: somebody acts in {name}, and an episode is stored "
                f"from its beginning. This is for worlds in which nobody acts."
            )

    def shards(self) -> list[Shard]:
        """All files of the data set, in the order in which they are made."""
        return [
            Shard(split, number, start, min(start + self.shard_len, size))
            for split, size in self.sizes.items()
            for number, start in enumerate(range(0, size, self.shard_len))
        ]


def write_config(recipe: Recipe) -> dict[str, Any]:
    """The contents of ``config.json`` for a recipe."""
    return {
        "kind": KIND,
        "format": FORMAT,
        "recipe": to_dict(recipe),
        "content_hash": content_hash(recipe.family),
        "identity": recipe.identity,
        "versions": {
            name: importlib.metadata.version(name)
            for name in ("foreworld", "jax", "jaxlib", "numpy", "h5py")
        },
    }


def read_recipe(folder: Path) -> Recipe:
    """The recipe that a data set's folder tells.

    Raises
    ------
    DamagedError
        ``config.json`` is missing or is none.
    ConfigError
        The folder holds something else, or a format this installation does not know.
    """
    path = folder / CONFIG
    if not path.exists():
        raise DamagedError(
            f"{folder} is no data set: {path} is missing. Make one with "
            f"'foreworld generate WHAT --out {folder}'."
        )
    data = read_sealed(folder, CONFIG)
    kind = data.get("kind") if isinstance(data, dict) else None
    if kind != KIND:
        raise ConfigError(f"{folder} holds a {kind or 'thing unknown'}, not a {KIND}.")
    if data.get("format") != FORMAT:
        raise ConfigError(
            f"{folder} is written in format {data.get('format')} of data sets; this "
            f"installation reads format {FORMAT}. Install the version that wrote it."
        )
    recipe = read_part(data.get("recipe"), path)
    if not isinstance(recipe, Recipe):
        raise DamagedError(f"{path} is damaged: its 'recipe' is none.")
    return recipe


def fingerprint(folder: Path) -> str:
    """SHA-256 of a folder's finished marker: changes whenever any byte does."""
    path = folder / "manifest.json"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""

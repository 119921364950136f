"""What the runs of one program learn from: training, validation and test sources.

A world has traced fields of its own for every run, so programs rebuild it from the
parameters. What runs have in common comes in without a run axis: a split of a data set,
and what the references of worlds and learners yield for that split.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
from jaxtyping import Array, Key

from foreworld.core.errors import ConfigError, FitError
from foreworld.core.keys import named_key, root_key
from foreworld.core.parts.opening import open_packed, opened
from foreworld.core.parts.partition import Leaves, combine, partition
from foreworld.core.parts.reference import SPLITS
from foreworld.data.making.fresh import Fresh
from foreworld.data.reading.file_reference import FileRef
from foreworld.data.reading.reference import DataRef
from foreworld.data.reading.split import Split
from foreworld.data.views.ragged import Ragged
from foreworld.data.views.source import DataSource
from foreworld.learners.base import Source
from foreworld.train.parameters import Parameters
from foreworld.worlds.base import Family, as_family


class Drawn(eqx.Module):
    """Stands for a split that programs draw by themselves, of a :class:`Fresh`.

    Attributes
    ----------
    split
        Its name.
    """

    split: str = eqx.field(static=True)


class Given(NamedTuple):
    """What all runs of a program are given of one split, as arrays without a run axis.

    Attributes
    ----------
    data
        The split of a data set, or which one is drawn; ``None`` for learners that act
        in a world.
    shared
        What references yield for the split, by the dotted path of their field.
    """

    data: DataSource | Drawn | None
    shared: Leaves


class Sources(NamedTuple):
    """What is given of each split."""

    train: Given
    val: Given
    test: Given

    @property
    def num_bytes(self) -> int:
        """Memory that the arrays take, each counted once."""
        leaves = {id(leaf): leaf for leaf in jax.tree.leaves(self)}
        return sum(math.prod(x.shape) * x.dtype.itemsize for x in leaves.values())


def open_sources(parameters: Parameters) -> Sources:
    """Load the data set and open the references that parameters name.

    Raises
    ------
    ConfigError, DamagedError
        What is named is gone, not finished or damaged, or is not what was meant.
    """
    return _sources(parameters, lambda split: split.device())


def describe_sources(parameters: Parameters) -> Sources:
    """The same with shapes in the place of the data set's arrays, for planning.

    The data set is not loaded. References are opened, as the spaces of a world may
    depend on what they yield.
    """
    return _sources(parameters, _shapes)


def given_parts(parameters: Parameters, given: Given) -> Parameters:
    """The parameters with arrays in the place of references.

    Parameters
    ----------
    parameters
        With references.
    given
        Of the split that is wanted.
    """
    static, traced, data, _ = partition(parameters)
    return combine(static, traced, data, given.shared) if given.shared else parameters


def _sources(parameters: Parameters, read: Callable[[Split], DataSource]) -> Sources:
    shared, data = partition(parameters)[3], parameters.data
    dataset = data.dataset() if isinstance(data, DataRef) else None
    # What runs start from is opened where they begin, and by none that goes on.
    shared.pop("start", None)
    found = []
    for split in SPLITS:
        of_split = None if dataset is None else read(getattr(dataset, split))
        if isinstance(data, Fresh):
            of_split = Drawn(split)
        elif isinstance(data, FileRef):
            of_split = data_of_file(data, split)
        found.append(Given(of_split, open_packed(shared, split)))
    return Sources(*found)


def _shapes(split: Split) -> DataSource:
    def shape(name: str) -> jax.ShapeDtypeStruct | Ragged:
        shape, dtype = split.columns[name]
        if name in split.ragged:
            return Ragged.like(shape[2:], dtype, split.lengths(name))
        # Whole numbers of 64 bits have 32 on the device.
        return jax.ShapeDtypeStruct(shape, jax.dtypes.canonicalize_dtype(dtype))

    return split.source(shape)


def score_of(parameters: Parameters) -> str:
    """Name of the metric that ranks runs of these parameters, higher is better.

    What they learn from has a say in it; nothing of a data set is loaded.
    """
    given = describe_sources(parameters).train
    parameters = given_parts(parameters, given)
    return parameters.learner.score_on(source_of(parameters, given))


def source_of(
    parameters: Parameters, given: Given, key: Key[Array, ""] | None = None
) -> Source:
    """The source a learner sees: a split of the data, or else the world.

    Parameters
    ----------
    parameters
        Of the run, with arrays in the place of references; its world counts where
        there is no data.
    given
        What its program is given of a split.
    key
        Draws what is drawn anew for every update; where it is left out, shapes alone
        are told.

    Raises
    ------
    FitError
        There is neither.
    """
    if isinstance(given.data, DataSource):
        return given.data
    if isinstance(given.data, Drawn) and isinstance(parameters.data, Fresh):
        return _drawn(parameters.data, given.data.split, key)
    if parameters.world is None:
        raise FitError(
            "there is neither a world nor data to learn from. Name a world, or the "
            "folder of a data set with data=..."
        )
    return parameters.world


def read_split(parameters: Parameters, split: str) -> DataSource | None:
    """A split of what a learner learns from, in Python; ``None`` where it acts.

    Parameters
    ----------
    parameters
        Of the run.
    split
        ``"train"``, ``"val"`` or ``"test"``.
    """
    data = parameters.data
    if isinstance(data, DataRef):
        return getattr(data.dataset(), split).device()
    if isinstance(data, FileRef):
        return data_of_file(data, split)
    if isinstance(data, Fresh):
        return _drawn(opened(data, split), split, root_key(0))
    return None


def data_of_file(file: FileRef, split: str) -> DataSource:
    """The arrays of a file as columns, sequences first.

    Parameters
    ----------
    file
        Where they lie.
    split
        ``"train"``, ``"val"`` or ``"test"``.

    Raises
    ------
    ConfigError
        They are not of equally many sequences.
    """
    columns = file.open(split)
    sizes = {name: x.shape[0] if x.ndim else 0 for name, x in columns.items()}
    if len(set(sizes.values())) > 1 or 0 in sizes.values():
        listed = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise ConfigError(
            f"{file.path} cannot be learned from: the first axis of every array counts "
            f"sequences, of which all have equally many, and here there are: {listed}."
        )
    return DataSource(columns)


def family_of(parameters: Parameters) -> Family | None:
    """The worlds that data are of, of several tasks the first's; ``None`` without any.

    Parameters
    ----------
    parameters
        Of the run.
    """
    data = parameters.data
    if isinstance(data, DataRef):
        return next(iter(data.dataset().families.values()), None)
    return as_family(data.world) if isinstance(data, Fresh) else None


def _drawn(fresh: Fresh, split: str, key: Key[Array, ""] | None) -> DataSource:
    if key is None:
        return jax.eval_shape(fresh.draw, root_key(0))
    if split == "train":
        return fresh.draw(named_key(key, "fresh"))
    return fresh.held_out(split)

"""What the runs of one program learn from: training, validation and test sources."""

from __future__ import annotations

from typing import NamedTuple

import jax

from foreworld.core.errors import FitError
from foreworld.data.reading.split import Split
from foreworld.data.views.source import DataSource
from foreworld.learners.base import Source
from foreworld.train.parameters import Parameters


class Sources(NamedTuple):
    """The three splits of a data set on the device; all ``None`` in a world.

    A world has traced fields of its own for every run, so programs rebuild it from
    the parameters.
    """

    train: DataSource | None
    val: DataSource | None
    test: DataSource | None


def open_sources(parameters: Parameters) -> Sources:
    """Load the data set that parameters name.

    Raises
    ------
    DamagedError
        The data set is not finished, is damaged, or is not the one referred to.
    """
    if parameters.data is None:
        return Sources(None, None, None)
    data = parameters.data.open()
    return Sources(data.train.device(), data.val.device(), data.test.device())


def describe_sources(parameters: Parameters) -> Sources:
    """The same with shapes in the place of arrays, for planning: nothing is loaded."""
    if parameters.data is None:
        return Sources(None, None, None)
    data = parameters.data.open()
    return Sources(*(_shapes(split) for split in (data.train, data.val, data.test)))


def _shapes(split: Split) -> DataSource:
    def shape(name: str) -> jax.ShapeDtypeStruct:
        shape, dtype = split.columns[name]
        # Whole numbers of 64 bits have 32 on the device.
        return jax.ShapeDtypeStruct(shape, jax.dtypes.canonicalize_dtype(dtype))

    return split.source(shape)


def score_of(parameters: Parameters) -> str:
    """Name of the metric that ranks runs of these parameters, higher is better.

    What they learn from has a say in it; nothing of a data set is loaded.
    """
    source = source_of(parameters, describe_sources(parameters).train)
    return parameters.learner.score_on(source)


def source_of(parameters: Parameters, data: DataSource | None) -> Source:
    """The source a learner sees: a split of the data, or else the world.

    Parameters
    ----------
    parameters
        Of the run; its world counts where there is no data.
    data
        One split on the device, or ``None`` for a learner that acts in a world.

    Raises
    ------
    FitError
        There is neither.
    """
    if data is not None:
        return data
    if parameters.world is None:
        raise FitError(
            "there is neither a world nor data to learn from. Name a world, or the "
            "folder of a data set with data=..."
        )
    return parameters.world

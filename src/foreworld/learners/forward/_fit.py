"""Whether a forward model can learn from a source, and what to say where it cannot."""

from __future__ import annotations

from foreworld.core.errors import FitError
from foreworld.core.spaces import Box, Discrete
from foreworld.data.source import DataSource
from foreworld.learners.base import Source


def needs_data(learner: str, source: Source) -> str:
    """The message for a world where a data set is needed."""
    world = type(source).__name__
    return (
        f"{learner} learns from a data set, but was given the world {world}. Generate "
        f"one first: foreworld generate {world.lower()} --out data/{world.lower()}, "
        f"then train on data/{world.lower()}."
    )


def check_sequences(
    learner: str, source: Source, context_len: int, window_len: int, multiple: int
) -> DataSource:
    """Whether a forward model can learn from a source.

    Parameters
    ----------
    window_len
        Frames that training needs of a sequence, context included; 0 where one
        after the context is enough.
    multiple
        Height and width must be multiples of this.

    Raises
    ------
    FitError
        A world instead of data, sequences that are too short, frames of an
        unsuitable size, or actions of several agents.
    """
    if not isinstance(source, DataSource):
        raise FitError(needs_data(learner, source))
    needed = max(window_len, context_len + 1)
    if source.sequence_len < needed:
        raise FitError(
            f"{learner} needs sequences of at least {needed} frames, {context_len} of "
            f"them as context, but the data set's have {source.sequence_len}. Generate "
            f"longer ones, or lower context_len, window_len or num_scored."
        )
    height, width = source.image.shape[2:4]
    if height % multiple or width % multiple or not height or not width:
        raise FitError(
            f"{learner} needs frames whose height and width are multiples of "
            f"{multiple}, but the data set's are {height} x {width}. Generate another "
            f"size, or choose fewer or more renderer_widths (each doubles the size)."
        )
    space = source.action_space
    if space is not None and not isinstance(space, Discrete | Box):
        raise FitError(
            f"{learner} reads the actions of one agent, but the data set's action "
            f"space is {space!r}."
        )
    return source

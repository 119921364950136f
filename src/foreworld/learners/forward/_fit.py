"""Whether a forward model can learn from a source, and what to say where it cannot."""

from __future__ import annotations

from foreworld.core.errors import ConfigError, FitError
from foreworld.core.spaces import Box, Discrete
from foreworld.data.views.source import DataSource
from foreworld.data.views.tasks import Tasks
from foreworld.learners.base import Source


def needs_data(learner: str, source: Source) -> str:
    """The message for a world where a data set is needed.

    Parameters
    ----------
    learner
        Name of the learner's class.
    source
        The world that it was given.
    """
    world = type(source).__name__
    return (
        f"{learner} learns from a data set, but was given the world {world}. Generate "
        f"one first: foreworld generate {world.lower()} --out data/{world.lower()}, "
        f"then train on data/{world.lower()}; or let episodes be drawn for every "
        f"update: Parameters(None, ..., fw.Fresh({world}(...)))."
    )


def check_fields(
    learner: str,
    widths: dict[str, tuple[int, ...]],
    context_len: int,
    window_len: int,
    num_scored: int,
) -> None:
    """Whether fields that forward models share can be used together.

    Parameters
    ----------
    learner
        Name of the learner's class, for messages.
    widths
        Widths of stacks of layers by the names of their fields.
    context_len
        Frames that are given.
    window_len
        Frames of a training window, context included; 0 for whole sequences.
    num_scored
        Frames of a window that are scored; 0 for all.

    Raises
    ------
    ConfigError
        A stack without layers, or a window that is too short.
    """
    for name, given in widths.items():
        if not given:
            raise ConfigError(f"{learner}.{name}=() must have at least one width.")
    if 0 < window_len <= context_len:
        raise ConfigError(
            f"{learner}.window_len={window_len} must be larger than "
            f"context_len={context_len}, or 0 for whole sequences."
        )
    scorable = window_len - context_len
    if window_len and num_scored > scorable:
        raise ConfigError(
            f"{learner}.num_scored={num_scored} must be at most {scorable}, the frames "
            f"of a window after its context; 0 for all."
        )


def check_sequences(
    learner: str, source: Source, context_len: int, window_len: int, multiple: int
) -> DataSource:
    """Whether a forward model can learn from a source.

    Parameters
    ----------
    learner
        Name of the learner's class, for messages.
    source
        What it was given.
    context_len
        Frames that are given of a sequence; at least one must follow.
    window_len
        Frames that training needs of a sequence, context included; 0 where one
        after the context is enough.
    multiple
        Height and width must be multiples of this.

    Raises
    ------
    FitError
        A world instead of data, no frames, sequences that are too short, frames of an
        unsuitable size, or actions of several agents.
    """
    if not isinstance(source, DataSource):
        raise FitError(needs_data(learner, source))
    source.need(learner, "image", "valid")
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
            f"{learner} reads the actions of one agent, a Discrete or a Box, but the "
            f"data set's action space is {space!r}."
        )
    return source


def check_tasks(
    learner: str, source: DataSource, num_context: int, num_frames: int
) -> Tasks:
    """Whether every task of a source has a context set and something to predict.

    Parameters
    ----------
    learner
        Name of the learner's class, for messages.
    source
        A split; without tasks, all its sequences are one task.
    num_context, num_frames
        Sequences of a context set, and frames that are read of each.

    Raises
    ------
    FitError
        A task has too few sequences, or they are too short.
    """
    tasks = Tasks.in_turn(source.task_sizes or (source.num_sequences,))
    small = min(range(tasks.num_tasks), key=tasks.sizes.__getitem__)
    if tasks.sizes[small] <= num_context:
        raise FitError(
            f"{learner} is given num_context={num_context} sequences of a task and "
            f"predicts others, but task {small} of a split of the data set has only "
            f"{tasks.sizes[small]}. Generate more, or lower num_context."
        )
    if source.sequence_len < num_frames:
        raise FitError(
            f"{learner} reads num_context_frames={num_frames} frames of each context "
            f"sequence, but the data set's have {source.sequence_len}. Generate longer "
            f"ones, or lower num_context_frames."
        )
    return tasks

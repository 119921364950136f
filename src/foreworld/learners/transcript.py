"""What a learner in Python writes down that is no array: dialogues, answers, errors.

``write(question=..., answer=...)`` in a method of a learner that is not ``traceable``
adds a line of JSON to the transcript of the run at hand. Lines appear once each,
whatever was killed and repeated meanwhile.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, Literal

from foreworld.core.errors import ConfigError

Moment = Literal["init", "update", "val", "test"]
"""What is being done: first states are made, or there is an update or evaluation."""
OWN = ("update", "during")
"""Entries that every line has: updates done with this one, and the moment."""

_TAKE: ContextVar[Callable[[str], None] | None] = ContextVar("take", default=None)


def write(**entry: Any) -> None:
    """Add a line to the transcript of the run that is being trained or evaluated.

    Nothing happens where there is none: outside of training, and in learners that run
    inside a compiled program.

    Parameters
    ----------
    **entry
        JSON values by name; ``update`` and ``during`` are told by themselves.

    Raises
    ------
    ConfigError
        A value that JSON does not have, or one of those two names.
    """
    if (take := _TAKE.get()) is None:
        return
    if own := [name for name in entry if name in OWN]:
        raise ConfigError(
            f"{own[0]} is told by itself in every line of a transcript. Give yours "
            f"another name."
        )
    try:
        take(json.dumps(entry, allow_nan=False)[1:])
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"a line of a transcript holds {entry!r}, which is not JSON: {error}. It "
            f"takes texts, finite numbers, truths, lists and dictionaries of them."
        ) from error


@contextlib.contextmanager
def taking(lines: list[str], updates: int, during: Moment) -> Iterator[None]:
    """Take what is written meanwhile, as lines.

    Parameters
    ----------
    lines
        Where they go.
    updates
        Updates done with this one.
    during
        What is being done.
    """
    head = json.dumps(dict(zip(OWN, (updates, during), strict=True)))[:-1]

    def take(rest: str) -> None:
        lines.append(f"{head}{'' if rest == '}' else ', '}{rest}")

    token = _TAKE.set(take)
    try:
        yield
    finally:
        _TAKE.reset(token)

"""When the pictures of films were taken: GIF, WebP and PNG say how long each is shown.

A sequence has one step from frame to frame where all are shown equally long, and a time
of each frame otherwise. All sequences of a data set have the same columns, so what one
of them needs, all get.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import replace

import numpy as np

from foreworld.data.exchange.recordings.account import (
    Account,
    Arrays,
    Options,
    Reel,
    listed,
)
from foreworld.data.format.schema import PARAMETER, STEP


def with_times(reels: list[Reel], options: Options, account: Account) -> list[Reel]:
    """Sequences with the times of their frames, where films say them.

    Parameters
    ----------
    reels, options, account
        The sequences, how they are read, and where is said what was assumed.
    """
    films = [reel for reel in reels if _is_timed(reel)]
    uneven = [str(reel.source) for reel in films if len(set(reel.shown[:-1])) > 1]
    column = "time" if uneven else STEP
    if not films or not options.names[column]:
        return reels
    if len(films) < len(reels):
        if uneven:
            account.notes[
                f"pictures are shown for unequal times in {listed(uneven)}, which is "
                f"left out, as other sequences have no times: what moves there jumps. "
                f"Import those by themselves."
            ] = None
        return reels
    if uneven:
        account.notes[
            f"pictures are shown for unequal times in {listed(uneven)}: the column "
            f"time has them, and what moves in equal steps of frames jumps."
        ] = None
    for reel in films:
        account.shapes[reel.source] = f"{column} is how long its pictures are shown"
    return [
        replace(reel, read=functools.partial(_read, reel, column)) for reel in films
    ]


def _is_timed(reel: Reel) -> bool:
    # How long the last one is shown says nothing of a step.
    return len(reel.shown) > 1 and all(shown > 0 for shown in reel.shown[:-1])


def _read(reel: Reel, column: str) -> Arrays:
    arrays, seconds = reel.read(), np.asarray(reel.shown[:-1]) / 1000
    if column == STEP:
        return {**arrays, PARAMETER + STEP: np.asarray(seconds[0], np.float32)}
    times = list(itertools.accumulate(seconds, initial=0.0))
    return {**arrays, column: np.asarray(times, np.float32)}

"""What a report says about one study, gathered before anything is laid out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import UInt8

from foreworld.plot.report._html import Table


@dataclass(frozen=True)
class Video:
    """True and predicted frames side by side.

    Attributes
    ----------
    frames
        Columns true, predicted, difference; one row a sequence.
    context_len
        Frames that the model was given before the first one shown.
    num_sequences
        Rows.
    """

    frames: UInt8[np.ndarray, "time height width channels"]
    context_len: int
    num_sequences: int


@dataclass(frozen=True)
class Content:
    """One study on a page.

    Attributes
    ----------
    name
        The study's name.
    lead
        One sentence on what was run.
    facts
        Small cards: (what, value).
    settings
        The base configuration, one row a field.
    points
        One row a point: hyperparameters, value, interval, failures.
    results
        ``xarray.Dataset`` behind the figures.
    metrics
        Curves to draw, the score first.
    horizons
        Errors by horizon to draw.
    chosen
        Points to draw in colour, best first.
    video
        For models that predict frames.
    timing
        Where the time went.
    problems
        What is missing or failed, one line each.
    configuration
        The whole configuration as JSON.
    """

    name: str
    lead: str
    facts: Sequence[tuple[str, str]]
    settings: Table
    points: Table
    results: Any
    metrics: Sequence[str] = ()
    horizons: Sequence[str] = ()
    chosen: Sequence[int] | None = None
    video: Video | None = None
    timing: Table | None = None
    problems: Sequence[str] = field(default_factory=tuple)
    configuration: str = ""

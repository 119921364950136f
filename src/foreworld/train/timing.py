"""Where the time of a training goes; no part of its results."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from foreworld.core.disk.folder import read_json
from foreworld.core.disk.refusals import StorageError
from foreworld.core.errors import DamagedError

TIMING = "timing.json"


@dataclass
class Timing:
    """Seconds of one call, by what they went to; no part of the results.

    Attributes
    ----------
    compile_s
        Tracing and compiling, or loading from the cache on disk.
    init_s, train_s, evaluate_s, checkpoint_s
        The rest of the call.
    steps
        Steps trained in this call, all runs together (padding left out).
    programs, programs_reused
        Programs made in this call, and how many of these the cache held.
    """

    compile_s: float = 0.0
    init_s: float = 0.0
    train_s: float = 0.0
    evaluate_s: float = 0.0
    checkpoint_s: float = 0.0
    steps: int = 0
    programs: int = 0
    programs_reused: int = 0


def read_timing(folder: Path) -> dict[str, float] | None:
    """Seconds by what they went to, and ``steps``, of a finished chunk.

    ``None`` where the file is missing or malformed: it has no checksum.
    """
    try:
        found = read_json(folder / TIMING)
    except (DamagedError, StorageError):
        return None
    names = [field.name for field in fields(Timing)]
    found = found if isinstance(found, dict) else {}
    times = {n: found[n] for n in names if isinstance(found.get(n), int | float)}
    return times if len(times) == len(names) else None


@contextlib.contextmanager
def clock(timing: Timing, field: str) -> Iterator[None]:
    """Add the time of a block to a field.

    Parameters
    ----------
    timing
        What is added to.
    field
        ``"train_s"``, say.
    """
    begun = time.perf_counter()
    yield
    setattr(timing, field, getattr(timing, field) + time.perf_counter() - begun)

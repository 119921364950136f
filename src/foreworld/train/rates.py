"""How fast programs of a kind were on this machine: what estimates of time rest on.

Every finished training leaves a small file beside the cached programs. It is named by
what decides the speed: classes, static fields, width, threads and device. On a machine
where nothing alike ran yet, estimates rest on ``reference_rates.json``, which
``python benchmarks/reference_rates.py`` measured on a machine with two cores.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from foreworld.core.compilation import cache_folder
from foreworld.core.disk.folder import read_json, write_bytes
from foreworld.core.errors import ForeworldError
from foreworld.core.parts.config import differences, flat, to_dict
from foreworld.core.parts.partition import partition
from foreworld.train.loop import device_kind
from foreworld.train.parameters import Parameters
from foreworld.train.plan import TrainingPlan
from foreworld.train.timing import Timing

_FOLDER = "rates"
_CACHED = ("compiling", "loading")
"""Entries for what getting the programs took: new ones, and those from the cache."""
_MOST_DIFFERENT = 3
"""Programs that differ in more fields than this say nothing about each other."""


class Rate(NamedTuple):
    """What a program took.

    Attributes
    ----------
    seconds
        Per update of all runs of the program, evaluations and checkpoints included.
    overhead
        Seconds for compiling and initialising, as far as known.
    differences
        Fields in which it differed from the one asked for, as (there, here).
    elsewhere
        Whether that was on the reference machine.
    """

    seconds: float
    overhead: float
    differences: dict[str, tuple[Any, Any]]
    elsewhere: bool = False

    @property
    def exact(self) -> bool:
        """Whether it is of the same program on this machine."""
        return not self.elsewhere and not self.differences


def record(
    parameters: Parameters,
    plan: TrainingPlan,
    num_runs: int,
    width: int,
    threads: int,
    timing: Timing,
) -> None:
    """Record what a training took; a cache that cannot be written is ignored.

    Parameters
    ----------
    parameters
        Of any of the runs; its static fields name the file.
    plan
        How they were trained.
    num_runs
        Runs that counted, padding left out.
    width
        Runs in the program.
    threads
        Threads of the process; 0 for all of the machine.
    timing
        Where the time went, in seconds; less than one update is not recorded.
    """
    updates = timing.steps / (plan.budget.steps_per_update * num_runs)
    if updates < 1:
        return
    fields = _fields(parameters, width, threads)
    path = _path(fields)
    spent = timing.train_s + timing.evaluate_s + timing.checkpoint_s
    entry = {"fields": fields, "seconds": spent / updates}
    try:
        before = read_json(path)
        entry |= {name: float(before[name]) for name in _CACHED if name in before}
    except (ForeworldError, TypeError, ValueError):
        pass
    overhead = _CACHED[timing.programs <= timing.programs_reused]
    entry[overhead] = timing.compile_s + timing.init_s
    with contextlib.suppress(ForeworldError):
        write_bytes(path, json.dumps(entry, indent=1).encode(), durable=False)


def find(parameters: Parameters, width: int, threads: int) -> Rate | None:
    """What the same program took here before, or else the one most like it.

    Parameters
    ----------
    parameters
        Of any of the runs.
    width
        Runs in the program.
    threads
        Threads of the process; 0 for all of the machine.
    """
    fields = _fields(parameters, width, threads)
    path = _path(fields)
    if (exact := _read(path, fields)) is not None:
        return exact
    found = [_read(path, fields) for path in sorted(path.parent.glob("*"))]
    near = [r for r in found if r and len(r.differences) <= _MOST_DIFFERENT]
    if not near:
        # What any program of the same learner took on the reference machine.
        place = files("foreworld.train").joinpath("reference_rates.json")
        learner = "learner.class"
        near = [
            _rate(entry, fields)._replace(elsewhere=True)
            for entry in json.loads(place.read_text("utf-8"))
            if entry["device"] == device_kind()
            and entry["fields"][learner] == fields[learner]
        ]
    return min(near, key=lambda rate: len(rate.differences), default=None)


def entries() -> list[dict[str, Any]]:
    """Every program that was measured on this machine, with its kind of device."""
    paths = sorted((cache_folder() / _FOLDER).rglob("*.json"))
    return [{"device": device_kind(), **read_json(path)} for path in paths]


def _read(path: Path, wanted: dict[str, Any]) -> Rate | None:
    try:
        return _rate(read_json(path), wanted)
    except (ForeworldError, KeyError, TypeError, AttributeError):
        return None


def _rate(entry: dict[str, Any], wanted: dict[str, Any]) -> Rate:
    there = entry["fields"]
    found = differences(there, wanted)
    # On a processor, time is proportional to the number of runs.
    scale = wanted["width"] / there["width"]
    # The same program will be loaded from the cache; any other must be compiled.
    overhead = entry.get("loading", 0.0)
    if found:
        overhead = entry.get("compiling", overhead)
    return Rate(entry["seconds"] * scale, overhead, found)


def _fields(parameters: Parameters, width: int, threads: int) -> dict[str, Any]:
    """Everything that may decide the speed of a program, by path."""
    _, traced, data, shared = partition(parameters)
    free = {*traced, *data, "seed", "start", "data.path", "data.identity"}
    # Which thing is referred to changes the speed by its size only.
    inside = tuple(f"{path}." for path in shared)
    fields = flat(to_dict(parameters))
    fields = {k: v for k, v in fields.items() if k not in free}
    fields = {k: v for k, v in fields.items() if not k.startswith(inside)}
    fields |= {"width": width, "threads": threads}
    return json.loads(json.dumps(fields))


def _path(fields: dict[str, Any]) -> Path:
    """One folder for each pair of classes and kind of device."""
    kind = [v for k, v in sorted(fields.items()) if k.endswith("class")]
    names = [_hash([device_kind(), *kind]), _hash(fields)]
    return cache_folder() / _FOLDER / names[0] / f"{names[1]}.json"


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]

"""Which versions of code, packages and settings a folder was made with, in words.

A folder that was gone on with after a change says in ``config.json``, under
``earlier``, what each part of it was made with and how far that reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foreworld.core.disk.folder import CONFIG, read_json
from foreworld.core.plain import say

CODE, VERSIONS, SETTINGS = "code", "versions", "settings"
EARLIER, REACHED = "earlier", "reached"
NAMES = (CODE, VERSIONS, SETTINGS)
"""Entries of ``config.json`` that say what a folder is made with."""
_NUMBERS = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_DIGITS = 12


def extended(config: Mapping[str, Any], new: dict[str, Any], reached: str) -> Any:
    """What is made with something else from now on.

    Parameters
    ----------
    config
        What the folder said until now.
    new
        What it is made with from now on, by :data:`NAMES`.
    reached
        How far the folder is; empty where nothing of it is there.

    Returns
    -------
    dict
        The configuration to write. What made nothing is not listed.
    """
    before = {name: config.get(name) for name in NAMES}
    stages = _earlier(config) if reached else []
    if reached and (not stages or stages[-1].get(REACHED) != reached):
        stages.append({**before, REACHED: reached})
    while stages and _entries(stages[-1]) == _entries(new):
        stages.pop()
    kept = {name: value for name, value in config.items() if name != EARLIER}
    return {**kept, **new, **({EARLIER: stages} if stages else {})}


def told_versions(folder: Path) -> str:
    """That a folder was made with more than one version of something.

    Parameters
    ----------
    folder
        With a ``config.json``, which is read and believed only as text.

    Returns
    -------
    str
        ``was made with two versions of helper.py: the first up to ...``, without a full
        stop; empty where it was made with one version of everything.

    Raises
    ------
    DamagedError
        The configuration cannot be read.
    """
    config = read_json(folder / CONFIG)
    earlier = _earlier(config)
    stages = [_entries(stage) for stage in (*earlier, config)]
    labels = {label: None for stage in stages for label in stage}
    found = [[stage.get(label) for stage in stages] for label in labels]
    # By the name of a file alone: several classes may stand in one.
    names: dict[str, int] = {}
    for label, values in zip(labels, found, strict=True):
        if any(value != values[0] for value in values):
            name = label.rpartition(", ")[2]
            names[name] = max(names.get(name, 0), len(set(map(str, values))))
    if not names:
        return ""
    most = max(names.values())
    number = _NUMBERS[most] if most < len(_NUMBERS) else str(most)
    reached = [str(stage.get(REACHED) or "an unknown point") for stage in earlier]
    steps = [f"the first up to {reached[0]}", *(f"then up to {r}" for r in reached[1:])]
    return (
        f"was made with {number} versions of {' and '.join(names)}: "
        f"{', '.join(steps)}, and another one for the rest"
    )


def say_versions(folder: Path) -> None:
    """Say :func:`told_versions` of a folder to standard error, where there is any.

    Parameters
    ----------
    folder
        With a ``config.json``.
    """
    if told := told_versions(folder):
        say(f"{folder} {told}.")


def entries_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a folder was made with, by a name for people; all versions where several.

    Parameters
    ----------
    config
        What its ``config.json`` holds.
    """
    stages = [(_entries(one), one.get(REACHED)) for one in (*_earlier(config), config)]
    labels = {label: None for entries, _ in stages for label in entries}
    found: dict[str, Any] = {}
    for label in labels:
        values = [(entries.get(label), reached) for entries, reached in stages]
        last = values[-1][0]
        if all(value == last for value, _ in values):
            found[label] = last
        else:
            parts = [f"{value} up to {reached}" for value, reached in values[:-1]]
            found[label] = f"{', then '.join(parts)}, then {last}"
    return found


def _entries(stage: Mapping[str, Any]) -> dict[str, Any]:
    """Versions, settings and fingerprints by name; code by its class."""
    code = {
        f"code of {name}, {file}": str(digest)[:_DIGITS]
        for name, files in _table(stage, CODE)
        for file, digest in _table({name: files}, name)
    }
    return {**dict(_table(stage, VERSIONS)), **dict(_table(stage, SETTINGS)), **code}


def _table(stage: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
    found = stage.get(name)
    return list(found.items()) if isinstance(found, Mapping) else []


def _earlier(config: Any) -> list[Mapping[str, Any]]:
    found = config.get(EARLIER) if isinstance(config, Mapping) else None
    return [s for s in found if isinstance(s, Mapping)] if type(found) is list else []

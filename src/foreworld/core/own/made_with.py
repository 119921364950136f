"""What stands beside an identity: code, versions and settings of what was made.

It is in no content hash. It is written into the folder and compared when the same
command is run again: half of a result of each is never made without a word.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import jax

from foreworld.core.disk.folder import CONFIG, MANIFEST, read_json, write_json
from foreworld.core.disk.life import alone, workers
from foreworld.core.errors import ConfigError, ForeworldError, OccupiedError
from foreworld.core.keys import GENERATOR
from foreworld.core.own.files import OWN_MODULES
from foreworld.core.own.fingerprint import file_fingerprints
from foreworld.core.own.in_parts import own_code
from foreworld.core.own.versions import CODE, EARLIER, SETTINGS, VERSIONS, extended
from foreworld.core.parts.part import Part
from foreworld.core.registry import portable

_PACKAGES = ("foreworld", "jax", "jaxlib", "equinox", "numpy", "h5py")
_DECIDING = ("foreworld", "jax", "jaxlib")
"""Packages whose versions decide numbers."""
_BESIDE = ("--xla_cpu_multi_thread_eigen", "--xla_force_host", "--xla_dump")
"""Flags of the compiler that are no setting of numbers: the threads are in the plan."""
_COMPILER = (
    "jax_exec_time_optimization_effort",
    "jax_optimization_level",
    "jax_disable_most_optimizations",
    "jax_softmax_custom_jvp",
)
"""Settings that change last digits, and that people may have reasons for."""


class ChangedError(ForeworldError):
    """What a folder was made with is not what is here now, and the choice is open."""


def made_with(part: Part) -> dict[str, Any]:
    """Code, versions and settings, as they are written into a folder.

    Parameters
    ----------
    part
        The study or the recipe: the files of its classes are read, not run.
    """
    return {
        VERSIONS: {name: _version(name) for name in _PACKAGES},
        SETTINGS: _settings(),
        CODE: {
            portable(address): _fingerprints(file)
            for address, file in sorted(own_code(part).items())
        },
    }


def changes(config: Any, part: Part) -> tuple[list[str], list[str]]:
    """What is another since a folder was begun: code, and what else decides numbers.

    Parameters
    ----------
    config
        What the folder's ``config.json`` holds; what it does not tell is no change.
    part
        The study or the recipe.
    """
    was, now = config if isinstance(config, Mapping) else {}, made_with(part)
    old = {name: was.get(name) for name in (CODE, VERSIONS, SETTINGS)}
    old = {n: v if isinstance(v, Mapping) else {} for n, v in old.items()}
    code = [
        f"the code of {name} was changed{_where(old[CODE][name], files)}"
        for name, files in now[CODE].items()
        if old[CODE].get(name, files) != files
    ]
    pairs = [(n, old[VERSIONS].get(n), now[VERSIONS][n]) for n in _DECIDING]
    pairs += [(n, old[SETTINGS].get(n), v) for n, v in now[SETTINGS].items()]
    others = [
        f"{name} was {before!r} and is {after!r}"
        for name, before, after in pairs
        if before is not None and before != after
    ]
    return code, others


def settle(
    folder: Path, part: Part, go_on: bool = False, reached: Callable[[], str] = str
) -> None:
    """Compare what a folder was begun with; a person decides where that has changed.

    Parameters
    ----------
    folder
        With a ``config.json`` that is of this study or recipe.
    part
        The study or the recipe.
    go_on
        Go on with the folder all the same. What it is finished with is written down
        beside what it was begun with, and how far that had reached.
    reached
        Says how far the folder is: ``update 360 of 781``; empty where nothing is there.

    Raises
    ------
    ChangedError
        It has changed, and ``go_on`` is not given.
    OccupiedError
        It has changed, ``go_on`` is given, and others work on the folder.
    """
    config = read_json(folder / CONFIG)
    code, others = changes(config, part)
    finished = (folder / MANIFEST).exists()
    if not code and (finished or not others):
        # What is finished stays as it is with another version, too.
        return
    if not go_on:
        known = {n: config[n] for n in ("folder", "content_hash") if n in config}
        free = beside(folder, part, known)
        beside_it = f"--again makes a new one beside it ({free.name})"
        if (free / CONFIG).exists():
            beside_it = f"--again takes the one beside it of what is here ({free.name})"
        raise ChangedError(
            f"since {folder} was {'finished' if finished else 'begun'}, "
            f"{' and '.join([*code, *others])}. Nothing was done. {beside_it}; "
            f"--go-on {_choice(finished, reached())}. In Python: again=True, "
            f"go_on=True."
        )
    if not finished:
        # Who is at work has the old code in memory and would go on with that.
        with alone(folder) as mine:
            if not mine:
                raise OccupiedError(
                    f"{folder} is not gone on with: {workers(folder)}, with what it "
                    f"was begun with. Wait until that has ended, or stop it."
                )
            write_json(folder / CONFIG, extended(config, made_with(part), reached()))


def _choice(finished: bool, reached: str) -> str:
    """What going on does."""
    if finished:
        return "leaves this one as it is"
    if not reached:
        return "makes this one with what is here now"
    return f"keeps what is there ({reached}) and makes the rest with what is here now"


def check_choice(again: bool, go_on: bool) -> None:
    """Refuse both answers to one question.

    Parameters
    ----------
    again, go_on
        Whether to make a new folder, and whether to go on with the old one.

    Raises
    ------
    ConfigError
        Both are given.
    """
    if again and go_on:
        raise ConfigError(
            "--again makes a new folder and --go-on goes on with the old one: give one "
            "of them (in Python: again=True or go_on=True)."
        )


def beside(folder: Path, part: Part, identity: Mapping[str, Any]) -> Path:
    """The folder of what is made with the code of now: this one, or one beside it.

    Parameters
    ----------
    folder
        Where the first one goes.
    part
        The study or the recipe.
    identity
        Entries that ``config.json`` of a folder of the same study or recipe has.

    Returns
    -------
    Path
        ``folder``, ``folder-2`` and so on: the first that is free, or was made with
        what is here now, all of it.
    """
    number = 1
    while True:
        place = folder if number == 1 else folder.with_name(beside_name(folder, number))
        if not (place / CONFIG).exists():
            return place
        config = read_json(place / CONFIG)
        same = isinstance(config, Mapping) and all(
            config.get(name) == value for name, value in identity.items()
        )
        if same and EARLIER not in config and changes(config, part) == ([], []):
            return place
        number += 1


def beside_name(folder: Path, number: int) -> str:
    """Name of the folder beside another: ``pendulum-2``.

    Parameters
    ----------
    folder
        The first one.
    number
        From 2.
    """
    return f"{folder.name}-{number}"


def _where(was: Any, files: Mapping[str, str]) -> str:
    """The files that are others than they were, where that is told."""
    if not isinstance(was, Mapping):
        return ""
    names = sorted({*was, *files})
    return f" ({', '.join(n for n in names if was.get(n) != files.get(n))})"


def _fingerprints(file: Path) -> dict[str, str]:
    """Those of a class's file and what it imports, as this process ran them."""
    ran = any(
        name.startswith(OWN_MODULES) and getattr(module, "__file__", "") == str(file)
        for name, module in list(sys.modules.items())
    )
    return _once(file) if ran else file_fingerprints(file)


@functools.cache
def _once(file: Path) -> dict[str, str]:
    # A file is run once a process: what is edited later does not run here.
    return file_fingerprints(file)


def _settings() -> dict[str, str]:
    """What decides numbers beside a configuration, as folders tell it."""
    flags = os.environ.get("XLA_FLAGS", "").split()
    kept = sorted(word for word in flags if not word.startswith(_BESIDE))
    return {
        "generator": f"{GENERATOR}, partitionable",
        "matmul_precision": "default",
        "XLA_FLAGS": " ".join(kept),
        **{name: str(getattr(jax.config, name, "")) for name in _COMPILER},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""

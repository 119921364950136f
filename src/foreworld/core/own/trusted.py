"""Whose code may run: decides it for every file and module that a folder names.

What lies in a folder is data. A class that it names is imported only if it is
Foreworld's, an entry point's, imported in this Python already, in a file that the
person named (on the command line, with ``--trust``, in :func:`trust`), or in one that
they used on this machine before and that has not changed since. All else is read as
:class:`~foreworld.core.parts.stand_in.StandIn`.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import os
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Literal

from foreworld.core.disk.folder import read_json, write_json
from foreworld.core.disk.refusals import StorageError
from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.core.own.fingerprint import code_fingerprint

NAMED = "FOREWORLD_TRUST"
"""Environment variable with the files and folders that the person named, so that
worker processes inherit them."""
_MEMORY = "trusted.json"
_Mode = Literal["", "trusted", "ours"]
_mode: ContextVar[_Mode] = ContextVar("foreworld_reading", default="")


class UntrustedError(ConfigError):
    """What is asked for would run code that the person has not trusted."""


@contextlib.contextmanager
def reading(ours_only: bool = False) -> Iterator[None]:
    """While it lasts, names come from a folder and not from the person.

    Parameters
    ----------
    ours_only
        Import nothing but Foreworld's classes.
    """
    ours_only |= _mode.get() == "ours"
    before = _mode.set("ours" if ours_only else "trusted")
    try:
        yield
    finally:
        _mode.reset(before)


@contextlib.contextmanager
def running() -> Iterator[None]:
    """While it lasts, names come from code that runs because it is trusted."""
    before = _mode.set("")
    try:
        yield
    finally:
        _mode.reset(before)


def is_reading() -> bool:
    """Whether names come from a folder now."""
    return _mode.get() != ""


def ours_only() -> bool:
    """Whether nothing but Foreworld's classes is imported now."""
    return _mode.get() == "ours"


def trust(path: str | Path) -> None:
    """Let folders name classes in a file, or in all files below a folder.

    It holds for this Python and the worker processes that it starts.

    Raises
    ------
    ConfigError
        There is no such file or folder, or its name cannot be handed on.
    """
    full = Path(path).expanduser().resolve()
    if not str(path) or not full.exists():
        raise ConfigError(
            f"--trust {path}: there is no such file or folder (looked for {full})."
        )
    if os.pathsep in str(full):
        raise ConfigError(
            f"--trust {path}: a {os.pathsep!r} in the name keeps it from worker "
            f"processes. Rename the file or folder."
        )
    if full not in named():
        os.environ[NAMED] = os.pathsep.join(map(str, [*named(), full]))


@contextlib.contextmanager
def one_command() -> Iterator[None]:
    """Forget at the end what was named meanwhile: it was named for one command."""
    before = os.environ.get(NAMED)
    try:
        yield
    finally:
        os.environ.pop(NAMED, None)
        if before is not None:
            os.environ[NAMED] = before


def named() -> list[Path]:
    """Files and folders that the person named."""
    words = os.environ.get(NAMED, "").split(os.pathsep)
    return [Path(word) for word in words if Path(word).is_absolute()]


def allows(file: Path) -> bool:
    """Whether a file's code may run although a folder names it."""
    full = file.resolve()
    if any(full.is_relative_to(place) for place in named()):
        return True
    return _unchanged(full, _remembered())


def same_named(name: str, cls: str) -> Path | None:
    """A file that the person named with this file name and class, wherever it lies.

    So projects may move: content hashes know files by name only, too.

    Parameters
    ----------
    name
        Of the file, without its folder.
    cls
        Of the class.
    """
    for place in named():
        file = place / name if place.is_dir() else place
        if file.name == name and cls.partition(".")[0] in classes_in(file):
            return file
    return None


def remember(files: Iterable[Path]) -> None:
    """Trust files from now on, here and in later commands, while they stay the same.

    Parameters
    ----------
    files
        Of the classes in what a person starts themselves.
    """
    known = _remembered()
    fresh: dict[str, str] = {}
    for file in files:
        full = file.resolve()
        if not full.is_file() or os.pathsep in str(full):
            continue
        trust(full)
        if not _unchanged(full, known):
            fresh[str(full)] = code_fingerprint(full)
    if fresh:
        # Without it the person names the files again: no reason to stop.
        with contextlib.suppress(StorageError):
            write_json(_memory(), {"files": {**known, **fresh}})


def refusal(where: str, file: Path | None) -> UntrustedError:
    """The error for a class that a folder names and that may not be imported.

    Parameters
    ----------
    where
        The class, as it was written.
    file
        Where its code lies, as far as that is known.
    """
    lead = f"this needs {where}, which a folder names and you have not named"
    if file is None or not file.is_file():
        place = where.rpartition(":")[0]
        what = "file" if place.endswith(".py") else "module"
        name = Path(place).name if what == "file" else f"{place.split('.')[-1]}.py"
        cls = where.rpartition(":")[2].partition(".")[0]
        others = (f for f in named() if f.name != name and cls in classes_in(f))
        hint = "".join(
            f" {other} has a class {cls}, but files are known by their names: give "
            f"this one its name {name} again."
            for other in itertools.islice(others, 1)
        )
        return UntrustedError(
            f"{lead}: there is no such {what} here. Say with --trust PATH/{name} where "
            f"it lies now.{hint} Its code is run then, so look at it "
            f"first."
        )
    changed = str(file.resolve()) in _remembered()
    return UntrustedError(
        f"{lead}{' since its code was changed' if changed else ''}: code of a folder "
        f"is not run. Look at {file}, and add --trust {file} where you trust it."
    )


def classes_in(path: Path) -> list[str]:
    """Names of the classes that a file defines, read without running it."""
    try:
        tree = ast.parse(path.expanduser().read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [node.name for node in tree.body if isinstance(node, ast.ClassDef)]


def _unchanged(full: Path, known: dict[str, str]) -> bool:
    """Whether a file is one of those that were used before, and is as it was."""
    if str(full) not in known or not full.is_file():
        return False
    try:
        return code_fingerprint(full) == known[str(full)]
    except StorageError:
        return False


def _memory() -> Path:
    """Where this person's trusted files are remembered."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "foreworld" / _MEMORY


def _remembered() -> dict[str, str]:
    """Fingerprints of the files that were used before, by path."""
    try:
        path = _memory()
        facts = path.stat()
        # Nobody else may say whom this person trusts.
        if facts.st_uid != os.getuid() or facts.st_mode & 0o002:
            return {}
        found = read_json(path)["files"].items()
        return {str(file): str(digest) for file, digest in found}
    except (OSError, RuntimeError, ForeworldError, KeyError, AttributeError, TypeError):
        return {}

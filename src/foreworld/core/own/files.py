"""A person's own Python file: run once a process, and found again in a traceback."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

from foreworld.core.errors import ConfigError, ForeworldError, UnknownNameError
from foreworld.core.own import trusted

OWN_MODULES = "foreworld_user_"
"""What names of modules of such files begin with."""


def load_file(path: Path) -> ModuleType:
    """Run a person's file as a module, once a process; its classes keep an address.

    A person has named the file, so folders may name its classes from then on.

    Raises
    ------
    ConfigError
        There is no such file, or it raises an error.
    """
    full = path.expanduser().resolve()
    if not full.is_file():
        raise ConfigError(f"no such file: {path} (looked for {full}).")
    trusted.trust(full)
    name = _module_name(full)
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, full)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} is not a Python file that can be imported.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with trusted.running():
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        frame = _innermost(error, {str(full)})
        line = frame.lineno if frame else None
        if isinstance(error, ForeworldError):
            where = f"{path}, line {line}" if line else f"{path}"
            raise type(error)(f"{where}: {error}") from error
        if isinstance(error, SystemExit):
            raise ConfigError(
                f"{path} ends Python while it is imported: sys.exit({error})"
                f"{f' (line {line})' if line else ''}. Put what is to run only as a "
                f"program under: if __name__ == '__main__'."
            ) from error
        raise ConfigError(
            f"{path} could not be imported: {type(error).__name__}: {error}"
            f"{f' (line {line})' if line else ''}. {_advice(error)}"
        ) from error
    return module


def _advice(error: Exception) -> str:
    """What to do about an error of a person's file while it is imported."""
    if isinstance(error, ImportError) and (error.name or "").startswith("foreworld."):
        return (
            "Modules inside Foreworld's rooms move; take names from the rooms "
            "themselves: from foreworld.core import Traced; from foreworld.worlds "
            "import AbstractWorld."
        )
    return "Correct the file; --debug shows the whole traceback."


def load_module(place: str, where: str) -> ModuleType:
    """A module by its name.

    Parameters
    ----------
    place
        The module.
    where
        The class that is wanted of it, as it was written, for the message.

    Raises
    ------
    ConfigError
        There is no such module, or it raises an error.
    """
    try:
        with trusted.running():
            return importlib.import_module(place)
    except ImportError as error:
        raise UnknownNameError(
            f"cannot import {place!r} to find {where!r}: {error}. Install the package "
            f"that holds it, or name its file: './{place.split('.')[-1]}.py:"
            f"{where.rpartition(':')[2]}'."
        ) from error
    except ForeworldError:
        raise
    except Exception as error:
        raise ConfigError(
            f"{place} could not be imported to find {where!r}: {type(error).__name__}: "
            f"{error}. Correct it; --debug shows the whole traceback."
        ) from error


def loaded_file(path: Path) -> ModuleType | None:
    """The module of a file that was run in this Python; ``None`` of another."""
    return sys.modules.get(_module_name(path.expanduser().resolve()))


def _module_name(full: Path) -> str:
    tag = hashlib.sha256(str(full).encode()).hexdigest()[:12]
    return f"{OWN_MODULES}{full.stem}_{tag}"


def _innermost(error: BaseException, files: set[str]) -> traceback.FrameSummary | None:
    """The innermost place in any of some files that an error came through, if any."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((f for f in reversed(frames) if f.filename in files), None)


def own_frame(error: BaseException) -> traceback.FrameSummary | None:
    """The innermost place in a person's own file that an error came through, if any."""
    files = {
        str(vars(module).get("__file__"))
        for name, module in list(sys.modules.items())
        if name.startswith(OWN_MODULES)
    }
    return _innermost(error, files)

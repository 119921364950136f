"""A person's own Python file: run once a process, and found again in a traceback."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
import traceback
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, ClassVar

from foreworld.core.errors import ConfigError, ForeworldError, UnknownNameError
from foreworld.core.own import trusted
from foreworld.core.own.fingerprint import is_installed, packages_of

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
    read_source(full)
    loader = _SourceLoader(name, str(full))
    spec = importlib.util.spec_from_file_location(name, full, loader=loader)
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


def read_source(file: Path) -> None:
    """From now on, import what lies in a file's folder from its source alone.

    Parameters
    ----------
    file
        A person's own, whose fingerprint is that of its source.
    """
    _Finder.roots.add(_root(file))
    if not any(isinstance(one, _Finder) for one in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _SourceLoader(SourceFileLoader):
    """Compiles from the source: bytecode beside it may be that of another."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        if name.partition(".")[0] in _Finder.beside:
            # Other processes find its classes by the file alone.
            sys.modules[_module_name(Path(self.get_filename(name)).resolve())] = module
        super().exec_module(module)


class _Finder(MetaPathFinder):
    """Finds as Python does, and then beside the files that a person has named.

    Below their folders bytecode is not looked at.
    """

    roots: ClassVar[set[Path]] = set()
    beside: ClassVar[set[str]] = set()
    """modules that were found beside such a file, and nowhere else"""

    def find_spec(
        self, fullname: str, path: Any, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None and "." not in fullname:
            places = [str(root) for root in sorted(self.roots)]
            spec = PathFinder.find_spec(fullname, places, target)
            if spec is not None:
                self.beside.add(fullname)
        if spec is None or type(spec.loader) is not SourceFileLoader:
            return spec
        place = Path(str(spec.origin)).resolve()
        if is_installed(place) or not any(map(place.is_relative_to, self.roots)):
            return spec
        spec.loader = _SourceLoader(fullname, str(spec.origin))
        return spec


def is_beside(module: str) -> bool:
    """Whether a module was found beside a person's file, where no other process looks.

    Parameters
    ----------
    module
        Its name.
    """
    return module.partition(".")[0] in _Finder.beside


def _root(file: Path) -> Path:
    """The folder from which a file's own modules are imported."""
    packages = packages_of(file)
    return (packages[-1] if packages else file).parent


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

"""A fingerprint of a person's own code: a file, and what it imports from its folder.

It stands beside what was made with the code and is compared; it is in no content hash.
Files are read and never run.
"""

from __future__ import annotations

import ast
import hashlib
import itertools
import os
from collections.abc import Iterator, Sequence
from importlib import machinery
from pathlib import Path

from foreworld.core.disk.refusals import storage

_LOOKING = {
    *("sys.path", "sys.meta_path", "sys.path_hooks", "sys.modules", "addsitedir"),
    *("__import__", "exec", "eval", "__path__"),
}
"""Names in code that may find modules elsewhere than its imports say."""
_LOADERS = {"importlib", "runpy", "pkgutil", "imp", "zipimport", "ctypes", "cffi"}
"""Modules of Python's that load code by words."""
_READERS = ("importlib.metadata", "importlib.resources")
"""What of these loads none."""
_MOST_FILES = 2000
_INSTALLED = ("site-packages", "dist-packages")
"""Folders of packages that were installed: what lies there is not a person's."""


def code_fingerprint(path: Path) -> str:
    """SHA-256 over the content of :func:`code_files`, and their names from the first.

    A folder that was moved as a whole has the same fingerprint.

    Parameters
    ----------
    path
        A Python file.

    Raises
    ------
    StorageError
        A file cannot be read.
    """
    digest = hashlib.sha256()
    for name, content in _contents(path):
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def file_fingerprints(path: Path) -> dict[str, str]:
    """SHA-256 of each of :func:`code_files`, by its name from the first.

    Parameters
    ----------
    path
        A Python file.

    Raises
    ------
    StorageError
        A file cannot be read.
    """
    return {n: hashlib.sha256(content).hexdigest() for n, content in _contents(path)}


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    files = code_files(path)
    # Those around it are of the package that holds it.
    names = {os.path.relpath(file, files[0].parent): file for file in files}
    for name, file in sorted(names.items()):
        with storage("read", file):
            yield name, file.read_bytes()


def code_files(path: Path) -> list[Path]:
    """A file, and the files that it and these import from the folder it lies in.

    In a package that is the folder of the whole package. What cannot be parsed imports
    nothing, and installed packages are no part of a person's file. Where one of them
    looks for modules by itself (``sys.path``, ``importlib``, ``exec``), all Python
    files of the folder count, up to 2,000.

    Parameters
    ----------
    path
        A Python file.

    Returns
    -------
    list[Path]
        Absolute paths, links resolved, the file itself first.
    """
    first = path.expanduser().resolve()
    packages = packages_of(first)
    whole = packages[-1] if packages else first.parent
    found: list[Path] = []
    everything = False
    # Importing a module of a package runs the packages around it.
    waiting = [first, *(package / "__init__.py" for package in packages)]
    while waiting:
        file = waiting.pop(0).resolve()
        if file not in found and file.is_relative_to(whole):
            found.append(file)
            tree = _parsed(file)
            waiting += _imported(file, tree, [first.parent, whole.parent])
            if not everything and _looks_about(tree):
                everything = True
                waiting += itertools.islice(_all_below(whole), _MOST_FILES)
    alone = not packages and whole.name in _INSTALLED
    return [first] if alone else found


def _parsed(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module(body=[], type_ignores=[])


def _imported(file: Path, tree: ast.Module, roots: Sequence[Path]) -> Iterator[Path]:
    """Files that a file imports from some folders."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                for root in roots:
                    yield from _modules(root, alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            above = file.parents[node.level - 1 : node.level]
            steps = node.module.split(".") if node.module else []
            for root in above if node.level else roots:
                for alias in node.names:
                    # A star imports the modules that __all__ of a package names.
                    star = alias.name == "*"
                    yield from _modules(root, steps if star else [*steps, alias.name])
                    if star:
                        yield from _members(root.joinpath(*steps))


def packages_of(file: Path) -> list[Path]:
    """Folders of the packages that a file is in, the innermost first.

    Parameters
    ----------
    file
        A Python file.
    """
    found = []
    for folder in file.parents:
        if not (folder / "__init__.py").is_file():
            break
        found.append(folder)
    return found


def _modules(root: Path, steps: list[str]) -> Iterator[Path]:
    """Files of a module and of the packages around it; the last step may be a name."""
    place = root
    for step in steps:
        place = place / step
        # Compiled modules, too: Python prefers them to a source of the same name.
        for end in machinery.all_suffixes():
            for file in (place / f"__init__{end}", place.with_name(f"{step}{end}")):
                if file.is_file():
                    yield file


def _members(package: Path) -> Iterator[Path]:
    """Files of the modules that lie directly in a package."""
    ends = tuple(machinery.all_suffixes())
    for place in sorted(package.glob("*")):
        inner = sorted(place.glob("__init__.*")) if place.is_dir() else [place]
        yield from (file for file in inner if file.name.endswith(ends))


def is_installed(file: Path) -> bool:
    """Whether a file is one of an installed package, and no person's own."""
    return any(part in _INSTALLED for part in file.parts)


def _looks_about(tree: ast.Module) -> bool:
    """Whether code finds modules in a way that its imports do not show."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            # Not what others call by the name of a built-in: ``model.eval()``.
            known = f"{node.value.id}.{node.attr}"
            found |= {known} if node.attr in ("exec", "eval") else {known, node.attr}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {alias.name for alias in node.names} | names
            if not node.level and any(map(_loads, names)):
                return True
        elif isinstance(node, ast.Import) and any(
            _loads(alias.name) for alias in node.names
        ):
            return True
    return not found.isdisjoint(_LOOKING)


def _loads(module: str) -> bool:
    """Whether a module of Python's loads code that its name does not tell."""
    return module.partition(".")[0] in _LOADERS and not module.startswith(_READERS)


def _all_below(folder: Path) -> Iterator[Path]:
    """Python files of a folder and those in it, environments left out."""
    for place, folders, files in os.walk(folder):
        inner = (f for f in sorted(folders) if not f.startswith((".", "__pycache__")))
        folders[:] = [f for f in inner if not (Path(place) / f / "pyvenv.cfg").exists()]
        ends = tuple(machinery.all_suffixes())
        yield from (Path(place) / name for name in sorted(files) if name.endswith(ends))

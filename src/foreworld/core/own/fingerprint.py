"""A fingerprint of a person's own code: a file, and what it imports from its folder.

It stands beside what was made with the code and is compared; it is in no content hash.
Files are read and never run.
"""

from __future__ import annotations

import ast
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from foreworld.core.disk.refusals import storage

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
    files, digest = code_files(path), hashlib.sha256()
    # Those around it are of the package that holds it.
    names = {os.path.relpath(file, files[0].parent): file for file in files}
    for name, file in sorted(names.items()):
        with storage("read", file):
            content = file.read_bytes()
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def code_files(path: Path) -> list[Path]:
    """A file, and the files that it and these import from the folder it lies in.

    In a package that is the folder of the whole package. What cannot be parsed imports
    nothing, and installed packages are no part of a person's file.

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
    packages = _packages(first)
    whole = packages[-1] if packages else first.parent
    found: list[Path] = []
    # Importing a module of a package runs the packages around it.
    waiting = [first, *(package / "__init__.py" for package in packages)]
    while waiting:
        file = waiting.pop(0).resolve()
        if file not in found and file.is_relative_to(whole):
            found.append(file)
            waiting += _imported(file, [first.parent, whole.parent])
    alone = not packages and whole.name in _INSTALLED
    return [first] if alone else found


def _imported(file: Path, roots: Sequence[Path]) -> Iterator[Path]:
    """Files that a file imports from some folders."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
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
                    yield from _modules(root, [*steps, alias.name])


def _packages(file: Path) -> list[Path]:
    """Folders of the packages that a file is in, the innermost first."""
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
        for file in (place / "__init__.py", place.with_suffix(".py")):
            if file.is_file():
                yield file

"""A fingerprint of a person's own code: a file, and what it imports from its folder.

It stands beside what was made with the code and is compared; it is in no content hash.
Files are read and never run.
"""

from __future__ import annotations

import ast
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from foreworld.core.disk.refusals import storage


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

    In a package that is the folder that holds the package. What cannot be parsed
    imports nothing.

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
    found, waiting = [], [first]
    while waiting:
        file = waiting.pop(0)
        if file in found:
            continue
        found.append(file)
        waiting += [near.resolve() for near in _imported(file, first)]
    return found


def _imported(file: Path, first: Path) -> Iterator[Path]:
    """Files below the folder of the first one that a file imports."""
    roots = list(dict.fromkeys((first.parent, _outside(first))))
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


def _outside(file: Path) -> Path:
    """The folder that holds the package a file is in; its own where it is in none."""
    folder = file.parent
    while (folder / "__init__.py").is_file() and folder != folder.parent:
        folder = folder.parent
    return folder


def _modules(root: Path, steps: list[str]) -> Iterator[Path]:
    """Files of a module and of the packages around it; the last step may be a name."""
    place = root
    for step in steps:
        place = place / step
        for file in (place / "__init__.py", place.with_suffix(".py")):
            if file.is_file():
                yield file

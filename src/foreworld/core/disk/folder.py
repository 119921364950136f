"""Folders that explain themselves: atomic writes, a finished marker, and its check.

Everything that is kept on disk is written through this module: to a temporary name,
flushed to the disk, then renamed. A folder is finished when ``manifest.json`` lists the
checksum of each of its files; the manifest carries a checksum of itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from foreworld.core.disk import gate as disk
from foreworld.core.disk.clutter import TEMPORARY
from foreworld.core.disk.names import check_name, inside
from foreworld.core.disk.refusals import StorageError, storage
from foreworld.core.errors import DamagedError
from foreworld.core.strict_json import parse

CONFIG = "config.json"
MANIFEST = "manifest.json"
MAX_JSON = 2**26
"""Bytes of a file of JSON, at most: a hundred thousand shards take a fifth of it."""
_HOLLOW, _SMALL = 1100, 2**20
"""Bytes of a file for each that lies on the disk, at most: no file system packs better.
Smaller files are read in no time anyway."""
_NUMBERS = itertools.count()


def write_file(
    path: Path, writer: Callable[[Path], None], durable: bool = True
) -> None:
    """Let ``writer`` fill a temporary file, then put it in its place at once.

    A kill at any moment leaves the old file or the new one, never a half. Without
    ``durable`` that holds for kills but not for power cuts, and costs no wait for the
    disk: for checkpoints, which carry a checksum and have a predecessor.

    Parameters
    ----------
    path, writer
        File, and what fills the temporary one, given its path.
    durable
        Whether to wait for the disk.

    Raises
    ------
    StorageError
        The disk is full or the folder cannot be written; nothing is changed.
    """
    _put(path, lambda temporary: disk.fill(temporary, writer), durable)


def write_bytes(path: Path, data: bytes, durable: bool = True) -> None:
    """Put bytes in a file at once; see :func:`write_file`.

    Parameters
    ----------
    path, data, durable
        File, all its bytes, and whether to wait for the disk.
    """

    def writer(temporary: Path) -> None:
        with disk.open_file(temporary, "wb") as file:
            disk.write(temporary, file, data)

    _put(path, writer, durable)


def write_json(path: Path, data: Any) -> None:
    """Put JSON in a file at once; see :func:`write_file`.

    Parameters
    ----------
    path, data
        File, and what goes into it: plain JSON values.
    """
    write_bytes(path, json_text(data).encode())


def json_text(data: Any) -> str:
    """JSON as it is written everywhere: indented, exact floats, final newline."""
    return json.dumps(data, indent=1, allow_nan=False) + "\n"


def append_line(path: Path, line: str) -> None:
    """Add a line at the end of a file without waiting for the disk: for journals.

    Where a kill cut off the line before, this one still begins on a line of its own.

    Parameters
    ----------
    path, line
        File, and the line without its end.

    Raises
    ------
    StorageError
        The disk refuses.
    """
    with storage("write", path):
        _make_folder(path.parent)
        with disk.open_file(path, "ab") as file:
            cut = b""
            if file.tell():
                with path.open("rb") as written:
                    written.seek(-1, os.SEEK_END)
                    cut = b"" if written.read(1) == b"\n" else b"\n"
            disk.write(path, file, cut + f"{line}\n".encode())


def open_log(path: Path) -> io.FileIO:
    """A new, empty file opened for writing, to be passed to a worker process.

    Raises
    ------
    StorageError
        The disk refuses.
    """
    with storage("write", path):
        _make_folder(path.parent)
        return disk.open_file(path, "wb")


def make_folder(path: Path) -> None:
    """Make a folder and those above it, where they are missing.

    Raises
    ------
    StorageError
        The disk refuses.
    """
    with storage("write", path):
        _make_folder(path)


def private_folder() -> Path:
    """A new folder among the system's temporary ones that only this user can read.

    Raises
    ------
    StorageError
        The disk refuses.
    """
    with storage("write", Path(tempfile.gettempdir())):
        return disk.make_private_folder()


def remove(path: Path) -> None:
    """Delete a file, or a folder with all that is in it; nothing if it is not there.

    Raises
    ------
    StorageError
        The disk refuses.
    """
    with storage("delete", path):
        if path.is_dir() and not path.is_symlink():
            disk.remove_tree(path)
        else:
            disk.remove(path)


def remove_empty(path: Path) -> None:
    """Delete a folder if there is one and nothing is in it.

    Raises
    ------
    StorageError
        The disk refuses.
    """
    with storage("delete", path):
        if path.is_dir() and not any(path.iterdir()):
            disk.remove_empty(path)


def read_json(path: Path) -> Any:
    """The JSON in a file.

    Raises
    ------
    DamagedError
        The file is missing, is too large or is not JSON; names it.
    StorageError
        The file cannot be read, or is no regular file.
    """
    try:
        with storage("read", path), disk.open_file(path, "rb") as file:
            # Asked first: the size of a file with holes costs its writer nothing.
            size = os.fstat(file.fileno()).st_size
            text = file.read() if size <= MAX_JSON else b""
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise DamagedError(f"{path} is missing.") from error
        raise
    if size > MAX_JSON:
        raise DamagedError(
            f"{path} is damaged: it has {size:,} bytes; what Foreworld writes there "
            f"has {MAX_JSON:,} at most."
        )
    try:
        return parse(text)
    except ValueError as error:
        raise DamagedError(f"{path} is damaged: not valid JSON ({error}).") from error


def read_sealed(folder: Path, name: str) -> Any:
    """The JSON in a file of a folder; where that is finished, as it was sealed.

    Parameters
    ----------
    folder, name
        Folder, and the file's path in it.

    Raises
    ------
    DamagedError
        The file is missing, is not JSON, or was altered; names it.
    StorageError
        The file cannot be read.
    """
    data, marker = read_json(folder / name), manifest(folder)
    if marker is not None and name in marker["files"]:
        problem = problem_of(folder / name, marker["files"][name])
        if problem:
            raise DamagedError(problem)
    return data


def checksum(path: Path) -> str:
    """SHA-256 of a file, hexadecimal.

    Raises
    ------
    StorageError
        The file cannot be read.
    """
    with storage("read", path), disk.open_file(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seal(folder: Path, files: Iterable[str], info: dict[str, Any]) -> None:
    """Write the finished marker over ``files`` (paths relative to the folder).

    Temporary files that killed processes left behind are removed first.

    Parameters
    ----------
    folder, files
        Folder, and its files that are summed.
    info
        Further entries of the marker.

    Raises
    ------
    StorageError
        A file is missing, or the disk refuses.
    """
    for leftover in folder.rglob(f".*{TEMPORARY}"):
        remove(leftover)
    listing = {}
    for name in sorted(files):
        with storage("read", folder / name):
            size = (folder / name).stat().st_size
        listing[name] = {"bytes": size, "sha256": checksum(folder / name)}
    body = {**info, "files": listing}
    write_json(folder / MANIFEST, {**body, "seal": _seal_of(body)})


def manifest(folder: Path) -> dict[str, Any] | None:
    """The finished marker, or ``None`` where the folder is not finished.

    Raises
    ------
    DamagedError
        The marker itself was altered, or names what lies outside of the folder.
    """
    path = folder / MANIFEST
    if not path.exists():
        return None
    data = read_json(path)
    body = {k: v for k, v in data.items() if k != "seal"} if _is_manifest(data) else {}
    with storage("read", path), disk.open_file(path, "rb") as file:
        # Compared as bytes too: an altered blank would leave the values as they are.
        same = bool(body) and file.read() == json_text(data).encode()
    if not (same and data.get("seal") == _seal_of(body)):
        raise DamagedError(f"{path} was altered: its own checksum does not match.")
    for name in data["files"]:
        check_name(name, path)
    return data


def verify(folder: Path, only: Iterable[str] | None = None) -> list[str]:
    """What is wrong with a finished folder, one line a problem, each naming a file.

    Parameters
    ----------
    folder
        The folder.
    only
        Look at the marker and these files alone, those of them that it lists.
    """
    try:
        marker = manifest(folder)
    except (DamagedError, StorageError) as error:
        return [str(error)]
    if marker is None:
        return [f"{folder} is not finished: {folder / MANIFEST} is missing."]
    files = marker["files"]
    names = files if only is None else [name for name in only if name in files]
    found = (_problem_in(folder, name, files[name]) for name in names)
    return [problem for problem in found if problem]


def problem_of(
    path: Path, entry: dict[str, Any], digest: Callable[[Path], str] = checksum
) -> str:
    """What is wrong with one file of a finished folder; empty if nothing is.

    Parameters
    ----------
    path, entry
        The file, and what the finished marker says of it.
    digest
        Gives its checksum.
    """
    try:
        if not path.is_file():
            return f"{path} is missing."
        found, wanted = path.stat(), entry["bytes"]
        size = found.st_size
        if size != wanted:
            return f"{path} has {size} bytes instead of {wanted}: truncated or altered."
        if size > _HOLLOW * max(found.st_blocks * 512, _SMALL):
            return f"{path} has {size} bytes, of which nearly all are a hole."
        if digest(path) != entry["sha256"]:
            return f"{path} was altered: its checksum does not match."
    except OSError as error:
        return str(error)
    return ""


def _put(path: Path, writer: Callable[[Path], None], durable: bool) -> None:
    # Two threads, or processes on two machines, may write the same file at once: each
    # has a temporary name of its own, and the last rename wins.
    writer_name = f"{os.uname().nodename}-{os.getpid()}-{next(_NUMBERS)}"
    temporary = path.with_name(f".{path.name}.{writer_name}{TEMPORARY}")
    try:
        with storage("write", path):
            _make_folder(path.parent)
            writer(temporary)
            # Data before the name, then the name: otherwise a power cut could leave an
            # empty file, or lose the new one.
            if durable:
                disk.sync(temporary)
            disk.rename(temporary, path)
            if durable:
                disk.sync(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            disk.remove(temporary)
        raise


def _make_folder(path: Path) -> None:
    if path.is_dir():
        return
    _make_folder(path.parent)
    disk.make_folder(path)
    disk.sync(path.parent)


def _problem_in(folder: Path, name: str, entry: dict[str, Any]) -> str:
    try:
        return problem_of(inside(folder, name), entry)
    except DamagedError as error:
        return str(error)


def _seal_of(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _is_manifest(data: Any) -> bool:
    files = data.get("files") if isinstance(data, dict) else None
    return isinstance(files, dict) and all(
        isinstance(entry, dict) and {"bytes", "sha256"} <= set(entry)
        for entry in files.values()
    )

"""Folders that explain themselves: atomic writes, a finished marker, and its check.

Everything that is kept on disk is written through this module: to a temporary name,
flushed to the disk, then renamed. A folder is finished when ``manifest.json`` lists the
checksum of each of its files; the manifest carries a checksum of itself.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from foreworld.core.errors import DamagedError, ForeworldError

CONFIG = "config.json"
MANIFEST = "manifest.json"
_TEMPORARY = ".part"
_LEASE_PAUSE = 0.02


class StorageError(ForeworldError, OSError):
    """The disk refused a write: full, read-only or not permitted."""


def write_file(
    path: Path, writer: Callable[[Path], None], durable: bool = True
) -> None:
    """Let ``writer`` fill a temporary file, then put it in its place at once.

    A kill at any moment leaves the old file or the new one, never a half. Without
    ``durable`` that holds for kills but not for power cuts, and costs no wait for the
    disk: for checkpoints, which carry a checksum and have a predecessor.

    Raises
    ------
    StorageError
        The disk is full or the folder cannot be written; nothing is changed.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{_TEMPORARY}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        writer(temporary)
        if durable:
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
        temporary.replace(path)
        if durable:
            _sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise StorageError(_why(path, error)) from error
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, data: bytes, durable: bool = True) -> None:
    """Put bytes in a file at once; see :func:`write_file`."""
    write_file(path, lambda temporary: _dump(temporary, data), durable)


def write_json(path: Path, data: Any) -> None:
    """Put JSON in a file at once; see :func:`write_file`."""
    text = json.dumps(data, indent=1, allow_nan=False) + "\n"
    write_bytes(path, text.encode())


def read_json(path: Path) -> Any:
    """The JSON in a file.

    Raises
    ------
    DamagedError
        The file is missing or is not JSON; names it.
    """
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise DamagedError(f"{path} is missing.") from error
    except (ValueError, UnicodeDecodeError) as error:
        raise DamagedError(f"{path} is damaged: not valid JSON ({error}).") from error


def checksum(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seal(folder: Path, files: Iterable[str], info: dict[str, Any]) -> None:
    """Write the finished marker over ``files`` (paths relative to the folder).

    Temporary files that killed processes left behind are removed first.
    """
    for leftover in folder.rglob(f".*{_TEMPORARY}"):
        leftover.unlink(missing_ok=True)
    listing = {
        name: {
            "bytes": (folder / name).stat().st_size,
            "sha256": checksum(folder / name),
        }
        for name in sorted(files)
    }
    body = {**info, "files": listing}
    write_json(folder / MANIFEST, {**body, "seal": _seal_of(body)})


def manifest(folder: Path) -> dict[str, Any] | None:
    """The finished marker, or ``None`` where the folder is not finished.

    Raises
    ------
    DamagedError
        The marker itself was altered.
    """
    path = folder / MANIFEST
    if not path.exists():
        return None
    data = read_json(path)
    text = json.dumps(data, indent=1, allow_nan=False) + "\n"
    body = {k: v for k, v in data.items() if k != "seal"} if _is_dict(data) else {}
    same = text.encode() == path.read_bytes()
    if not same or not _is_dict(data) or data.get("seal") != _seal_of(body):
        raise DamagedError(f"{path} was altered: its own checksum does not match.")
    return data


def verify(folder: Path) -> list[str]:
    """What is wrong with a finished folder, one line a problem, each naming a file."""
    try:
        marker = manifest(folder)
    except DamagedError as error:
        return [str(error)]
    if marker is None:
        return [f"{folder} is not finished: {folder / MANIFEST} is missing."]
    problems = []
    for name, entry in marker["files"].items():
        path = folder / name
        if not path.is_file():
            problems.append(f"{path} is missing.")
        elif path.stat().st_size != entry["bytes"]:
            problems.append(
                f"{path} has {path.stat().st_size} bytes instead of {entry['bytes']}: "
                f"truncated or altered."
            )
        elif checksum(path) != entry["sha256"]:
            problems.append(f"{path} was altered: its checksum does not match.")
    return problems


@contextlib.contextmanager
def lease(path: Path, patience: float = 0.0) -> Iterator[bool]:
    """Try to hold a lock file; yields whether this process has it.

    The kernel gives it back when the holder dies, however it dies.

    Parameters
    ----------
    patience
        Seconds to go on trying where somebody else holds it; ``math.inf`` waits.

    Raises
    ------
    StorageError
        The lock file cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = path.open("w")
    except OSError as error:
        raise StorageError(_why(path, error)) from error
    deadline = time.monotonic() + patience
    with opened as file:
        while not (mine := _locked(file)) and time.monotonic() < deadline:
            time.sleep(_LEASE_PAUSE)
        try:
            yield mine
        finally:
            if mine:
                fcntl.flock(file, fcntl.LOCK_UN)


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _dump(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _seal_of(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _is_dict(data: Any) -> bool:
    return isinstance(data, dict)


def _why(path: Path, error: OSError) -> str:
    advice = {
        errno.ENOSPC: "the disk is full. Free some space and run the same command "
        "again: what is finished is kept",
        errno.EDQUOT: "your disk quota is used up. Free some space and run the same "
        "command again: what is finished is kept",
        errno.EROFS: "the folder is read-only. Choose another with --out",
        errno.EACCES: "you may not write there. Choose another folder with --out",
    }
    reason = advice.get(error.errno or 0, error.strerror or str(error))
    return f"cannot write {path}: {reason}."

"""Checkpoints: arrays by flat names in one safetensors file that carries its checksum.

Typed random keys are kept as key data. A new checkpoint is in its place before an old
one goes, and the one before the newest stays, so that a damaged file costs about a
minute and not the run.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import safetensors.numpy
from safetensors import SafetensorError, safe_open

from foreworld.core.disk.folder import remove as remove_file
from foreworld.core.disk.folder import write_bytes
from foreworld.core.disk.seals import misplaced, vouch
from foreworld.core.errors import DamagedError
from foreworld.core.keys import key_of
from foreworld.core.leaves import SLASH, named_leaves
from foreworld.core.strict_json import parse

Arrays = dict[str, np.ndarray]
"""Host arrays by flat name."""

_KEPT = 2
_META = "foreworld"
_NAME = re.compile(r"checkpoint-(\d+)\.safetensors")


def write_arrays(
    path: Path, arrays: Arrays, info: dict[str, Any], durable: bool = True
) -> None:
    """Put arrays and a little JSON in a safetensors file, at once and checksummed.

    Parameters
    ----------
    path
        File to write; one that is there is replaced in one step (see
        :func:`~foreworld.core.disk.folder.write_bytes`).
    arrays
        NumPy arrays of any shape by flat name; no typed random keys
        (:func:`flatten` turns those into key data).
    info
        JSON values to keep with the arrays.
    durable
        Wait until the disk has it (``fsync``). False for files that may be lost in a
        power cut, such as checkpoints.
    """
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    # One metadata key: with more, the file's bytes would depend on their hash order.
    body = {"info": info, "sha256": _digest(arrays, info)}
    meta = {_META: json.dumps(body, sort_keys=True)}
    write_bytes(path, safetensors.numpy.save(arrays, metadata=meta), durable)


def read_arrays(
    path: Path, names: Mapping[str, Any] | None = None
) -> tuple[Arrays, dict[str, Any]]:
    """Arrays and JSON of a file that :func:`write_arrays` wrote.

    Parameters
    ----------
    path
        The file.
    names
        What its JSON must say that it belongs to.

    Raises
    ------
    DamagedError
        The file is missing, truncated, altered, not one of ours, or belongs to
        something else; names it.
    """
    vouch(path.parent, path.name)
    if not path.is_file():
        raise DamagedError(f"{path} is missing.")
    try:
        with safe_open(path, framework="numpy") as file:
            body = parse((file.metadata() or {})[_META])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            info, digest = body["info"], body["sha256"]
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"{path} is damaged: {error}.") from error
    if _digest(arrays, info) != digest:
        raise DamagedError(f"{path} was altered: its checksum does not match.")
    if problem := misplaced(info, names or {}):
        raise DamagedError(f"{path} belongs to another training: its {problem}.")
    return arrays, info


def flatten(tree: Any, prefix: str) -> Arrays:
    """A pytree of arrays as host arrays named ``prefix/path/to/leaf``.

    Parameters
    ----------
    tree
        Arrays of any shape, on the host or a device; typed random keys too.
    prefix
        First step of every name: ``"state"`` gives ``"state/params/weight"``.
    """
    arrays = {}
    for name, leaf in named_leaves(tree).items():
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            leaf = jax.random.key_data(leaf)
        arrays[_name(prefix, name)] = np.asarray(leaf)
    return arrays


def unflatten(arrays: Arrays, prefix: str, like: Any, where: Path) -> Any:
    """The pytree that :func:`flatten` took apart.

    Parameters
    ----------
    arrays
        Host arrays by flat name; others than the wanted ones are ignored.
    prefix
        First step of the names, as it was given to :func:`flatten`.
    like
        A tree of the same structure, of arrays or of shapes.
    where
        File that the arrays come from, for the message.

    Raises
    ------
    DamagedError
        A leaf is missing or has another shape.
    """
    leaves = []
    for path, leaf in named_leaves(like).items():
        name = _name(prefix, path)
        if name not in arrays:
            raise DamagedError(f"{where} holds no {name!r}: written by other code.")
        array: Any = arrays[name]
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            array = key_of(array)
        if array.shape != leaf.shape or array.dtype != leaf.dtype:
            raise DamagedError(
                f"{where}: {name!r} is {array.dtype}{array.shape} instead of "
                f"{leaf.dtype}{leaf.shape}: written by other code."
            )
        leaves.append(array)
    return jax.tree.unflatten(jax.tree.structure(like), leaves)


def save(folder: Path, updates: int, arrays: Arrays, info: dict[str, Any]) -> None:
    """Write the checkpoint after so many updates; drop all but the one before it.

    Parameters
    ----------
    folder
        Folder of the chunk, which must exist.
    updates
        Updates done so far, at least 1; part of the file's name.
    arrays
        What to keep, by flat name.
    info
        JSON values that tell whether a checkpoint belongs to a training.
    """
    path = folder / f"checkpoint-{updates:05d}.safetensors"
    write_arrays(path, arrays, {**info, "updates": updates}, durable=False)
    for old in checkpoints(folder)[_KEPT:]:
        remove_file(old)


def checkpoints(folder: Path) -> list[Path]:
    """Checkpoints of a folder, the newest first."""
    found = ((_NAME.fullmatch(path.name), path) for path in folder.glob("checkpoint-*"))
    numbered = sorted(((int(m[1]), path) for m, path in found if m), reverse=True)
    return [path for _, path in numbered]


def reached(folder: Path) -> list[int]:
    """Updates after which a folder has checkpoints, the newest first."""
    found = (_NAME.fullmatch(path.name) for path in checkpoints(folder))
    return [int(match[1]) for match in found if match]


def remove(folder: Path) -> None:
    """Delete all checkpoints of a folder: its work is finished."""
    for path in checkpoints(folder):
        remove_file(path)


def _name(prefix: str, name: str) -> str:
    return f"{prefix}{SLASH}{name}" if name else prefix


def _digest(arrays: Arrays, info: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(info, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()

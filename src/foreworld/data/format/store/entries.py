"""Ragged columns in files: the entries of all sequences, their lengths and offsets.

Column ``walk`` is three arrays of a file: ``walk`` holds the entries of the first
sequence, then those of the second, and so on; ``lengths/walk`` says how many each
sequence has, and ``offsets/walk`` where its first one lies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Int, Shaped

from foreworld.data.format.schema import LENGTHS, OFFSETS, Column
from foreworld.data.format.store.base import Rows

Lengths = Int[np.ndarray, " sequence"]


def offsets_of(lengths: Lengths) -> Lengths:
    """Where the entries of each sequence begin."""
    return np.cumsum(lengths, dtype=np.int64) - lengths


def fault(name: str, lengths: Lengths, offsets: Lengths, num: int, most: int) -> str:
    """What is wrong with the lengths and offsets of a ragged column; empty if nothing.

    Parameters
    ----------
    name
        The column.
    lengths, offsets
        As a file has them.
    num
        Entries that the file holds.
    most
        Entries of a sequence at most.
    """
    about = f"{LENGTHS}{name}"
    for of, found in ((about, lengths), (f"{OFFSETS}{name}", offsets)):
        if found.dtype != np.int64 or found.shape != (len(lengths),):
            kind = f"{found.dtype}{list(found.shape)}"
            return f"{of} is {kind} instead of int64[{len(lengths)}]"
    wrong = np.flatnonzero((lengths < 0) | (lengths > most))
    if wrong.size:
        row = int(wrong[0])
        return f"{about} says {lengths[row]} at row {row}; 0 to {most} are allowed"
    if (total := int(lengths.sum())) != num:
        return f"{about} adds up to {total}, but {name} has {num} entries"
    wanted = offsets_of(lengths)
    wrong = np.flatnonzero(offsets != wanted)
    if wrong.size:
        row = int(wrong[0])
        return (
            f"{OFFSETS}{name} says {offsets[row]} at row {row}, but the lengths before "
            f"it add up to {wanted[row]}"
        )
    return ""


def ragged_in(names: Iterable[str]) -> frozenset[str]:
    """Ragged columns among the arrays of a file.

    Parameters
    ----------
    names
        Of all its arrays.
    """
    known = set(names)
    lengths = (n.removeprefix(LENGTHS) for n in known if n.startswith(LENGTHS))
    return frozenset(name for name in lengths if name in known)


class Entries:
    """Collects the ragged columns of a shard until all of it is known.

    Parameters
    ----------
    columns
        Of the shard, others too.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = [column for column in columns if column.ragged]
        self._parts: dict[str, dict[int, tuple[np.ndarray, Lengths]]] = {
            column.name: {} for column in self._columns
        }

    def take(self, start: int, rows: Rows) -> Rows:
        """Keep what is ragged of some rows, and give the rest back.

        Parameters
        ----------
        start
            Position of the first of them in the shard.
        rows
            Arrays by column; of ragged ones the entries of all rows one after the
            other, with their ``lengths/...``.
        """
        rest = dict(rows)
        for name, parts in self._parts.items():
            parts[start] = rest.pop(name), rest.pop(f"{LENGTHS}{name}")
        return rest

    def arrays(self) -> dict[str, Shaped[np.ndarray, "..."]]:
        """What a file holds for the ragged columns, by name."""
        found: dict[str, np.ndarray] = {}
        for column in self._columns:
            parts = [part for _, part in sorted(self._parts[column.name].items())]
            values, lengths = zip(*parts, strict=True)
            counts = np.concatenate(lengths).astype(np.int64)
            found[column.name] = np.concatenate(values)
            found[f"{LENGTHS}{column.name}"] = counts
            found[f"{OFFSETS}{column.name}"] = offsets_of(counts)
        return found

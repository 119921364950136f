"""What a chunk of runs has measured so far: curves, evaluations and failures."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Int

from foreworld.core.errors import DamagedError
from foreworld.learners.metrics import KINDS, Metrics
from foreworld.train.checkpoint import Arrays

HEALTHY = -1
"""Entry of :attr:`History.failed` for a run that has not failed."""


class History(NamedTuple):
    """Metrics of all runs of a chunk, on the host.

    Attributes
    ----------
    train
        Pooled training metrics, ``(run, interval, ...)``.
    val
        Evaluations on the validation split, ``(run, segment, ...)``.
    test
        The evaluation at the end, ``(run, ...)``; empty before it.
    failed
        Segment in which the numbers of a run were not finite any more, NaN in its
        state or NaN or infinite in what it measured; else -1.
    """

    train: Metrics
    val: Metrics
    test: Metrics
    failed: Int[np.ndarray, " run"]

    def after_segment(
        self, segment: int, train: Metrics, val: Metrics, broken: np.ndarray
    ) -> History:
        """The same with one segment more; NaN from when a run failed.

        Parameters
        ----------
        segment
            Index of the segment just finished, from 0.
        train
            Its training metrics, ``(run, interval, ...)``: sums and counts.
        val
            The evaluation on the validation split after it, ``(run, ...)``.
        broken
            Whether a run's state holds a NaN after it, bool, ``(run,)``.
        """
        train = _blank(train, self.failed != HEALTHY)
        broken = broken | _not_finite(train) | _not_finite(val)
        failed = np.where((self.failed == HEALTHY) & broken, segment, self.failed)
        val = _blank(val, failed != HEALTHY)
        val = jax.tree.map(lambda leaf: np.asarray(leaf)[:, None], val)
        return History(
            join_metrics(self.train, train),
            join_metrics(self.val, val),
            {},
            failed.astype(np.int32),
        )

    def after_test(self, test: Metrics) -> History:
        """The same with the evaluation at the end, NaN for runs that failed."""
        last = max((m[0].shape[1] for m in self.val.values()), default=1) - 1
        broken = (self.failed == HEALTHY) & _not_finite(test)
        failed = np.where(broken, last, self.failed).astype(np.int32)
        return self._replace(test=_blank(test, failed != HEALTHY), failed=failed)

    def kept(self, num_runs: int) -> History:
        """Only the first runs: those behind them pad the program."""
        return jax.tree.map(lambda leaf: leaf[:num_runs], self)

    def arrays(self) -> Arrays:
        """As arrays by flat name, for a file."""
        flat: Arrays = {"failed": self.failed}
        for split in ("train", "val", "test"):
            flat |= metrics_arrays(getattr(self, split), split)
        return flat


def new_history(width: int) -> History:
    """Nothing measured yet."""
    return History({}, {}, {}, np.full(width, HEALTHY, np.int32))


def history_of(arrays: Arrays, where: Path) -> History:
    """What :meth:`History.arrays` gave; other arrays of the file are left alone.

    Parameters
    ----------
    arrays
        Arrays of a file by flat name.
    where
        That file, for the message.

    Raises
    ------
    DamagedError
        The file holds no history.
    """
    if "failed" not in arrays:
        raise DamagedError(f"{where} holds no metrics: written by other code.")
    found = {split: metrics_of(arrays, split) for split in ("train", "val", "test")}
    return History(**found, failed=arrays["failed"])


def metrics_arrays(metrics: Metrics, prefix: str) -> Arrays:
    """Metrics as arrays: of a mean ``prefix/name/total`` and ``prefix/name/count``.

    Parameters
    ----------
    metrics, prefix
        The metrics, and what stands before their names.
    """
    return {
        f"{prefix}/{name}/{field}": np.asarray(value)
        for name, metric in metrics.items()
        for field, value in metric._asdict().items()
    }


def metrics_of(arrays: Arrays, prefix: str) -> Metrics:
    """What :func:`metrics_arrays` gave; other arrays are left alone.

    Parameters
    ----------
    arrays, prefix
        Arrays by name, and what stands before the names of those that are meant.

    Raises
    ------
    KeyError
        What there is of a metric belongs to none that is known.
    """
    found: dict[str, dict[str, np.ndarray]] = {}
    for path, array in arrays.items():
        split, _, rest = path.partition("/")
        name, _, field = rest.rpartition("/")
        if split == prefix and name:
            found.setdefault(name, {})[field] = array
    kinds: Any = {frozenset(fields): kind for fields, kind in KINDS.items()}
    return {name: kinds[frozenset(f)](**f) for name, f in found.items()}


def _not_finite(metrics: Metrics) -> Any:
    """Runs that counted something and measured NaN or infinity, bool, ``(run,)``."""
    found: Any = False
    for metric in metrics.values():
        wrong = metric.broken()
        found = found | wrong.any(axis=tuple(range(1, wrong.ndim)))
    return found


def _blank(metrics: Metrics, rows: np.ndarray) -> Metrics:
    """NaN in the rows of failed runs."""

    def blank(leaf: np.ndarray) -> np.ndarray:
        leaf = np.array(leaf, np.float32)
        leaf[rows] = np.nan
        return leaf

    return jax.tree.map(blank, metrics)


def join_metrics(old: Metrics, new: Metrics) -> Metrics:
    """Metrics one after the other on the second axis: ``(run, interval, ...)``.

    Parameters
    ----------
    old, new
        Earlier and later ones; ``old`` is empty at the beginning.
    """
    if not old:
        return new
    return jax.tree.map(lambda a, b: np.concatenate([a, b], axis=1), old, new)

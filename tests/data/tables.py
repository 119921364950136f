"""Tables that lie in memory, for tests of loaders."""

from __future__ import annotations

from collections.abc import Iterable

import jax.numpy as jnp
import numpy as np

from foreworld.data.views.source import DataSource, make_source
from foreworld.data.views.table import AbstractTable


class MemoryTable(AbstractTable):
    """A split of given columns."""

    def __init__(self, columns: dict[str, np.ndarray], name: str = "train") -> None:
        self.name, self._arrays = name, columns

    def __setstate__(self, state: dict) -> None:
        vars(self).update(state)

    def __repr__(self) -> str:
        return f"Split {self.name} of memory: {len(self):,} sequences"

    def __len__(self) -> int:
        return len(self._arrays["state"])

    @property
    def place(self) -> str:
        return "memory"

    @property
    def columns(self) -> dict[str, tuple[tuple[int, ...], str]]:
        return {n: (a.shape, str(a.dtype)) for n, a in self._arrays.items()}

    @property
    def task_sizes(self) -> dict[str, int]:
        return {}

    def rows(self, name: str, rows: np.ndarray) -> np.ndarray:
        return self._arrays[name][rows]

    def keep(self, names: Iterable[str]) -> None:
        pass

    def device(self) -> DataSource:
        columns = {n: jnp.asarray(a) for n, a in self._arrays.items()}
        return make_source(columns, columns.get, {}, ())


def labelled(labels: np.ndarray, num_frames: int = 3, side: int = 4) -> MemoryTable:
    """Sequences whose frames and states tell their row and their label."""
    num = len(labels)
    state = np.stack([np.arange(num), labels, np.zeros(num)], axis=1)
    shape = (num, num_frames)
    return MemoryTable(
        {
            "image": np.broadcast_to(
                labels.astype(np.uint8)[:, None, None, None, None],
                (*shape, side, side, 1),
            ),
            "state": np.broadcast_to(state[:, None], (*shape, 3)).astype(np.float32),
            "valid": np.ones(shape, bool),
            "label": labels[:, None],
        }
    )

"""Which sequences belong to which task, and few-shot episodes drawn from them.

In an episode, ``num_context`` sequences of every task are its context set; all others
are queries. Episodes are drawn by number: the same ones in NumPy and in programs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import numpy as np

from foreworld.core.errors import ConfigError
from foreworld.data.views.draws import draw_subsets, draw_with_replacement, fold, others


class Tasks(eqx.Module):
    """The tasks of a split.

    Attributes
    ----------
    sizes
        Sequences of each task.
    labels
        Label of each task, ascending.
    order
        Rows of the split, task after task and ascending within each; ``None`` where
        they lie so anyway.
    number
        Number of each row's task; ``None`` where ``order`` is.
    """

    sizes: tuple[int, ...] = eqx.field(static=True)
    labels: tuple[int, ...] = eqx.field(static=True)
    order: Any = None
    number: Any = None

    @staticmethod
    def in_turn(sizes: Sequence[int]) -> Tasks:
        """Tasks whose sequences lie one task after the other."""
        return Tasks(tuple(sizes), tuple(range(len(sizes))))

    @staticmethod
    def by_label(labels: np.ndarray) -> Tasks:
        """The tasks of a split by the label of each sequence."""
        known, number = np.unique(labels, return_inverse=True)
        sizes = tuple(int(size) for size in np.bincount(number))
        names = tuple(int(label) for label in known)
        if (np.diff(number) >= 0).all():
            return Tasks(sizes, names)
        order = np.argsort(number, kind="stable")
        return Tasks(sizes, names, order.astype(np.int32), number.astype(np.int32))

    @property
    def num_tasks(self) -> int:
        """How many tasks there are."""
        return len(self.sizes)

    @property
    def num_rows(self) -> int:
        """Sequences of all tasks together."""
        return sum(self.sizes)

    def check(self, num_context: int, where: str) -> None:
        """Whether every task has a query besides its context set.

        Parameters
        ----------
        num_context
            Sequences of a task's context set.
        where
            What the tasks are of, for the message.

        Raises
        ------
        ConfigError
            Names the smallest task, and what ``num_context`` may be.
        """
        small = int(np.argmin(self.sizes))
        most = self.sizes[small] - 1
        if 1 <= num_context <= most:
            return
        if most < 1:
            raise ConfigError(
                f"{where} has {self.sizes[small]} sequence of task "
                f"{self.labels[small]}: a task needs at least 2, one as context and "
                f"one as query. Generate more."
            )
        raise ConfigError(
            f"num_context={num_context} must be at least 1 and at most {most}: task "
            f"{self.labels[small]} of {where} has {self.sizes[small]} sequences, and "
            f"one at least must be left as a query. Generate more, or lower "
            f"num_context."
        )

    def context(self, xp: Any, key: Any, num_context: int) -> Any:
        """Rows of the context sets of an episode, ``(task, num_context)``, int32.

        Parameters
        ----------
        xp
            ``numpy`` or ``jax.numpy``.
        key
            The episode's key.
        num_context
            Sequences of a task's context set; see :meth:`check`.
        """
        sizes = xp.asarray(np.asarray(self.sizes, np.int32))
        chosen = draw_subsets(xp, fold(xp, key, "context"), sizes, num_context)
        rows = chosen + xp.asarray(self._starts())[:, None]
        return rows if self.order is None else xp.asarray(self.order)[rows]

    def queries(self, xp: Any, context: Any, position: Any) -> tuple[Any, Any]:
        """Row and task number of the queries at some positions of the query list.

        The list holds all rows outside of the context sets, ascending.

        Parameters
        ----------
        xp
            ``numpy`` or ``jax.numpy``.
        context
            Rows of the context sets, ``(task, num_context)``, from :meth:`context`.
        position
            Places in the list of queries, from 0, ``(query,)``, int32.
        """
        row = others(xp, xp.sort(context.reshape(-1)), position).astype(xp.int32)
        if self.number is not None:
            return row, xp.asarray(self.number)[row]
        starts = xp.asarray(self._starts())
        number = xp.searchsorted(starts, row, side="right") - 1
        return row, number.astype(xp.int32)

    def draw_queries(self, xp: Any, key: Any, num_context: int, num: int) -> Any:
        """Positions of ``num`` queries of an episode, drawn with replacement.

        Parameters
        ----------
        xp
            ``numpy`` or ``jax.numpy``.
        key
            The episode's key.
        num_context
            Sequences of a task's context set; these are no queries.
        num
            Queries to draw.
        """
        size = self.num_rows - self.num_tasks * num_context
        return draw_with_replacement(xp, fold(xp, key, "query"), size, num)

    def _starts(self) -> np.ndarray:
        return np.cumsum((0, *self.sizes[:-1])).astype(np.int32)

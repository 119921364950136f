"""Few-shot episodes inside compiled programs: the same ones that loaders give."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Int, Key

from foreworld.core.keys import named_key
from foreworld.data.format.schema import is_state
from foreworld.data.views.source import DataSource
from foreworld.data.views.tasks import Tasks


class Queries(NamedTuple):
    """Some queries of an episode, and the context sets of all tasks, as rows.

    Attributes
    ----------
    row, task
        Row and number of the task of each query.
    context
        Rows of each task's context set, ascending.
    """

    row: Int[Array, " query"]
    task: Int[Array, " query"]
    context: Int[Array, "task shot"]


class EpisodeSource(eqx.Module):
    """A split on the device with its tasks; give it to programs as an argument.

    Attributes
    ----------
    data
        The split.
    tasks
        Which row belongs to which task.
    num_context
        Sequences of a task's context set.
    key
        Root key of the episodes.
    state_columns
        Columns of the state to give; ``None`` for all.
    """

    data: DataSource
    tasks: Tasks
    num_context: int = eqx.field(static=True)
    key: Key[Array, ""]
    state_columns: tuple[int, ...] | None = eqx.field(static=True, default=None)

    @property
    def num_queries(self) -> int:
        """Queries of an episode."""
        return self.tasks.num_rows - self.tasks.num_tasks * self.num_context

    def sample(self, episode: int | Int[Array, ""], num: int) -> Queries:
        """``num`` queries of an episode, drawn with replacement.

        Parameters
        ----------
        episode
            Number of the episode, from 0.
        num
            Queries to draw.
        """
        key = named_key(self.key, "episode", episode)
        position = self.tasks.draw_queries(jnp, key, self.num_context, num)
        return self._queries(key, position)

    def at(
        self, episode: int | Int[Array, ""], position: Int[Array, " query"]
    ) -> Queries:
        """The queries at some places of an episode's list.

        Parameters
        ----------
        episode
            Number of the episode, from 0.
        position
            Places in the episode's list of queries, from 0 to ``num_queries - 1``,
            int32.
        """
        return self._queries(named_key(self.key, "episode", episode), position)

    def batch(self, queries: Queries) -> dict[str, Any]:
        """Columns of queries and contexts, named as in the batches of loaders."""
        label = jnp.asarray(self.tasks.labels, jnp.int32)[queries.task]
        return {
            **self._columns(queries.row),
            "index": queries.row,
            "task": queries.task,
            "label": label[:, None],
            **{
                f"context/{name}": values
                for name, values in self._columns(queries.context).items()
            },
            "context/index": queries.context,
        }

    def _queries(self, key: Key[Array, ""], position: Int[Array, " query"]) -> Queries:
        context = self.tasks.context(jnp, key, self.num_context)
        return Queries(*self.tasks.queries(jnp, context, position), context)

    def _columns(self, rows: Int[Array, "..."]) -> dict[str, Array]:
        columns = {name: column[rows] for name, column in self.data.columns.items()}
        if self.state_columns is not None:
            for name in filter(is_state, columns):
                columns[name] = columns[name][..., list(self.state_columns)]
        return columns

"""Few-shot episodes: context sets and queries of tasks, drawn anew for each episode.

``split.episodes(num_context=15, seed=0)`` gives those of a split. Episode ``e`` is a
function of (seed, ``e``) and nothing else: the same one in NumPy, in any number of
PyTorch's workers, and inside compiled programs.

Source: the meta-learning protocol of github.com/qu-gg/meta-sLVM, with a redraw that
reaches every worker, any number of tasks, and contexts that are shared, not copied.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn

import numpy as np
from jaxtyping import Int

from foreworld.core.errors import ConfigError
from foreworld.core.keys import root_key
from foreworld.core.parts.part import Bounded
from foreworld.core.parts.types import checked
from foreworld.data.format.schema import is_state, learnt
from foreworld.data.views.draws import NUM_NUMBERS, fold, root
from foreworld.data.views.episode_source import EpisodeSource
from foreworld.data.views.loader import (
    AbstractOrder,
    Loader,
    Number,
    check_batch_size,
    check_rank,
)
from foreworld.data.views.rows import AbstractRows
from foreworld.data.views.tasks import Tasks

CONTEXT = "context/"
"""What names of columns of context sets begin with."""


@dataclass(frozen=True)
class Episode:
    """One episode, as rows of the split.

    Attributes
    ----------
    context
        Context set of each task, ascending.
    queries
        All other rows, ascending.
    task
        Number of each query's task.
    """

    context: Int[np.ndarray, "task shot"]
    queries: Int[np.ndarray, " query"]
    task: Int[np.ndarray, " query"]


class Episodes:
    """Episodes of a split; ``episodes[e]`` is one of them.

    Parameters
    ----------
    table
        The split. Its column ``label`` says which task a sequence belongs to; without
        one, all are of one task.
    num_context
        Sequences of a task's context set.
    seed
        Root seed of all episodes.
    state_columns
        Columns of the state to give, in this order; ``None`` for all.

    Raises
    ------
    ConfigError
        The split is empty, a task has too few sequences, or the state has no such
        column.
    """

    def __init__(
        self,
        table: AbstractRows,
        num_context: int,
        seed: int = 0,
        state_columns: Sequence[int] | None = None,
    ) -> None:
        self.table, self.seed = table, checked("seed", seed, Number)
        if table.ragged:
            raise ConfigError(
                f"{', '.join(sorted(table.ragged))} of {table.place} has rows of "
                f"different lengths, of which there are no few-shot episodes. Take "
                f"split.loader(batch_size, pad=True)."
            )
        self.num_context = checked("num_context", num_context, int)
        names = table.columns
        self._labelled = "label" in names
        labels = (
            table.read("label", slice(None)) if self._labelled else [0] * len(table)
        )
        self.tasks = Tasks.by_label(np.asarray(labels).reshape(-1))
        self.tasks.check(self.num_context, f"the split {table.name} of {table.place}")
        self.state_columns = None
        if state_columns is not None:
            known = checked("state_columns", state_columns, tuple[int, ...])
            # Of a game each agent's.
            width = min(names[name][0][-1] for name in names if is_state(name))
            _check_columns(known, width, table)
            self.state_columns = list(known)
        self._names = learnt(names)

    def __len__(self) -> int:
        """Queries of an episode."""
        return self.tasks.num_rows - self.tasks.num_tasks * self.num_context

    def __repr__(self) -> str:
        num = self.tasks.num_tasks
        return (
            f"Episodes of the split {self.table.name} of {self.table.place}: "
            f"{num} task{'s' if num > 1 else ''}, {self.num_context} sequences of "
            f"each as context, {len(self):,} queries; seed {self.seed}"
        )

    def __getitem__(self, episode: int) -> Episode:
        return self.at(episode)

    def __getitems__(self, episodes: Any) -> NoReturn:
        """What PyTorch's loader asks for; refuses, as episodes make no one batch."""
        raise ConfigError(
            "episodes cannot be given to a DataLoader of PyTorch, which would put all "
            "queries of several episodes into one batch. Take "
            "episodes.loader(batch_size).torch(num_workers=...)."
        )

    def at(self, episode: int) -> Episode:
        """An episode by its number, 0 to 2^32 - 1."""
        context = self._context(episode)
        position = np.arange(len(self), dtype=np.int32)
        return Episode(context, *self.tasks.queries(np, context, position))

    def item(self, episode: int, position: int) -> dict[str, Any]:
        """One query of an episode with the context set of its task.

        Parameters
        ----------
        episode
            Number of the episode.
        position
            Place in the episode's list of queries.

        Returns
        -------
        dict
            As a batch of :meth:`loader`, without the axes of queries and of tasks.
        """
        place = [checked("position", position, int)]
        batch = self.batch(episode, np.asarray(place), repeat_context=True)
        return {name: values[0] for name, values in batch.items()}

    def batch(
        self,
        episode: int,
        position: Sequence[int] | np.ndarray,
        *,
        repeat_context: bool = False,
    ) -> dict[str, np.ndarray]:
        """Some queries of an episode, and the context sets of all tasks.

        Parameters
        ----------
        episode
            Number of the episode.
        position
            Places in the episode's list of queries.
        repeat_context
            Give every query a context set of its own, instead of one set for each
            task.
        """
        context = self._context(episode)
        place = self._places(position)
        row, task = self.tasks.queries(np, context, place)
        shots = {}
        if repeat_context:
            # Each set is read once, however many queries it serves.
            used, which = np.unique(task, return_inverse=True)
            for name in self._names:
                shots[name] = self._read(name, context[used])[which]
            context = context[task]
        else:
            shots = {name: self._read(name, context) for name in self._names}
        return {
            **{name: self._read(name, row) for name in self._names},
            "index": row.astype(np.int64),
            "task": task.astype(np.int64),
            "label": np.asarray(self.tasks.labels)[task][:, None],
            **{CONTEXT + name: values for name, values in shots.items()},
            CONTEXT + "index": context.astype(np.int64),
        }

    def _places(self, position: Any) -> Int[np.ndarray, " query"]:
        """Places in the list of queries, which must be whole numbers of it."""
        given = np.asarray(position)
        if given.size and given.dtype.kind not in "iu":
            raise ConfigError(
                f"position: expected whole numbers, got {given.dtype} values."
            )
        if given.ndim != 1:
            raise ConfigError(
                f"position: expected a list of numbers, got {position!r}."
            )
        wrong = given[(given < 0) | (given >= len(self))]
        if wrong.size:
            raise IndexError(
                f"there is no query {wrong[0]} in an episode of {self!r}: 0 to "
                f"{len(self) - 1}."
            )
        return given.astype(np.int32)

    def sample(self, episode: int, num: int) -> Int[np.ndarray, " query"]:
        """Positions of some queries of an episode, drawn with replacement.

        Parameters
        ----------
        episode
            Number of the episode.
        num
            How many.
        """
        num = checked("num", num, Annotated[int, Bounded(low=0, high=10**8)])
        return self.tasks.draw_queries(np, self._key(episode), self.num_context, num)

    def loader(
        self,
        batch_size: int,
        *,
        num_steps: int | None = None,
        episode: int = 0,
        fixed: bool = False,
        repeat_context: bool = False,
        drop_last: bool = False,
        rank: int = 0,
        world_size: int = 1,
    ) -> Loader:
        """Batches of queries with the context sets of their episodes.

        Dictionaries: columns of the queries ``(query, ...)`` by name; ``index`` and
        ``task`` (number) of each, ``label`` ``(query, 1)``; and columns of the context
        sets, ``context/image`` ``(task, shot, ...)`` and so on, or
        ``(query, shot, ...)`` where contexts are repeated. Each iteration goes on with
        the episodes that follow.

        Parameters
        ----------
        batch_size
            Queries in a batch.
        num_steps
            ``None`` goes once through all queries of one episode, in ascending order.
            Otherwise that many batches, each of an episode of its own (``episode``
            and those that follow), its queries drawn with replacement.
        episode
            Number of the (first) episode.
        fixed
            Begin with the same episode each time: to evaluate.
        repeat_context
            Give every query a context set of its own, instead of one for each task.
        drop_last
            Leave out a last batch that is not full and, of ``num_steps`` batches, those
            that are left over when ranks take equally many.
        rank, world_size
            Of several processes that share this: each takes every ``world_size``-th
            query of the one episode or, of ``num_steps`` batches, every
            ``world_size``-th batch. With ``drop_last`` all have equally many batches.

        Raises
        ------
        ConfigError
            A number that cannot be used.
        """
        share = check_rank(rank, world_size)
        order = _Order(self, batch_size, num_steps, episode, fixed, drop_last, share)
        repeat_context = checked("repeat_context", repeat_context, bool)
        read = functools.partial(_read, self, order.batch_size, repeat_context)
        keep = functools.partial(self.table.keep, self._names)
        return Loader(order, read, keep)

    def device(self) -> EpisodeSource:
        """The same for programs, which draw episodes themselves."""
        return EpisodeSource(
            data=self.table.device(),
            tasks=self.tasks,
            num_context=self.num_context,
            key=root_key(self.seed),
            state_columns=None
            if self.state_columns is None
            else tuple(self.state_columns),
        )

    def _key(self, episode: int) -> np.ndarray:
        episode = checked("episode", episode, Number)
        return fold(np, root(np, self.seed), "episode", episode)

    def _context(self, episode: int) -> Int[np.ndarray, "task shot"]:
        return self.tasks.context(np, self._key(episode), self.num_context)

    def _read(self, name: str, rows: np.ndarray) -> np.ndarray:
        values = self.table.rows(name, rows.reshape(-1))
        if is_state(name) and self.state_columns is not None:
            values = values[..., self.state_columns]
        return values.reshape(*rows.shape, *values.shape[1:])


class _Order(AbstractOrder):
    """Which episode, and which of its queries, each batch holds."""

    def __init__(
        self,
        episodes: Episodes,
        batch_size: int,
        num_steps: int | None,
        episode: int,
        fixed: bool,
        drop_last: bool,
        share: tuple[int, int],
    ) -> None:
        num, name = len(episodes), episodes.table.name
        self.batch_size = check_batch_size(batch_size, None, name, num, "queries")
        if num_steps is not None and checked("num_steps", num_steps, int) < 1:
            raise ConfigError(
                f"num_steps={num_steps} must be at least 1, or None for all queries "
                f"of one episode."
            )
        self._num_steps, self._fixed = num_steps, checked("fixed", fixed, bool)
        self._episode = checked("episode", episode, Number)
        total, size = num_steps or num, 1 if num_steps else self.batch_size
        mine = np.arange(total)[share[0] :: share[1]]
        if checked("drop_last", drop_last, bool):
            mine = mine[: total // share[1] // size * size]
            if not len(mine):
                raise ConfigError(
                    f"with drop_last no batch is left: {total} "
                    f"{'batches' if num_steps else 'queries'} for {share[1]} ranks. "
                    f"Leave drop_last out, or use fewer processes."
                )
        self._mine, self._size = mine, size

    def __len__(self) -> int:
        return -(-len(self._mine) // self._size)

    def epoch(self, number: int) -> Iterator[tuple[int, np.ndarray | None]]:
        first = self._episode + (0 if self._fixed else number * (self._num_steps or 1))
        if self._num_steps is not None:
            for step in self._mine.tolist():
                yield (first + step) % NUM_NUMBERS, None
            return
        for begin in range(0, len(self._mine), self.batch_size):
            yield first % NUM_NUMBERS, self._mine[begin : begin + self.batch_size]


def _read(
    episodes: Episodes,
    batch_size: int,
    repeat_context: bool,
    item: tuple[int, np.ndarray | None],
) -> dict[str, np.ndarray]:
    episode, position = item
    if position is None:
        position = episodes.sample(episode, batch_size)
    return episodes.batch(episode, position, repeat_context=repeat_context)


def _check_columns(columns: tuple[int, ...], width: int, table: AbstractRows) -> None:
    for column in columns:
        if not 0 <= column < width:
            raise ConfigError(
                f"state_columns={list(columns)}: there is no column {column} in the "
                f"state of {table!r}, which has {width}: 0 to {width - 1}."
            )

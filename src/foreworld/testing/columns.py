"""A small learner of data: it learns the mean of a column, whatever the column is."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, NoReturn

import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from foreworld.core.errors import FitError
from foreworld.core.parts.part import Bounded, Traced
from foreworld.data.views.ragged import Ragged
from foreworld.data.views.source import DataSource
from foreworld.learners.base import AbstractLearner, Budget, Source
from foreworld.learners.metrics import Mean, Metrics
from foreworld.learners.start import Start, started


class ColumnProbe(AbstractLearner):
    """Regresses a number on the mean of a column of a data set.

    Rows may differ in length; of things with parts a column is named in full
    (``action/prover``).
    """

    score: ClassVar[str] = "nearness"
    reads_data: ClassVar[bool] = True

    column: str = "state"
    """which column"""
    learning_rate: Annotated[float, Traced(low=0, high=1)] = 0.5
    """share of the distance that an update goes"""
    batch_size: Annotated[int, Bounded(low=1, unit="sequences")] = 8
    """sequences in an update"""
    num_updates: Annotated[int, Bounded(low=1)] = 20
    """updates of a run"""

    def check_fit(self, source: Source) -> None:
        """Data that have the column.

        Raises
        ------
        FitError
            They have not, or there are none.
        """
        if not isinstance(source, DataSource):
            raise FitError(f"{type(self).__name__} learns from data, not in {source}.")
        source.need(type(self).__name__, self.column)

    def budget(self, source: Source) -> Budget:
        """A batch an update."""
        return Budget(self.num_updates, self.batch_size, "sequences")

    def init(
        self, key: Key[Array, ""], source: Source, start: Start | None = None
    ) -> Float[Array, ""]:
        """Zero, or the number of another run."""
        return started(jnp.float32(0), start)

    def update(
        self,
        state: Float[Array, ""],
        source: Any,
        key: Key[Array, ""],
        progress: Float[Array, ""],
    ) -> tuple[Float[Array, ""], Metrics]:
        """Go some way to the mean of a batch."""
        gap = self._mean(source, source.sequences(key, self.batch_size)) - state
        return state + self.learning_rate * gap, {"loss": Mean.of(jnp.square(gap))}

    def evaluate(
        self, state: Float[Array, ""], source: Any, key: Key[Array, ""]
    ) -> Metrics:
        """Minus the squared distance from the mean of a whole split."""
        mean = self._mean(source, jnp.arange(source.num_sequences))
        nearness = -jnp.square(mean - state)
        return {"nearness": Mean.of(nearness), "mean": Mean.of(mean)}

    def policy(self, state: Float[Array, ""], source: Source) -> NoReturn:
        """It does not act.

        Raises
        ------
        FitError
            Always.
        """
        raise FitError(f"{type(self).__name__} does not act, so it has no policy.")

    def _mean(self, source: Any, rows: Any) -> Float[Array, ""]:
        column = source.get(self.column)
        if isinstance(column, Ragged):
            values, there = column.rows(rows)
            each = values.reshape(*there.shape, -1).mean(-1)
        else:
            each = column[rows].astype(jnp.float32)
            each = each.reshape(*each.shape[:2], -1).mean(-1)
            there = jnp.ones(each.shape, bool)
        return jnp.sum(each * there) / jnp.maximum(jnp.sum(there), 1)

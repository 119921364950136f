"""Public contract check of generators, and a small one: walks of random lengths."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from jaxtyping import UInt32

from foreworld.core.errors import ForeworldError
from foreworld.core.parts.limits import Bounded
from foreworld.data.format.generator import AbstractGenerator
from foreworld.data.format.recipe import TaskRecipe
from foreworld.data.format.schema import Column
from foreworld.data.making.host import Host
from foreworld.testing.checks import (
    CheckError,
    check_configuration,
    require,
    require_equal,
)

_NUM_ROWS, _PIECES = 40, ((0, 1), (1, 7), (7, 40))
"""Rows that are made at once, and in pieces from one number to another."""


class RandomWalks(AbstractGenerator):
    """Walks in the plane with a drift of their own; some have no step at all."""

    max_len: Annotated[int, Bounded(low=1, high=10**6, unit="steps")] = 12
    """most steps of a walk; all numbers from 0 to this are equally likely"""
    step_len: Annotated[float, Bounded(low=0)] = 1.0
    """standard deviation of a step"""

    @property
    def columns(self) -> tuple[Column, ...]:
        """Where a walk is after each step, which steps lead upwards, and its drift."""
        return (
            Column("walk", (self.max_len, 2), "float32", axis="ragged"),
            Column("upwards", (self.max_len,), "bool", axis="ragged"),
            Column("drift", (2,), "float32", axis="none"),
        )

    def make(
        self, first: int, count: int, keys: UInt32[np.ndarray, "count 2"]
    ) -> dict[str, Any]:
        """Some walks."""
        walks, upwards, drifts = [], [], []
        for key in keys:
            rng = np.random.default_rng(key)
            drift, length = rng.normal(size=2), rng.integers(self.max_len + 1)
            steps = drift + self.step_len * rng.normal(size=(length, 2))
            walks.append(np.cumsum(steps, axis=0).astype(np.float32))
            upwards.append(steps[:, 1] > 0)
            drifts.append(drift)
        drift = np.array(drifts, np.float32)
        return {"walk": walks, "upwards": upwards, "drift": drift}


def check_generator(generator: AbstractGenerator) -> None:
    """Check that a generator keeps the contract that data sets rely on.

    It is the same after a round trip through JSON; its schema can be written; what
    ``make`` gives fits it; the same rows come out a second time, and in pieces.

    Parameters
    ----------
    generator
        Of this package or a person's own.

    Raises
    ------
    CheckError
        Names the rule that is broken and the value that breaks it.
    """
    name = type(generator).__name__
    require(
        isinstance(generator, AbstractGenerator), f"{name} is no AbstractGenerator."
    )
    check_configuration(generator, "generator")
    try:
        host = Host(TaskRecipe(generator, train=_NUM_ROWS))
        whole = host.make("train", 0, _NUM_ROWS)
        again = host.make("train", 0, _NUM_ROWS)
        parts = [host.make("train", first, end - first) for first, end in _PIECES]
    except ForeworldError as error:
        raise CheckError(str(error)) from error
    require_equal(whole, again, f"{name}.make twice for the same rows")
    joined = {n: np.concatenate([part[n] for part in parts]) for n in whole}
    require_equal(whole, joined, f"{name}.make for rows at once and in pieces")

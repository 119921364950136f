"""Starting from another run: what is taken of it, and where its count goes on.

With the whole state a run *goes on*: counters, optimiser and running episodes are those
of the other run, updates and steps are counted from where that one ended, and progress
is of the updates of both. With parts of it a run *begins anew* with what these hold.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import numpy as np

from foreworld.core import registry
from foreworld.core.errors import ConfigError, FitError, UnknownNameError
from foreworld.core.parts.config import differences, flat, to_dict
from foreworld.core.parts.partition import partition
from foreworld.core.parts.reference import AbstractRef
from foreworld.learners.base import Budget
from foreworld.learners.start import Start

_RUN = "foreworld.sweeps:StartRef"
"""The reference to what a run ended with; above this package, as studies are."""
_MOST_SAID = 4
"""Fields that a message names."""


class Ended(NamedTuple):
    """How far the other run came, and what it was.

    Attributes
    ----------
    parameters
        What it was trained with; parts whose code is not at hand are stand-ins.
    updates
        Updates done in all, those of runs that it went on from included.
    steps
        The same in steps.
    step_name
        What is counted.
    """

    parameters: Any
    updates: int
    steps: int
    step_name: str


class AbstractStart(AbstractRef):
    """Interface of references to what runs ended with.

    Opened, it gives the leaves of their state by name, ``(seed, ...)``.

    Attributes
    ----------
    parts
        Which parts of the state are taken; empty for the whole.
    """

    parts: eqx.AbstractVar[tuple[str, ...]]

    @abc.abstractmethod
    def ended(self) -> Ended:
        """How far the other run came, and what it was.

        Raises
        ------
        DamagedError
            It is gone, unfinished or damaged.
        """

    def of_run(self, seed_index: int) -> Start:
        """What one run takes, on the host.

        Parameters
        ----------
        seed_index
            Of the run. Where one seed is meant, or there is one only, it is taken by
            all runs.

        Raises
        ------
        ConfigError
            The other run has fewer seeds.
        DamagedError
            It is gone, unfinished, damaged or another one.
        """
        stacked = self.open()
        self.check_seeds(seed_index + 1)
        row = seed_index if self.num_seeds() > 1 else 0
        arrays: Any = {name: np.asarray(x[row]) for name, x in stacked.items()}
        return Start(arrays, self.parts)

    @abc.abstractmethod
    def num_seeds(self) -> int:
        """How many seeds of the other run there are to take from."""

    def check_seeds(self, wanted: int) -> None:
        """Refuse more runs than there are seeds to go on from, unless there is one.

        Parameters
        ----------
        wanted
            Seeds of each point.

        Raises
        ------
        ConfigError
            There are too few.
        """
        known = self.num_seeds()
        if 1 < known < wanted:
            raise ConfigError(
                f"start: {self.path} has {known} seeds and each run goes on from the "
                f"one with its own number, so {wanted} are too many. Ask for "
                f"{known}, or let all start from one with start.seed=0."
            )

    @classmethod
    def at(cls, path: Any) -> Any:
        """The whole state of the run at a path.

        Parameters
        ----------
        path
            Folder of the run.
        """
        return cls.made({"path": path})

    @classmethod
    def made(cls, fields: Mapping[str, Any]) -> Any:
        """The reference of these fields, of which the path is one.

        Parameters
        ----------
        fields
            Values by name.
        """
        made: Any = registry.locate(_RUN) if cls is AbstractStart else cls
        return made(**{**fields, "path": str(fields["path"])})


def begun_before(
    parameters: Any, budget: Budget, check: Callable[[Start], None]
) -> int:
    """Updates done before a run begins; 0 where it does not go on from another one.

    Parameters
    ----------
    parameters
        Of the run.
    budget
        What its learner asks for.
    check
        Tries whether the learner can begin with a start.

    Raises
    ------
    FitError
        What the run starts from does not fit it; says what differs.
    """
    start = parameters.start
    if start is None:
        return 0
    ended = start.ended()
    if not start.parts:
        _check_same_world(parameters, start, ended)
    taken = start.of_run(0)
    try:
        check(taken)
    except (FitError, UnknownNameError) as error:
        # Traced numbers change no shape.
        traced = partition(parameters)[1]
        told = _differ(parameters, ended, ("world", "learner", "data"), traced)
        raise FitError(f"start: {start.path}: {error}{told}") from error
    return 0 if start.parts else _updates_done(start, ended, budget)


def _updates_done(start: AbstractStart, ended: Ended, budget: Budget) -> int:
    """Where the count of a run that goes on begins, in its own updates."""
    name, size = ended.step_name, budget.steps_per_update
    if name != budget.step_name or ended.steps % size:
        raise FitError(
            f"start: {start.path} ended after {ended.steps:,} {name}, which are no "
            f"whole number of updates of {size:,} {budget.step_name}. Keep the sizes "
            f"that an update has there, or take parts of the state (start.parts) and "
            f"begin anew."
        )
    done, asked = ended.steps // size, budget.num_updates
    if done >= asked:
        raise FitError(
            f"start: {start.path} ended after {ended.steps:,} {name}, and this run is "
            f"to end after {asked * size:,}: the length counts from the beginning of "
            f"the first run. Ask for more, or take parts of the state (start.parts) "
            f"and begin anew."
        )
    return done


def _check_same_world(parameters: Any, start: AbstractStart, ended: Ended) -> None:
    """The whole state holds running episodes, or statistics of the data."""
    if told := _differ(parameters, ended, ("world", "data")):
        raise FitError(
            f"start: {start.path} cannot be gone on from with its whole state, which "
            f"belongs to what it learned from.{told} Take parts of it, such as "
            f"start.parts=network, and begin anew."
        )


def _differ(
    parameters: Any, ended: Ended, parts: tuple[str, ...], but: Collection[str] = ()
) -> str:
    """A sentence on the fields in which two runs differ; empty where they do not."""

    def fields(one: Any) -> dict[str, Any]:
        found = flat(to_dict(one))
        kept = {n: v for n, v in found.items() if n.partition(".")[0] in parts}
        return {
            # A person's file may lie elsewhere, as a data set may.
            n: registry.portable(v) if n.endswith(".class") else v
            for n, v in kept.items()
            if n not in but and not n.endswith(".path")
        }

    found = differences(fields(ended.parameters), fields(parameters))
    kinds = [name for name in found if name.endswith(".class")]
    # Where a whole part is another one, its fields say nothing more.
    leads = [name.removesuffix("class") for name in kinds]
    rest = [n for n in found if n not in kinds and not n.startswith(tuple(leads))]
    told = [
        f"{name} is {found[name][0]!r} there and {found[name][1]!r} here"
        for name in (*kinds, *rest)
    ]
    if not told:
        return ""
    more = len(told) - _MOST_SAID
    tail = f" and {more} more" if more > 0 else ""
    return f" What differs: {'; '.join(told[:_MOST_SAID])}{tail}."

"""A study: a base, lists of values to try, exclusions and a number of seeds."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence, Sized
from typing import Any, NamedTuple

import numpy as np

from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.core.parts.config import content_hash
from foreworld.core.parts.limits import Count
from foreworld.core.parts.part import Part
from foreworld.core.parts.stand_in import StandIn
from foreworld.core.parts.types import checked
from foreworld.core.plain import counted
from foreworld.sweeps.study import axes
from foreworld.train.parameters import Parameters

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
MAX_RUNS = 1_000_000
"""Runs of a study, excluded ones too: a plan lists each of them."""
_LONGEST = 200
"""Letters of a name; a folder's has a hash and the seed besides, and 255 at most."""


class Point(NamedTuple):
    """One hyperparameter setting of a study.

    Attributes
    ----------
    index
        Its place in the order of the study; that order breaks ties.
    fields
        The swept values, by the names the study uses.
    parameters
        The whole setting.
    """

    index: int
    fields: dict[str, Any]
    parameters: Parameters


class Study(Part):
    """Points are the product of the lists, in the order written, last key fastest.

    Parameters
    ----------
    name
        Letters, digits, ``_``, ``-`` and ``.``; names the folder.
    base
        Parameters that all points share.
    over
        Values to try by field: a bare name is the learner's field, others are dotted
        (``"world.length"``). ``world`` and ``learner`` take names or objects. A tuple
        of fields takes a tuple of values a point, so that they change together:
        ``{("num_envs", "num_steps"): [(4, 128), (8, 64)]}``.
    exclude
        Points to leave out: each entry names swept fields, and a point falls when all
        of them match (a list matches any of its values).
    seeds
        Runs of each point. More seeds later keep the first ones' random numbers.

    Raises
    ------
    ConfigError
        A field that does not exist, a value that is not allowed, two keys that set the
        same field, or no point left.
    """

    name: str
    """names the study's folder"""
    base: Parameters
    """what all points share"""
    over: dict[str, tuple[Any, ...]]
    """values to try by field"""
    exclude: tuple[dict[str, Any], ...]
    """points to leave out"""
    seeds: Count
    """runs of each point"""

    def __init__(
        self,
        name: str,
        base: Parameters,
        over: Mapping[Any, Iterable[Any]] | None = None,
        exclude: Sequence[Mapping[str, Any]] = (),
        seeds: int = 1,
    ) -> None:
        if not (isinstance(name, str) and _NAME.fullmatch(name)):
            raise ConfigError(
                f"Study.name={name!r} must be made of letters, digits, '_', '-' and "
                f"'.': it names the study's folder."
            )
        if len(name) > _LONGEST:
            raise ConfigError(
                f"Study.name has {len(name)} letters, and at most {_LONGEST} can name "
                f"a folder: {name[:20]}... Choose a shorter one."
            )
        if isinstance(base, StandIn):
            base.refuse()
        if not isinstance(base, Parameters):
            raise ConfigError(
                f"Study.base: expected Parameters(...), got {base!r} "
                f"({type(base).__name__})."
            )
        if not isinstance(over, Mapping | None):
            raise ConfigError(
                f"Study.over: expected a dictionary of lists such as "
                f"{{'learning_rate': [0.1, 0.01]}}, got {over!r}."
            )
        if isinstance(exclude, Mapping | str) or not isinstance(exclude, Iterable):
            raise ConfigError(
                f"Study.exclude: expected a list of dictionaries, got {exclude!r}."
            )
        self.name, self.base = name, base
        seeds = checked("Study.seeds", seeds, Count)
        sized = [len(v) for v in (over or {}).values() if isinstance(v, Sized)]
        _check_number(name, sized, seeds)
        self.over = axes.read_axes(base, over or {})
        self.exclude = tuple(axes.read_rule(base, self.swept, rule) for rule in exclude)
        self.seeds = seeds
        _check_number(name, [len(values) for values in self.over.values()], seeds)

    def points(self) -> list[Point]:
        """All points that are not excluded, each checked.

        Raises
        ------
        ConfigError
            A point whose values do not go together (names it), or no point left.
        """
        found = []
        for index, fields in enumerate(self._kept()):
            try:
                parameters = axes.apply(self.base, fields)
            except ForeworldError as error:
                text = ", ".join(f"{k}={v!r}" for k, v in fields.items())
                message = f"study {self.name!r}, point ({text}): {error}"
                raise type(error)(message) from error
            found.append(Point(index, fields, parameters))
        if not found:
            total = int(np.prod([len(values) for values in self.over.values()]))
            raise ConfigError(
                f"study {self.name!r} has no points left: exclude removes all "
                f"{total} of them. Remove or narrow an entry of exclude."
            )
        return found

    def __repr__(self) -> str:
        sizes = [f"{key} in {list(values)}" for key, values in self.over.items()]
        points = counted(len(self._kept()), "point")
        lines = [
            f"Study {self.name}: {self.base.name}, {points}, "
            f"{counted(self.seeds, 'seed')}, root seed {self.base.seed}",
            *(f"  {size}" for size in sizes),
            *(f"  without {rule}" for rule in self.exclude),
        ]
        return "\n".join(lines)

    @property
    def swept(self) -> list[str]:
        """The swept fields, those that change together one by one."""
        return [field for key in self.over for field in axes.fields_of(key)]

    @property
    def num_points(self) -> int:
        """How many points are not excluded."""
        return len(self._kept())

    @property
    def folder_name(self) -> str:
        """``<name>-<hash>-s<seed>``: the same study is always found again."""
        plain = self.replace(base=self.base.replace(seed=0))
        return f"{self.name}-{content_hash(plain)[:8]}-s{self.base.seed}"

    def _kept(self) -> list[dict[str, Any]]:
        """Swept values of all points that are not excluded."""
        rules = [
            {field: {axes.token(v) for v in values} for field, values in rule.items()}
            for rule in self.exclude
        ]

        def excluded(fields: Mapping[str, Any]) -> bool:
            own = {field: axes.token(value) for field, value in fields.items()}
            return any(all(own[k] in rule[k] for k in rule) for rule in rules)

        rows = [
            [axes.fields_and_values(key, value) for value in values]
            for key, values in self.over.items()
        ]
        settings = [
            {field: value for pairs in row for field, value in pairs}
            for row in itertools.product(*rows)
        ]
        return [fields for fields in settings if not excluded(fields)]


def _check_number(name: str, lengths: Sequence[int], seeds: int) -> None:
    """Refuse more runs than can be planned, before any of them is looked at."""
    runs = math.prod(lengths) * seeds
    if runs > MAX_RUNS:
        raise ConfigError(
            f"study {name!r} would have {runs:,} runs, {seeds:,} of each point; at "
            f"most {MAX_RUNS:,} can be planned. Take fewer seeds or values."
        )


def single(parameters: Parameters, seeds: int = 1, name: str | None = None) -> Study:
    """A study of one point.

    Parameters
    ----------
    parameters
        The one setting.
    seeds
        Runs of it, at least 1, with random numbers of their own.
    name
        Of the study; by default ``<world or data set>_<learner>``, as far as a data
        set's name can be one of a study.
    """
    if name is None:
        name = re.sub(r"[^A-Za-z0-9_.-]", "_", parameters.name)[:_LONGEST]
        name = name if _NAME.fullmatch(name) else f"_{name}"[:_LONGEST]
    return Study(name, parameters, seeds=seeds)

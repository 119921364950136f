"""Public contract check of learners: ``check_learner(MyLearner(), source)``."""

from __future__ import annotations

import functools
import inspect
import operator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from foreworld.core.errors import FitError
from foreworld.core.keys import named_key, root_key
from foreworld.core.parts import paths
from foreworld.core.parts.opening import opened
from foreworld.core.parts.part import Bounded, Part, field_specs
from foreworld.core.parts.partition import combine, partition, stack
from foreworld.learners.base import AbstractLearner, Budget, Source
from foreworld.learners.metrics import KINDS, Metric
from foreworld.learners.start import Start
from foreworld.testing.checks import (
    check_configuration,
    leaves,
    require,
    require_equal,
    require_like,
)
from foreworld.worlds.base import AbstractWorld
from foreworld.worlds.policy import AbstractPolicy

_NUM_UPDATES = 2
_TOLERANCE = 1e-5


def check_learner(learner: AbstractLearner, source: Source) -> None:
    """Check that a learner keeps the contract that loop and planner rely on.

    It is the same after a round trip through JSON; its state holds arrays only, which
    keep their shapes; it begins with the whole state of another run where that is
    given; every update gives the same metrics; its evaluation has its score; all of
    that compiles and vmaps, one lane giving what a single run gives; traced fields of
    learner and world can be a batch, at zero too where they may be zero. Learners that
    cannot be traced are checked in Python.

    Parameters
    ----------
    learner
        Any learner; small sizes make the check quick.
    source
        A world or a data set's split on the device.

    Raises
    ------
    FitError
        The learner says itself that it does not fit the source.
    CheckError
        Names the rule that is broken and the value that breaks it.
    """
    name = type(learner).__name__
    require(isinstance(learner, AbstractLearner), f"{name} is no AbstractLearner.")
    check_configuration(learner, "learner")
    learner, source = opened(learner), opened(source)
    learner.check_fit(source)
    require(
        "start" in inspect.signature(learner.init).parameters,
        f"{name}.init must take what a run starts from: init(key, source, start=None).",
    )
    budget = learner.budget(source)
    require(
        isinstance(budget, Budget)
        and type(budget.num_updates) is int
        and type(budget.steps_per_update) is int
        and budget.num_updates >= 1
        and budget.steps_per_update >= 1
        and isinstance(budget.step_name, str),
        f"{name}.budget must give whole numbers of at least 1 and a name, got "
        f"{budget!r}.",
    )
    program = _Program(learner, source)
    alone = program.single()
    _check_state(name, alone)
    _check_start(name, program, alone["states"])
    _check_metrics(learner, source, alone)
    if learner.traceable:
        _check_lanes(learner, source, program, alone)
    _check_policy(learner, source, alone["states"][-1])


class _Program:
    """Initialise, update twice, evaluate: alone and as a batch of lanes."""

    def __init__(self, learner: AbstractLearner, source: Source) -> None:
        self._learner, self._source = learner, source
        self._acts = isinstance(source, AbstractWorld)
        parts: dict[str, Part] = {"learner": learner}
        if isinstance(source, AbstractWorld):
            parts["world"] = source
        self._split = {name: partition(part) for name, part in parts.items()}
        self.traced = {
            f"{name}/{path}": value
            for name, (_, traced, *_) in self._split.items()
            for path, value in traced.items()
        }
        self._key = named_key(root_key(0), "check")

    def begin(self, state: Any) -> Any:
        """The first state of a run that starts from another one, with its own key."""
        key, start = named_key(self._key, "another"), Start.of(state)
        init = self._learner.init
        if not self._learner.traceable:
            return init(key, self._source, start)
        if self._acts:
            return jax.jit(lambda k, s: init(k, self._source, s))(key, start)
        return jax.jit(init)(key, self._source, start)

    def single(self) -> dict[str, Any]:
        """One run: its states and metrics, one of each for every update."""
        state = self._first
        if not self._learner.traceable:
            return self._in_python(state)
        data = None if self._acts else self._source
        floats = jax.tree.map(np.float32, self.traced)
        ran = jax.jit(self._one)(floats, data, state)
        states, metrics = _rows(ran["states"]), _rows(ran["metrics"])
        return {**ran, "states": [state, *states], "metrics": metrics}

    def lanes(self, rows: list[dict[str, float]]) -> dict[str, Any]:
        """One run for each row of traced fields; states and metrics are stacked."""
        data = None if self._acts else self._source
        program = jax.jit(jax.vmap(self._one, in_axes=(0, None, None)))
        return program(stack(rows), data, self._first)

    @functools.cached_property
    def _first(self) -> Any:
        """The state before the first update."""
        key = named_key(self._key, "init")
        if not self._learner.traceable:
            return self._learner.init(key, self._source)
        if self._acts:
            return jax.jit(lambda k: self._learner.init(k, self._source))(key)
        return jax.jit(self._learner.init)(key, self._source)

    def _one(self, floats: dict[str, Any], data: Any, state: Any) -> dict[str, Any]:
        parts = {}
        for name, (static, _, *rest) in self._split.items():
            given = {
                path.removeprefix(f"{name}/"): value
                for path, value in floats.items()
                if path.startswith(f"{name}/")
            }
            parts[name] = combine(static, given, *rest)
        learner, source = parts["learner"], parts.get("world", data)
        name = type(learner).__name__

        def update(state: Any, i: jax.Array) -> tuple[Any, Any]:
            new, measured = learner.update(state, source, *self._at(i))
            require_like(state, new, f"{name}: state before and after an update")
            return new, (new, measured)

        last, ran = jax.lax.scan(update, state, jnp.arange(_NUM_UPDATES))
        found = learner.evaluate(last, source, named_key(self._key, "evaluate", 0))
        return {"states": ran[0], "metrics": ran[1], "evaluation": found}

    def _in_python(self, state: Any) -> dict[str, Any]:
        states, metrics = [state], []
        for i in range(_NUM_UPDATES):
            state, measured = self._learner.update(state, self._source, *self._at(i))
            states.append(state)
            metrics.append(measured)
        key = named_key(self._key, "evaluate", 0)
        found = self._learner.evaluate(state, self._source, key)
        return {"states": states, "metrics": metrics, "evaluation": found}

    def _at(self, i: Any) -> tuple[jax.Array, jax.Array]:
        """Key and progress of an update."""
        return named_key(self._key, "update", i), jnp.float32(i / _NUM_UPDATES)


def _rows(stacked: Any) -> list[Any]:
    """One pytree for each update."""
    return [jax.tree.map(operator.itemgetter(i), stacked) for i in range(_NUM_UPDATES)]


def _check_state(name: str, alone: dict[str, Any]) -> None:
    first, *later = alone["states"]
    for path, leaf in jax.tree_util.tree_flatten_with_path(first)[0]:
        require(
            isinstance(leaf, jax.Array | np.ndarray),
            f"{name}: the state must hold arrays only, but "
            f"{jax.tree_util.keystr(path)} is {leaf!r} ({type(leaf).__name__}).",
        )
    for state in later:
        require_like(first, state, f"{name}: state before and after an update")
    require(
        any(
            not np.array_equal(a, b, equal_nan=True)
            for (_, a), (_, b) in zip(leaves(first), leaves(later[-1]), strict=True)
        ),
        f"{name}: {_NUM_UPDATES} updates changed nothing in the state.",
    )
    for path, leaf in leaves(later[-1]):
        broken = np.issubdtype(leaf.dtype, np.floating) and np.isnan(leaf).any()
        require(not broken, f"{name}: NaN in {path} after {_NUM_UPDATES} updates.")


def _check_start(name: str, program: _Program, states: list[Any]) -> None:
    """With the whole state of another run, a run goes on where that one ended."""
    before = states[-1]
    after = program.begin(before)
    same = f"{name}: the state that a run starts from and the one that init gives"
    require_like(before, after, same)
    require_equal(before, after, f"{same} (end init with 'started(state, start)')")


def _check_metrics(
    learner: AbstractLearner, source: Source, alone: dict[str, Any]
) -> None:
    name = type(learner).__name__
    first, *later = alone["metrics"]
    _check_kinds(f"{name}.update", first)
    for metrics in later:
        require_like(first, metrics, f"{name}: metrics of two updates")
    _check_kinds(f"{name}.evaluate", alone["evaluation"])
    known = ", ".join(alone["evaluation"])
    score = learner.score_on(source)
    require(
        score in alone["evaluation"],
        f"{name} is ranked by {score!r}, but evaluate gives only {known}. Its class "
        f"says so by score, its method score_on by what it learns from.",
    )


def _check_kinds(where: str, metrics: Any) -> None:
    require(
        isinstance(metrics, dict) and len(metrics) > 0,
        f"{where} must give metrics by name, got {metrics!r}.",
    )
    kinds = ", ".join(kind.__name__ for kind in KINDS.values())
    for name, metric in metrics.items():
        require(
            isinstance(metric, Metric),
            f"{where}: metric {name!r} must be one of {kinds}, got "
            f"{type(metric).__name__}.",
        )
        dtypes = {str(leaf.dtype) for leaf in metric}
        require(
            dtypes == {"float32"},
            f"{where}: metric {name!r} must hold float32, got {sorted(dtypes)}.",
        )


def _check_lanes(
    learner: AbstractLearner, source: Source, program: _Program, alone: dict[str, Any]
) -> None:
    """Traced fields as a batch: as they are, and one by one changed and at zero."""
    rows = [program.traced]
    for word, value in program.traced.items():
        name, _, path = word.partition("/")
        mark = _mark(learner if name == "learner" else source, path)
        # Zero where it is allowed, and another value that is allowed.
        zero = [0.0] if mark.allows(0.0) and value != 0 else []
        tries = [0.9 * value, 1.1 * value, 0.1, 0.5, -0.1]
        moved = [x for x in tries if x not in (0.0, value) and mark.allows(x)]
        rows += [{**program.traced, word: other} for other in [*zero, *moved[:1]]]
    batch = program.lanes(rows)
    first = jax.tree.map(lambda leaf: leaf[0], batch)
    name = type(learner).__name__
    for what in ("metrics", "states"):
        require_equal(
            _rows(first[what])[-1],
            alone[what][-1],
            f"{name}: {what} of one lane of a batch and of a single run",
            _TOLERANCE,
        )


def _mark(part: Any, path: str) -> Bounded:
    owner, _, field = path.rpartition(".")
    holder = paths.get_path(part, owner) if owner else part
    specs = {spec.name: spec for spec in field_specs(type(holder))}
    mark = specs[field].mark
    return mark if isinstance(mark, Bounded) else Bounded()


def _check_policy(learner: AbstractLearner, source: Source, state: Any) -> None:
    name = type(learner).__name__
    try:
        policy = learner.policy(state, source)
    except FitError:
        return
    require(
        isinstance(policy, AbstractPolicy),
        f"{name}.policy must give a policy or raise FitError, got {policy!r}.",
    )
    if isinstance(source, AbstractWorld):
        key = root_key(1)
        state, obs = source.reset(key)
        memory, _ = policy.act(policy.init_memory(), obs, key, source.turn(state))
        require_like(
            jax.tree.map(jnp.asarray, policy.init_memory()),
            jax.tree.map(jnp.asarray, memory),
            f"{name}: memory of the policy before and after an action",
        )

"""Runs side by side: their numbers stacked along one axis, and their random keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from foreworld.core.errors import ConfigError
from foreworld.core.keys import named_key, root_key
from foreworld.core.parts.partition import Static, partition, stack
from foreworld.learners.start import Start
from foreworld.train.parameters import Parameters
from foreworld.train.start import AbstractStart


class Run(NamedTuple):
    """One run: a setting and the index of one of its seeds."""

    parameters: Parameters
    seed_index: int


class Lanes(NamedTuple):
    """What the runs of one program share, and what each has of its own.

    Attributes
    ----------
    static
        The parameters without their numbers; equal for all runs.
    leaves
        Traced floats (float32) and data arrays by dotted path, ``(run, ...)``.
    keys
        A run's own key, ``(run,)``.
    starts
        What each starts from, with the index of its seed; ``None`` for nothing. It is
        opened only where a run begins, so one that goes on does not need it.
    """

    static: Static
    leaves: dict[str, Any]
    keys: Key[Array, " run"]
    starts: tuple[tuple[AbstractStart, int] | None, ...] = ()

    @property
    def width(self) -> int:
        """Number of runs."""
        return self.keys.shape[0]

    def start_of(self, index: int) -> Start | None:
        """What one run starts from, read where it was not before.

        Parameters
        ----------
        index
            Position of the run.
        """
        found = self.starts[index] if self.starts else None
        return None if found is None else found[0].of_run(found[1])


def static_of(parameters: Parameters) -> tuple[Static, tuple[tuple[str, Any], ...]]:
    """What parameters must have in common to share a program; hashable.

    The root seed is no part of it: it only enters through the keys. Nor is what a run
    starts from, which only enters its first state.
    """
    static, _, data, _ = partition(parameters.replace(seed=0, start=None))
    shapes = [(k, (np.shape(v), str(np.asarray(v).dtype))) for k, v in data.items()]
    return static, tuple(sorted(shapes))


def make_lanes(runs: Sequence[Run]) -> Lanes:
    """Stack runs that share a static part.

    Raises
    ------
    ConfigError
        The runs cannot share a program.
    """
    kinds = {static_of(run.parameters) for run in runs}
    if len(kinds) != 1:
        raise ConfigError(
            f"runs of {len(kinds)} different static parts cannot share a program; "
            f"plan them as a study."
        )
    ((static, _),) = kinds
    split = [partition(run.parameters) for run in runs]
    starts = [run.parameters.start for run in runs]
    _, traced, data, _ = zip(*split, strict=True)
    names = [(run.parameters.seed, run.seed_index) for run in runs]
    # Padding repeats a run: each key is made once.
    known = {name: run_key(*name) for name in set(names)}
    keys = stack_trees([known[name] for name in names])
    begin = [
        None if start is None else (start, run.seed_index)
        for start, run in zip(starts, runs, strict=True)
    ]
    leaves = {**stack(traced), **stack_trees(data)}
    return Lanes(static, leaves, keys, tuple(begin))


def run_key(seed: int, seed_index: int) -> Key[Array, ""]:
    """The key of one run; more seeds keep the keys of the first ones.

    Parameters
    ----------
    seed
        Root seed of the parameters, from 0 to 2^32 - 1.
    seed_index
        Which of a point's runs it is, from 0.
    """
    return named_key(root_key(seed), "run", seed_index)


def stack_trees(trees: Sequence[Any]) -> Any:
    """Stack pytrees of arrays along a new first axis.

    On the host: a compiled program for every shape of leaf would cost more.
    """

    def stacked(*leaves: Any) -> Any:
        if jnp.issubdtype(leaves[0].dtype, jax.dtypes.prng_key):
            data = np.stack([np.asarray(jax.random.key_data(leaf)) for leaf in leaves])
            return jax.random.wrap_key_data(
                jnp.asarray(data), impl=jax.random.key_impl(leaves[0])
            )
        return np.stack([np.asarray(leaf) for leaf in leaves])

    return jax.tree.map(stacked, *trees)


def lane(tree: Any, index: int) -> Any:
    """One run's part of a stacked pytree.

    Parameters
    ----------
    tree
        Arrays whose first axis is runs, ``(run, ...)``.
    index
        Position on that axis.
    """
    return jax.tree.map(lambda leaf: leaf[index], tree)

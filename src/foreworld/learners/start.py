"""What a run takes of the state that another run ended with."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array

from foreworld.core.errors import FitError
from foreworld.core.keys import key_of
from foreworld.core.leaves import is_in, named_leaves, unknown_part

_MOST_SAID = 2
"""Leaves that a message names; of the others it says how many there are."""


class Start(eqx.Module):
    """The state of another run's learner, or parts of it.

    Attributes
    ----------
    arrays
        Leaves by name (:func:`~foreworld.core.leaves.named_leaves`); random keys as key
        data.
    parts
        Which parts of a state are taken; empty for the whole.
    """

    arrays: dict[str, Array]
    parts: tuple[str, ...] = eqx.field(static=True, default=())

    @staticmethod
    def of(state: Any, parts: tuple[str, ...] = ()) -> Start:
        """What can be taken of a state at hand.

        Parameters
        ----------
        state
            Of a learner.
        parts
            Dotted names as in ``start.parts``; empty for the whole.
        """
        leaves = named_leaves(state)
        kept = {n: x for n, x in leaves.items() if not parts or is_in(n, parts)}
        data = {n: jax.random.key_data(x) if _is_key(x) else x for n, x in kept.items()}
        return Start(data, parts)


def started(state: Any, start: Start | None) -> Any:
    """A fresh state with what is taken of another run in its place.

    Parameters
    ----------
    state
        As :meth:`~foreworld.learners.base.AbstractLearner.init` makes it.
    start
        What is taken; ``None`` for nothing.

    Raises
    ------
    FitError
        The two do not fit together; names what differs.
    UnknownNameError
        A part that the state does not have.
    """
    if start is None:
        return state
    parts, fresh = start.parts, named_leaves(state)
    for part in parts:
        if not any(is_in(name, (part,)) for name in fresh):
            raise unknown_part("part of the state", part, list(fresh))
    wanted = [name for name in fresh if not parts or is_in(name, parts)]
    problems = [_problem(fresh.get(n), start.arrays.get(n), n) for n in wanted]
    problems += [
        f"{name.replace('/', '.')} is there and not here"
        for name in start.arrays
        if name not in wanted
    ]
    if found := [one for one in problems if one]:
        more = len(found) - _MOST_SAID
        rest = f", and {more} more" if more > 0 else ""
        raise FitError(
            f"the state of the other run does not fit: "
            f"{', '.join(found[:_MOST_SAID])}{rest}."
        )
    leaves = [
        _taken(leaf, start.arrays[name]) if name in wanted else leaf
        for name, leaf in fresh.items()
    ]
    return jax.tree.unflatten(jax.tree.structure(state), leaves)


def _taken(leaf: Any, array: Any) -> Any:
    return key_of(array) if _is_key(leaf) else jnp.asarray(array)


def _problem(leaf: Any, array: Any, name: str) -> str:
    """Why an array cannot stand in the place of a leaf; empty where it can."""
    where = name.replace("/", ".") or "the state"
    if array is None:
        return f"{where} is here and not there"
    like = jax.eval_shape(jax.random.key_data, leaf) if _is_key(leaf) else leaf
    if (like.shape, like.dtype) == (array.shape, array.dtype):
        return ""
    there, here = (f"{x.dtype}{list(x.shape)}" for x in (array, like))
    return f"{where} is {there} there and {here} here"


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)

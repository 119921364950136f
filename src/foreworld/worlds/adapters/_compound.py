"""Spaces of Gymnasium that are made of several, as ours.

Observations are flattened by Gymnasium's own rules. Actions become a record of choices
and boxes, so that a policy has a distribution for each: the fields of a ``Dict`` keep
their names, entries of the others are counted from "0". A program is given an action
that was coded as one row of numbers.

Source: Towers et al. 2024, arXiv 2407.17032; ``gymnasium.spaces.utils``.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from foreworld.core.errors import ConfigError
from foreworld.core.spaces import Box, Discrete, Record, Space
from foreworld.worlds.adapters._optional import require
from foreworld.worlds.adapters._spaces import from_foreign_space

_SIMPLE = ("Discrete", "Box")


class Observations:
    """How an environment's observations are seen here.

    Attributes
    ----------
    space
        A number of choices or a box.

    Parameters
    ----------
    foreign
        The environment's own space.
    what
        What it is the space of, for errors.

    Raises
    ------
    ConfigError
        Its elements have no fixed size, such as those of a graph.
    """

    def __init__(self, foreign: Any, what: str) -> None:
        self._foreign, self._flat = foreign, type(foreign).__name__ not in _SIMPLE
        if self._flat:
            if not foreign.is_np_flattenable:
                raise _unknown(foreign, what)
            foreign = require("gymnasium").spaces.utils.flatten_space(foreign)
        self.space = from_foreign_space(foreign, foreign.shape or (), what)

    def seen(self, obs: Any) -> Any:
        """What the environment gave, flattened where it is made of several."""
        if not self._flat:
            return obs
        return require("gymnasium").spaces.utils.flatten(self._foreign, obs)


def action_space(foreign: Any, what: str) -> Space:
    """An environment's action space as ours.

    Parameters
    ----------
    foreign
        Of Gymnasium.
    what
        What it is the space of, for errors.

    Raises
    ------
    ConfigError
        A kind of space that has no counterpart here.
    """
    match type(foreign).__name__:
        case "Discrete" | "Box":
            return from_foreign_space(foreign, foreign.shape or (), what, even=True)
        case "Dict" | "Tuple":
            parts = _parts(foreign)
            return Record(
                {name: action_space(one, f"{what}[{name}]") for name, one in parts}
            )
        case "MultiDiscrete":
            counts = np.asarray(foreign.nvec).ravel()
            return Record({str(i): Discrete(int(n)) for i, n in enumerate(counts)})
        case "MultiBinary":
            num = int(np.prod(foreign.shape))
            return Record({str(i): Discrete(2) for i in range(num)})
        case _:
            raise _unknown(foreign, what)


def foreign_action(foreign: Any, action: Any) -> Any:
    """An action of ours, as NumPy arrays, as the environment takes it.

    Parameters
    ----------
    foreign
        The environment's own space.
    action
        Out of :func:`action_space` of it.
    """
    match type(foreign).__name__:
        case "Discrete":
            return int(action)
        case "Box":
            return np.asarray(action).astype(foreign.dtype)
        case "Dict":
            return {n: foreign_action(one, action[n]) for n, one in _parts(foreign)}
        case "Tuple":
            return tuple(foreign_action(one, action[n]) for n, one in _parts(foreign))
        case kind:
            row = np.asarray([action[str(i)] for i in range(len(action))])
            start = foreign.start if kind == "MultiDiscrete" else 0
            return (row.reshape(foreign.shape) + start).astype(foreign.dtype)


def code_of(space: Space, action: Any) -> Array | Float[Array, " numbers"]:
    """An action as one array: of a record all numbers in a row.

    Parameters
    ----------
    space
        Ours.
    action
        One element.
    """
    if isinstance(space, Discrete | Box):
        return jnp.asarray(action, space.dtype)
    rows = [jnp.ravel(x).astype(jnp.float32) for x in jax.tree.leaves(action)]
    return jnp.concatenate(rows)


def decoded(space: Space, code: np.ndarray) -> Any:
    """The action of a code, as NumPy arrays.

    Parameters
    ----------
    space
        Ours.
    code
        Of :func:`code_of`.
    """
    if isinstance(space, Discrete | Box):
        return code
    likes, tree = jax.tree.flatten(space.like)
    ends = np.cumsum([int(np.prod(like.shape)) for like in likes])[:-1]
    parts = zip(np.split(code, ends), likes, strict=True)
    leaves = [part.reshape(like.shape).astype(like.dtype) for part, like in parts]
    return jax.tree.unflatten(tree, leaves)


def code_like(space: Space) -> jax.ShapeDtypeStruct:
    """Shape and dtype of a code.

    Parameters
    ----------
    space
        Ours.
    """
    if isinstance(space, Discrete | Box):
        return space.like
    num = sum(int(np.prod(like.shape)) for like in jax.tree.leaves(space.like))
    return jax.ShapeDtypeStruct((num,), jnp.float32)


def _parts(foreign: Any) -> list[tuple[str, Any]]:
    inner = foreign.spaces
    pairs = inner.items() if isinstance(inner, dict) else enumerate(inner)
    return [(str(name), one) for name, one in pairs]


def _unknown(foreign: Any, what: str) -> ConfigError:
    return ConfigError(
        f"{what} is a {type(foreign).__name__}. Known are Discrete, Box, "
        f"MultiDiscrete, MultiBinary, and Dict and Tuple of them. Flatten it in the "
        f"environment."
    )

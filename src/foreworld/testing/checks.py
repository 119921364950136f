"""How the public contract checks fail: with an error that names what was wrong."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from foreworld.core.errors import ForeworldError
from foreworld.core.parts import config
from foreworld.core.parts.part import Part
from foreworld.core.parts.partition import partition


class CheckError(ForeworldError, AssertionError):
    """A part breaks its contract; the message says which rule and where."""


def require(condition: Any, message: str) -> None:
    """Raise :class:`CheckError` with the message unless the condition holds.

    Parameters
    ----------
    condition
        Anything whose truth value is known: no tracer.
    message
        What is wrong, where, and what is allowed.
    """
    if not bool(condition):
        raise CheckError(message)


def leaves(tree: Any) -> list[tuple[str, np.ndarray]]:
    """Arrays of a pytree with their paths, keys as key data, ready to compare."""
    out = []
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        if jax.numpy.issubdtype(jax.numpy.asarray(leaf).dtype, jax.dtypes.prng_key):
            leaf = jax.random.key_data(leaf)
        out.append((jax.tree_util.keystr(path), np.asarray(leaf)))
    return out


def require_equal(a: Any, b: Any, what: str, tolerance: float = 0.0) -> None:
    """Raise :class:`CheckError` where two pytrees of arrays differ.

    Parameters
    ----------
    a, b
        Pytrees of arrays; NaN equals NaN.
    what
        Beginning of the message: what should have been equal.
    tolerance
        Largest allowed difference, relative to one plus the size.
    """
    ours, theirs = leaves(a), leaves(b)
    names = [path for path, _ in ours], [path for path, _ in theirs]
    require(names[0] == names[1], f"{what}: structures {names[0]} and {names[1]}.")
    for (path, x), (_, y) in zip(ours, theirs, strict=True):
        same = x.shape == y.shape and x.dtype == y.dtype
        require(same, f"{what}: {path} is {x.dtype}{x.shape} and {y.dtype}{y.shape}.")
        close = np.isclose(x, y, tolerance, tolerance, equal_nan=True)
        require(np.all(close), f"{what}: {path} differs, {x} and {y}.")


def require_like(a: Any, b: Any, what: str) -> None:
    """Raise :class:`CheckError` unless two pytrees agree in shapes and dtypes.

    Parameters
    ----------
    a, b
        Pytrees of arrays.
    what
        Beginning of the message: what should have been alike.
    """
    shapes = [
        jax.tree_util.tree_map(lambda x: f"{x.dtype}{tuple(x.shape)}", tree)
        for tree in (a, b)
    ]
    require(shapes[0] == shapes[1], f"{what}: {shapes[0]} and {shapes[1]}.")


def require_finite(tree: Any, what: str) -> None:
    """Raise :class:`CheckError` where an array holds NaN or infinity.

    Parameters
    ----------
    tree
        Pytree of arrays; only floats are looked at.
    what
        Beginning of the message: what the arrays are.
    """
    for path, x in leaves(tree):
        if np.issubdtype(x.dtype, np.floating):
            require(np.all(np.isfinite(x)), f"{what}: {path} is not finite.")


def check_configuration(part: Part, kind: str) -> None:
    """Check that a part is the same after a round trip through JSON.

    Parameters
    ----------
    part
        A world, a learner.
    kind
        What it is, for errors.
    """
    name, again = type(part).__name__, config.from_json(config.to_json(part))
    require(
        config.to_dict(again) == config.to_dict(part),
        f"{name}: JSON does not give the same {kind} back: {config.diff(part, again)}.",
    )
    require(
        config.content_hash(again) == config.content_hash(part),
        f"{name}: the content hash changes in a round trip through JSON.",
    )
    hash(partition(part)[0])

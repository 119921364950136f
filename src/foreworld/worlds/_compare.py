"""Pytrees of arrays, compared and named for messages."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def leaves_of(tree: Any) -> list[tuple[str, Any]]:
    """Arrays of a pytree with their paths, keys as key data."""
    out = []
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        array = jnp.asarray(leaf)
        if jnp.issubdtype(array.dtype, jax.dtypes.prng_key):
            array = jax.random.key_data(array)
        out.append((jax.tree_util.keystr(path), array))
    return out


def names_of(found: list[tuple[str, Any]]) -> str:
    """Paths of arrays, for people."""
    return ", ".join(path or "one array" for path, _ in found) or "nothing"


def same(a: Any, b: Any) -> bool:
    """Whether two pytrees hold the same numbers; NaN equals NaN.

    Parameters
    ----------
    a, b
        Pytrees of arrays, keys among them.
    """
    if jax.tree.structure(a) != jax.tree.structure(b):
        return False
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    try:
        return all(_equal(x, y) for x, y in pairs)
    except TypeError:
        # No arrays: what follows says so.
        return True


def _equal(x: Any, y: Any) -> bool:
    (_, a), (_, b) = leaves_of(x)[0], leaves_of(y)[0]
    return bool(np.array_equal(np.asarray(a), np.asarray(b), equal_nan=_floats(a)))


def _floats(a: Any) -> bool:
    return bool(jnp.issubdtype(a.dtype, jnp.floating))


def numpy_random() -> Any:
    """The state of NumPy's global random numbers."""
    state: Any = np.random.get_state()
    return state[0], state[1].tobytes(), state[2:]

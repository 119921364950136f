"""A dictionary in a field of a part."""

from __future__ import annotations

from typing import Any

import jax


@jax.tree_util.register_pytree_with_keys_class
class Settings(dict):
    """A dictionary in a field. It can be hashed, or ``jax.jit(part.method)`` could not.

    Like a plain one it is a pytree of its values.
    """

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def tree_flatten_with_keys(self) -> tuple[list[Any], tuple[Any, ...]]:
        """Values in the order of their keys, as JAX does for dictionaries."""
        keys = tuple(sorted(self))
        return [(jax.tree_util.DictKey(key), self[key]) for key in keys], keys

    @classmethod
    def tree_unflatten(cls, keys: tuple[Any, ...], values: Any) -> Settings:
        """The dictionary again.

        Parameters
        ----------
        keys, values
            What :meth:`tree_flatten_with_keys` gave, the values in the same order.
        """
        return cls(zip(keys, values, strict=True))

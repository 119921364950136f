"""Leaves of a pytree by name, and which of them belong to a part of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import jax

from foreworld.core.errors import UnknownNameError, unknown_name

SLASH = "/"
"""Stands between the steps of a leaf's name."""


def named_leaves(tree: Any) -> dict[str, Any]:
    """The leaves of a pytree by the steps that lead to them: ``network/actor/0/bias``.

    Parameters
    ----------
    tree
        Any pytree; one that is a leaf itself has an empty name.
    """
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {
        jax.tree_util.keystr(path, simple=True, separator=SLASH): leaf
        for path, leaf in leaves
    }


def is_in(name: str, parts: Iterable[str]) -> bool:
    """Whether a leaf belongs to one of some parts.

    Parameters
    ----------
    name
        Of the leaf, as in :func:`named_leaves`.
    parts
        Dotted steps that stand one after another anywhere in the name: ``network``,
        ``agents.even``, ``network.actor``.
    """
    inside = f"{SLASH}{name}{SLASH}"
    return any(f"{SLASH}{part.replace('.', SLASH)}{SLASH}" in inside for part in parts)


def unknown_part(what: str, part: str, names: Sequence[str]) -> UnknownNameError:
    """The error for a part that no leaf belongs to; lists those there are.

    Parameters
    ----------
    what
        What it should have been a part of, such as ``"part of the state"``.
    part
        What was given.
    names
        Names of all leaves.
    """
    steps = [name.split(SLASH) for name in names]
    known = {".".join(s[:n]): None for s in steps for n in range(1, len(s))}
    shown = [one for one in known if not one.rpartition(".")[2].isdecimal()]
    return unknown_name(what, part, shown or list(names))

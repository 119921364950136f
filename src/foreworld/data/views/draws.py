"""What is drawn from data, in NumPy and in programs alike: context sets and windows.

Every function takes ``xp``, which is ``numpy`` or ``jax.numpy``, and works on 32-bit
numbers, so that loaders on the host and programs on a device draw the same rows.

Source: Bentley, Floyd 1987, "A sample of brilliance" (a random subset in as many draws
as it has members).
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from foreworld.core.host_keys import host_fold, host_key
from foreworld.core.keys import named_key, root_key

NUM_NUMBERS = 2**32
"""Seeds and numbers of episodes are below this."""


def root(xp: Any, seed: Any) -> Any:
    """The key of a root seed.

    Parameters
    ----------
    xp
        ``numpy`` or ``jax.numpy``.
    seed
        From 0 to 2^32 - 1.
    """
    return host_key(seed) if xp is np else root_key(seed)


def fold(xp: Any, key: Any, *names: Any) -> Any:
    """Fold names into a key.

    Parameters
    ----------
    xp
        ``numpy`` or ``jax.numpy``, as for the key.
    key
        From :func:`root` or :func:`fold`: in NumPy two words, ``(..., 2)`` uint32, in
        programs a typed key.
    *names
        Texts or whole numbers below 2^32, folded in one after another.
    """
    return host_fold(key, *names) if xp is np else named_key(key, *names)


def words(xp: Any, key: Any, *axes: Any) -> Any:
    """Random 32-bit words by number: one axis for each array of numbers.

    The word of numbers ``a, b`` is the first one of the key with ``a`` and then ``b``
    folded in.

    Parameters
    ----------
    xp
        ``numpy`` or ``jax.numpy``, as for the key.
    key
        One key (in NumPy ``(2,)``, uint32).
    *axes
        Whole numbers from 0, ``(num,)`` each. The result has an axis for each of these,
        uint32.
    """
    if xp is np:
        for axis in axes:
            key = host_fold(key[..., None, :], axis)
        return key[..., 0]
    folds = jax.random.fold_in
    for axis in axes:
        many = jax.vmap(folds, (None, 0))
        for _ in range(key.ndim):
            many = jax.vmap(many, (0, None))
        key = many(key, axis)
    return jax.random.key_data(key)[..., 0]


def draw_subsets(xp: Any, key: Any, sizes: Any, num: int) -> Any:
    """For each of several sets, ``num`` different members, ascending.

    Parameters
    ----------
    xp
        ``numpy`` or ``jax.numpy``, as for the key.
    key
        One key; the same key gives the same subsets in NumPy and in programs.
    sizes
        Members of each set, ``(set,)``, int32; at least ``num``.
    num
        Members of a subset, at least 1.

    Returns
    -------
    Array
        ``(set, num)``, int32: numbers from 0 to the set's size - 1. All subsets of a
        set are equally likely, up to 1 in 2^32 / size.
    """
    draws = words(xp, key, xp.arange(len(sizes)), xp.arange(num))
    places = xp.arange(num)

    def choose(i: Any, chosen: Any) -> Any:
        # A member of the first `top + 1`; if it is chosen already, the last of these.
        top = sizes - num + i
        draw = draws[:, i] % (top + 1).astype(xp.uint32)
        draw = draw.astype(xp.int32)
        taken = xp.any((chosen == draw[:, None]) & (places < i), axis=1)
        member = xp.where(taken, top, draw).astype(xp.int32)
        return xp.where(places == i, member[:, None], chosen)

    chosen = xp.zeros((len(sizes), num), xp.int32)
    if xp is np:
        for i in range(num):
            chosen = choose(i, chosen)
    else:
        chosen = jax.lax.fori_loop(0, num, choose, chosen)
    return xp.sort(chosen, axis=1)


def others(xp: Any, chosen: Any, position: Any) -> Any:
    """The ``position``-th rows that are not chosen, counted from 0 in ascending order.

    Parameters
    ----------
    xp
        ``numpy`` or ``jax.numpy``.
    chosen
        Different rows, ascending, ``(chosen,)``, int32.
    position
        Places in the list of all other rows, from 0; any shape, int32.
    """
    before = chosen - xp.arange(len(chosen))
    return position + xp.searchsorted(before, position, side="right")


def draw_with_replacement(xp: Any, key: Any, size: int, num: int) -> Any:
    """``num`` numbers below ``size``, int32, each as likely as any other.

    Parameters
    ----------
    xp
        ``numpy`` or ``jax.numpy``, as for the key.
    key
        One key.
    size
        The numbers are below this; at least 1. Equally likely up to ``size`` in 2^32.
    num
        How many numbers.
    """
    draws = words(xp, key, xp.arange(num))
    return (draws % xp.uint32(size)).astype(xp.int32)


def window_starts(xp: Any, seed: Any, epoch: Any, index: Any, spare: Any) -> Any:
    """Where the windows of sequences begin in an epoch, int32.

    Parameters
    ----------
    xp
        ``numpy`` or ``jax.numpy``.
    seed
        Root seed of the loader, from 0 to 2^32 - 1.
    epoch
        Number of the epoch, from 0.
    index
        Numbers of the sequences in their split, ``(sequence,)``.
    spare
        Largest start of each in frames, 0 at least, ``(sequence,)``.
    """
    draws = words(xp, fold(xp, root(xp, seed), "window", epoch), index)
    return (draws % (spare + 1).astype(xp.uint32)).astype(xp.int32)

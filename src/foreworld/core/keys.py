"""Named, order-free random keys: a key is a function of the root seed and of names.

Keys are folded, never split one after the other, so that datum 7 alone is datum 7 of
the whole and adding seeds keeps the keys of the old ones.

JAX reads settings that decide numbers from the environment (``JAX_*``), and two shells
would give two results. Keys are therefore made by the generator that is named here, and
programs under :func:`pinned`.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Integer, Key, UInt32

GENERATOR = "threefry2x32"
"""The generator of random numbers. Loaders draw the same on the host."""

Name = str | int | Integer[Array, ""]


def root_key(seed: int | Integer[Array, ""]) -> Key[Array, ""]:
    """The typed key of a root seed, of which the low 32 bits count."""
    # Not `jax.random.key`, which heeds settings of the environment.
    if isinstance(seed, int):
        return key_of(np.array([0, seed & 0xFFFF_FFFF], np.uint32))
    low = jnp.asarray(seed).astype(jnp.uint32)
    return key_of(jnp.stack([jnp.zeros_like(low), low]))


def key_of(words: UInt32[ArrayLike, "... 2"]) -> Key[Array, "..."]:
    """The typed keys that two words each stand for."""
    return jax.random.wrap_key_data(jnp.asarray(words), impl=GENERATOR)


def named_key(key: Key[Array, ""], *names: Name) -> Key[Array, ""]:
    """Fold names (words or indices, traced ones too) into a key, in their order.

    Parameters
    ----------
    key
        A key of :func:`root_key`, or one made from it.
    *names
        Folded in one after another.
    """
    for name in names:
        number = name_word(name) if isinstance(name, str) else name
        key = jax.random.fold_in(key, number)
    return key


def name_word(name: str) -> int:
    """The number that stands for a word when it is folded into a key."""
    # Words land far above any index, so "train" and 7 cannot meet by accident.
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:4], "little") | 0x8000_0000


@contextlib.contextmanager
def pinned(wide: bool | None = None) -> Iterator[None]:
    """Settings under which programs are made and run.

    Parameters
    ----------
    wide
        Whether numbers have 64 bits; ``None`` leaves that to what is around.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(jax.default_prng_impl(GENERATOR))
        stack.enter_context(jax.threefry_partitionable(True))
        stack.enter_context(jax.default_matmul_precision(None))
        stack.enter_context(jax.numpy_dtype_promotion("standard"))
        stack.enter_context(jax.numpy_rank_promotion("allow"))
        # Step by step in Python, a program would take days.
        stack.enter_context(jax.disable_jit(False))
        if wide is not None:
            stack.enter_context(jax.enable_x64(wide))
        yield

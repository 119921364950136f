"""Named random words in plain NumPy: what programs draw, loaders draw too.

A key is two 32-bit words; folding gives what :func:`foreworld.core.keys.named_key`
gives for the same names. Worker processes of loaders need no device for it, and draw
for a million names at once.

Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3" (threefry,
two words of 32 bits, 20 rounds).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int, UInt32

from foreworld.core.keys import name_word

Words = UInt32[np.ndarray, "... 2"]
Numbers = int | np.integer | Int[np.ndarray, "..."] | UInt32[np.ndarray, "..."]

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = np.uint32(0x1BD11BDA)


def host_key(seed: int) -> Words:
    """The key of a root seed, 0 to 2^32 - 1."""
    return np.array([0, seed], np.uint32)


def host_fold(key: Words, *names: str | Numbers) -> Words:
    """Fold names (words, numbers, arrays of numbers) into keys, in their order.

    Parameters
    ----------
    key
        Keys; leading axes broadcast against those of the names.
    *names
        Folded in one after another; arrays broadcast.

    Returns
    -------
    Words
        Keys; the first of a key's two words serves as a random number.
    """
    for name in names:
        number = name_word(name) if isinstance(name, str) else name
        # Scalars would warn of the overflow that is meant.
        with np.errstate(over="ignore"):
            key = _threefry(key, np.asarray(number).astype(np.uint32))
    return key


def _threefry(key: Words, low: np.ndarray) -> Words:
    """The block cipher, applied to the counter ``(0, low)``."""
    words = key[..., 0], key[..., 1], key[..., 0] ^ key[..., 1] ^ _PARITY
    first, second = np.broadcast_arrays(words[0], low + words[1])
    for group in range(5):
        for turn in _ROTATIONS[group % 2]:
            first = first + second
            second = (second << np.uint32(turn)) | (second >> np.uint32(32 - turn))
            second = second ^ first
        first = first + words[(group + 1) % 3]
        second = second + words[(group + 2) % 3] + np.uint32(group + 1)
    return np.stack([first, second], axis=-1)

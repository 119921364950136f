"""Keys in NumPy are the keys of programs."""

import jax
import numpy as np
import pytest

from foreworld.core.host_keys import host_fold, host_key
from foreworld.core.keys import named_key, root_key

NAMES = (("train",), (0,), (7, "world"), (2**32 - 1, "a", 3))


@pytest.mark.parametrize("seed", [0, 1, 2024, 2**32 - 1])
def test_they_are_those_of_programs(seed):
    for names in NAMES:
        wanted = jax.random.key_data(named_key(root_key(seed), *names))
        np.testing.assert_array_equal(host_fold(host_key(seed), *names), wanted)


def test_arrays_of_names_broadcast():
    key = host_fold(host_key(5), "context", np.arange(3)[:, None], np.arange(4))
    assert key.shape == (3, 4, 2) and key.dtype == np.uint32
    for task in range(3):
        for draw in range(4):
            alone = host_fold(host_key(5), "context", task, draw)
            np.testing.assert_array_equal(key[task, draw], alone)


def test_words_are_spread_evenly():
    words = host_fold(host_key(0), np.arange(20_000))[:, 0]
    counts = np.bincount(words % 20, minlength=20)
    # 20 cells of 1000: the largest deviation of a fair draw is below 5 sigma.
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(1000)

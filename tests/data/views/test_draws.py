"""What is drawn from data is drawn alike in NumPy and in programs, and evenly."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from foreworld.data.views.draws import (
    draw_subsets,
    draw_with_replacement,
    fold,
    others,
    root,
    window_starts,
)

SIZES = np.array([100, 40, 16], np.int32)


def keys(seed, episode):
    return [fold(xp, root(xp, seed), "episode", episode) for xp in (np, jnp)]


def test_programs_draw_what_numpy_draws():
    subsets = jax.jit(lambda key: draw_subsets(jnp, key, jnp.asarray(SIZES), 15))
    drawn = jax.jit(lambda key: draw_with_replacement(jnp, key, 1000, 64))
    for x64 in (False, True):
        with jax.enable_x64(x64):
            for seed, episode in ((0, 0), (3, 7), (2**32 - 1, 2**31)):
                here, there = keys(seed, episode)
                ours = draw_subsets(np, here, SIZES, 15)
                np.testing.assert_array_equal(subsets(there), ours)
                assert subsets(there).dtype == ours.dtype == np.int32
                ours = draw_with_replacement(np, here, 1000, 64)
                np.testing.assert_array_equal(drawn(there), ours)
    starts = window_starts(jnp, 3, 4, jnp.arange(9), jnp.arange(9))
    ours = window_starts(np, 3, 4, np.arange(9), np.arange(9))
    np.testing.assert_array_equal(starts, ours)


@settings(max_examples=50, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=4),
    episode=st.integers(0, 2**32 - 1),
    data=st.data(),
)
def test_subsets_are_subsets_and_others_the_rest(sizes, episode, data):
    num = data.draw(st.integers(1, min(sizes)))
    here, _ = keys(0, episode)
    chosen = draw_subsets(np, here, np.asarray(sizes, np.int32), num)
    assert chosen.shape == (len(sizes), num)
    for row, size in zip(chosen, sizes, strict=True):
        assert (np.diff(row) > 0).all() and row[0] >= 0 and row[-1] < size
        rest = others(np, row, np.arange(size - num))
        assert [*rest] == sorted(set(range(size)) - {*row.tolist()})


def test_all_subsets_are_equally_likely():
    counts = np.zeros(10)
    for episode in range(2000):
        here, _ = keys(1, episode)
        a, b = draw_subsets(np, here, np.array([5], np.int32), 2)[0]
        counts[[0, 4, 7, 9][a] + b - a - 1] += 1
    # Ten pairs, 200 each: four standard deviations.
    assert np.abs(counts - 200).max() < 4 * np.sqrt(200)

"""Running statistics are those of all rows at once; rewards get one size."""

import jax
import jax.numpy as jnp
import numpy as np

from foreworld.nn.running import RewardScale, Running

RNG = np.random.default_rng(0)


def test_batches_give_the_moments_of_all_rows():
    rows = (5.0 + 3.0 * RNG.normal(size=(3, 7, 2, 4))).astype(np.float32)
    counted = RNG.random((3, 7, 2)) < 0.7
    counted[1] = False
    found = Running.of((4,))
    assert np.array_equal(found.deviation, np.ones(4))
    for batch, some in zip(rows, counted, strict=True):
        found = found.seen(jnp.asarray(batch), jnp.asarray(some))
    kept = rows[counted]
    assert int(found.count) == len(kept)
    np.testing.assert_allclose(found.mean, kept.mean(0), rtol=1e-5)
    np.testing.assert_allclose(found.deviation, kept.std(0), rtol=1e-5)


def test_returns_by_which_rewards_are_divided():
    """The last reward of an episode counts for it, and the next starts from nothing."""
    rewards = RNG.normal(size=(6, 2)).astype(np.float32)
    ended = np.zeros((6, 2), bool)
    ended[2, 0] = ended[5, 1] = True
    totals, total = [], np.zeros(2)
    for reward, over in zip(rewards, ended, strict=True):
        total = 0.5 * total + reward
        totals.append(total)
        total = np.where(over, 0.0, total)
    seen = jax.jit(RewardScale.seen)
    found = seen(RewardScale.of(2), rewards[:4], ended[:4], 0.5)
    found = seen(found, rewards[4:], ended[4:], 0.5)
    np.testing.assert_allclose(found.total, total, atol=1e-6)
    np.testing.assert_allclose(found.returns.deviation, np.std(totals), rtol=1e-5)

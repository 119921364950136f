"""Advantages: the recorded example, and bootstrapping through truncation."""

import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.learners.ppo._gae import gae


def column(*values, dtype=jnp.float32):
    return jnp.asarray(values, dtype)[:, None]


NO = column(0, 0, 0, dtype=bool)
REWARDS, VALUES = column(1, 0, 2), column(1, 2, 3)


@pytest.mark.fact("pomdp-rl", 2)
def test_fact_2_gae():
    ended = column(0, 1, 0, dtype=bool)
    advantages = gae(REWARDS, VALUES, column(2, 9, 4), ended, ended, 0.5, 0.9)
    np.testing.assert_allclose(advantages, column(0.1, -2, 1), atol=1e-6)
    np.testing.assert_allclose(advantages + VALUES, column(1.1, 0, 4), atol=1e-6)


def test_truncation_bootstraps_and_stops_the_sum():
    ended = column(0, 1, 0, dtype=bool)
    advantages = gae(REWARDS, VALUES, column(2, 9, 4), NO, ended, 0.5, 0.9)
    # In the step that was cut off, delta = 0 + 0.5 * 9 - 2.
    np.testing.assert_allclose(advantages, column(1 + 0.45 * 2.5, 2.5, 1), atol=1e-6)


def test_lambda_one_is_the_return():
    advantages = gae(REWARDS, VALUES, column(2, 3, 4), NO, NO, 0.5, 1.0)
    returns = [1 + 0.5 * (0 + 0.5 * (2 + 0.5 * 4)), 0 + 0.5 * (2 + 0.5 * 4), 4]
    np.testing.assert_allclose(advantages + VALUES, column(*returns), atol=1e-6)

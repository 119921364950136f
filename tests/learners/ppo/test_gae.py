"""Advantages: the recorded example, and bootstrapping through truncation."""

import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.learners.ppo._gae import decisions, gae, gae_of_decisions


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


def test_from_one_decision_to_the_next():
    """Acts in steps 0 and 2 of four; the last step is silent and ends the world."""
    acting, ended = column(1, 0, 1, 0, dtype=bool), column(0, 0, 0, 1, dtype=bool)
    rewards, values = column(1, 2, 4, 8), column(3, 99, 5, 99)
    nothing = jnp.zeros(1), jnp.zeros(1, bool)
    ends = jnp.zeros((4, 1)), ended
    made = decisions(rewards, values, acting, ended, ends, nothing, 0.5)
    found = gae_of_decisions(rewards, made, acting, ended, 0.5, 0.9)
    last = 4 + 0.5 * 8 - 5
    first = 1 + 0.5 * 2 + 0.25 * 5 - 3 + 0.25 * 0.9 * last
    np.testing.assert_allclose(found[acting], [first, last], atol=1e-6)
    assert made.known[acting].all()


def test_always_acting_is_plain_estimation():
    ended, following = column(0, 1, 0, dtype=bool), column(2, 9, 4)
    acting, sure = jnp.ones((3, 1), bool), (following, ended)
    last = following[-1], jnp.ones(1, bool)
    made = decisions(REWARDS, VALUES, acting, ended, sure, last, 0.5)
    found = gae_of_decisions(REWARDS, made, acting, ended, 0.5, 0.9)
    plain = gae(REWARDS, VALUES, column(2, 9, 4), NO, ended, 0.5, 0.9)
    np.testing.assert_allclose(found, plain, atol=1e-6)


def test_a_decision_of_unknown_outcome_is_known_as_such():
    """Cut after a silent step in the second, and at the end of the rollout."""
    acting, ended = column(1, 1, 0, 1, dtype=bool), column(0, 0, 1, 0, dtype=bool)
    rewards, values = column(1, 1, 1, 1), column(3, 5, 99, 7)
    nothing = jnp.zeros(1), jnp.zeros(1, bool)
    ends = jnp.zeros((4, 1)), jnp.zeros((4, 1), bool)
    made = decisions(rewards, values, acting, ended, ends, nothing, 0.5)
    found = gae_of_decisions(rewards, made, acting, ended, 0.5, 0.9)
    assert made.known[:, 0][jnp.asarray([0, 1, 3])].tolist() == [True, False, False]
    np.testing.assert_allclose(found[0, 0], 1 + 0.5 * 5 - 3, atol=1e-6)

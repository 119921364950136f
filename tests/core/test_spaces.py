"""Spaces contain what they sample and refuse what they must."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.core.errors import ConfigError
from foreworld.core.spaces import Box, Discrete

SPACES = [
    Discrete(4),
    Box(-1.0, 2.0, (3,)),
    Box(0, 255, (2, 2, 1), "uint8"),
    Box(-np.inf, np.inf, (2,)),
]


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_samples_are_contained_and_flatten(space):
    for x in jax.vmap(space.sample)(jax.random.split(jax.random.key(0), 20)):
        assert x.dtype == space.dtype
        assert space.contains(x)
        assert space.flatten(x).shape == (space.flat_size,)


def test_what_is_not_contained():
    assert not Discrete(3).contains(jnp.asarray(3))
    assert not Discrete(3).contains(jnp.asarray(1.0))
    assert not Discrete(3).contains(jnp.zeros(1, jnp.int32))
    assert not Box(0, 1, (2,)).contains(jnp.asarray([0.5, 1.5]))
    assert not Box(0, 1, (2,)).contains(jnp.zeros(3))


def test_one_hot_keeps_batch_axes():
    flat = Discrete(3).flatten(jnp.asarray([[0, 2]]))
    np.testing.assert_array_equal(flat, [[[1, 0, 0], [0, 0, 1]]])
    assert Box(0, 1, (2, 2)).flatten(jnp.ones((5, 2, 2))).shape == (5, 4)


def test_impossible_spaces():
    with pytest.raises(ConfigError, match="at least 1 choice, got num=0"):
        Discrete(0)
    with pytest.raises(ConfigError, match=r"2 choices but 1 names for them: up\."):
        Discrete(2, ("up",))
    with pytest.raises(ConfigError, match=r"low <= high, got \[2, 1\]"):
        Box(2, 1, (1,))

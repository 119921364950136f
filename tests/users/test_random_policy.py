"""The random policy draws from every kind of action space."""

import jax
import jax.numpy as jnp

from foreworld.core.parts import config
from foreworld.testing.games import RepeatedMatchingPennies
from foreworld.users.random_policy import RandomPolicy
from foreworld.worlds.dynamics.pendulum import Pendulum
from foreworld.worlds.pomdp.tmaze import TMaze


def test_draws_all_choices():
    policy = RandomPolicy(TMaze())
    keys = jax.random.split(jax.random.key(0), 100)
    actions = jax.vmap(lambda key: policy.act(policy.init_memory(), None, key)[1])(keys)
    assert sorted(set(actions.tolist())) == [0, 1, 2, 3]
    assert actions.dtype == jnp.int32


def test_agents_draw_independently_and_passive_worlds_get_none():
    policy = RandomPolicy(RepeatedMatchingPennies())
    keys = jax.random.split(jax.random.key(0), 100)
    actions = jax.vmap(lambda key: policy.act(None, None, key)[1])(keys)
    same = (actions["even"] == actions["odd"]).mean()
    assert 0.3 < float(same) < 0.7
    assert RandomPolicy(Pendulum()).act(None, None, keys[0]) == (None, None)


def test_is_a_part():
    policy = RandomPolicy(TMaze(length=3))
    again = config.from_json(config.to_json(policy))
    assert again.world.length == 3

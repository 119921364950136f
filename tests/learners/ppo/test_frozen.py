"""Frozen parts of a network: not trained, and no gradient of them is computed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.core.errors import FitError
from foreworld.core.leaves import named_leaves
from foreworld.learners.ppo._joint import SOLO
from foreworld.learners.ppo.ppo import PPO
from foreworld.networks.gru import GRU
from foreworld.worlds.make import make

WORLD = make("tmaze", length=3)


def learner(*freeze):
    network = GRU(hidden_size=16)
    sizes = {"num_envs": 2, "num_steps": 8, "num_minibatches": 1, "num_epochs": 1}
    return PPO(network=network, total_steps=16, freeze=freeze, **sizes)


@pytest.fixture(scope="module")
def updates():
    """State before, state after and floating-point operations, by what is frozen."""
    found = {}
    for freeze in ((), ("embedding", "network.cell"), ("network",)):
        ppo = learner(*freeze)

        def update(state, key, ppo=ppo):
            return ppo.update(state, WORLD, key, jnp.float32(0))[0]

        before, key = ppo.init(jax.random.key(0), WORLD), jax.random.key(1)
        program = jax.jit(update).lower(before, key).compile()
        cost = program.cost_analysis()["flops"]
        found[freeze] = before.agents[SOLO], program(before, key).agents[SOLO], cost
    return found


def test_only_the_rest_is_trained(updates):
    for freeze, (before, after, _) in updates.items():
        old, new = named_leaves(before.network), named_leaves(after.network)
        for name in old:
            part = name.partition("/")[0]
            frozen = "network" in freeze or (freeze and part in ("embedding", "cell"))
            if "weight" in name:
                assert np.array_equal(old[name], new[name]) == bool(frozen), name


def test_no_gradient_of_the_rest_is_computed(updates):
    """The compiled program has fewer operations, and fewest where nothing is left."""
    none, some, every = (cost for _, _, cost in updates.values())
    assert every < some < 0.8 * none


def test_unknown_parts_are_named():
    learner("actor.0").check_fit(WORLD)
    with pytest.raises(FitError, match="unknown part of the network to freeze 'cel'"):
        learner("cel").check_fit(WORLD)

"""Every network of the registry: steps and sequences agree, and it learns what it can.

A network that is added is tested by being there.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from contracts.small import small_network

from foreworld.core.errors import FitError
from foreworld.core.keys import named_key, root_key
from foreworld.core.registry import entries
from foreworld.core.spaces import AbstractSpace, Box, Discrete, Record
from foreworld.learners.ppo.ppo import PPO
from foreworld.networks.gru import GRU
from foreworld.networks.normalized import Normalized
from foreworld.nn.encoders import Encoder
from foreworld.testing.checks import CheckError
from foreworld.testing.games import CueProbe
from foreworld.testing.networks import check_network

NAMES = list(entries("networks"))


def remembers(network):
    return bool(jax.tree.leaves(network.init_memory(1)))


@pytest.mark.parametrize("name", NAMES)
def test_contract(name):
    check_network(small_network(name))


class Forgetful(GRU):
    """Does not heed the start of an episode."""

    def unroll(self, parameters, memory, obs, starts):
        return super().unroll(parameters, memory, obs, starts & False)

    def step(self, parameters, memory, obs, starts):
        return super().step(parameters, memory, obs, starts & False)


class Blind(GRU):
    """Sequences are not what steps are."""

    def unroll(self, parameters, memory, obs, starts):
        found = super().unroll(parameters, memory, obs, starts)
        return found._replace(values=found.values + 1)


class Narrow(GRU):
    """Too few values."""

    def unroll(self, parameters, memory, obs, starts):
        found = super().unroll(parameters, memory, obs, starts)
        return found._replace(values=found.values[..., :1])


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (Forgetful(hidden_size=4), "with and without the past: .policy differs"),
        (Blind(hidden_size=4), "step by step and unroll: .values differs"),
        (
            Narrow(hidden_size=4),
            r"values must be float32\[7, 2, 2\] .*, got float32\[7",
        ),
    ],
)
def test_broken_networks_are_named(network, said):
    with pytest.raises(CheckError, match=said):
        check_network(network)


def score(name, delay):
    """Return of two runs in the probe, at one learning rate for all networks."""
    world = CueProbe(delay=delay)
    learner = PPO(
        network=small_network(name),
        learning_rate=1e-2,
        num_steps=16,
        num_epochs=2,
        num_minibatches=2,
        eval_num_lanes=64,
    )
    keys = [named_key(root_key(seed), "run") for seed in (0, 1)]
    init = jax.jit(lambda key: learner.init(key, world))
    states = jax.tree.map(lambda *x: jnp.stack(x), *(init(key) for key in keys))

    def run(state, key):
        def update(state, i):
            own = named_key(key, "update", i)
            return learner.update(state, world, own, i / 60.0)

        state, _ = jax.lax.scan(update, state, jnp.arange(60))
        return learner.evaluate(state, world, named_key(key, "eval"))

    played = jax.jit(jax.vmap(run))(states, jnp.stack(keys))["discounted_return"]
    return np.asarray(played.total / played.count)


def test_what_was_seen_is_among_the_parameters():
    """Shifted and scaled numbers give what plain ones give, once they were seen."""
    space = Record({"row": Box(-1e6, 1e6, (3,)), "choice": Discrete(4)})
    network = Normalized(network=small_network("mlp"), limit=2.0)
    old = network.init(jax.random.key(0), space, Discrete(2))
    draw = jax.random.split(jax.random.key(1), (50, 2))
    plain = jax.vmap(jax.vmap(space.sample))(draw)
    row = jax.random.normal(jax.random.key(2), (50, 2, 3), jnp.float32)
    starts = jnp.zeros((50, 2), bool)

    def outputs(row):
        obs = plain | {"row": row}
        new = network.observed(old, obs)
        return network.unroll(new, network.init_memory(2), obs, starts), new

    found, new = outputs(row)
    shifted, _ = outputs(1e3 * row + 5e4)
    np.testing.assert_allclose(shifted.values, found.values, atol=1e-2)
    assert new.seen["choice"] is None and int(new.seen["row"].count) == 100
    scaled = network._scaled(new.seen, plain | {"row": row})
    assert np.array_equal(scaled["choice"], plain["choice"])
    assert np.abs(scaled["row"]).max() == 2.0

    def total(parameters):
        obs = plain | {"row": row}
        return network.unroll(parameters, None, obs, starts).values.sum()

    gradient = jax.grad(total)(new)
    assert not np.any(jax.tree.leaves(gradient.seen)[1])
    assert np.any(gradient.network.critic[0].weight)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_seen_is_learned(name):
    np.testing.assert_allclose(score(name, 0), 1.0, atol=0.1)


@pytest.mark.parametrize("name", [n for n in NAMES if remembers(small_network(n))])
def test_what_was_seen_is_learned_by_those_that_remember(name):
    np.testing.assert_allclose(score(name, 2), 0.81, atol=0.06)


@pytest.mark.parametrize("side", [5, 7, 10, 32, 64])
def test_images_are_encoded(side):
    space = Record({"picture": Box(0, 255, (side, side, 2), "uint8"), "n": Discrete(3)})
    encoder = jax.jit(lambda key: Encoder.init(key, space))(jax.random.key(0))
    draw = jax.random.split(jax.random.key(1), (3, 2))
    obs = jax.vmap(jax.vmap(space.sample))(draw)
    rows = jax.jit(lambda encoder, obs: encoder(obs))(encoder, obs)
    assert rows.shape == (3, 2, encoder.size) and encoder.size == 64 + 3
    assert np.std(rows[..., :64], axis=(0, 1)).max() > 1e-2
    assert 0.05 < np.abs(rows[..., :64]).mean() < 5.0


def test_features_vary_with_what_is_seen():
    """With gains of 0.01 in a row they would vary by 1e-7."""
    network = small_network("mlp")
    parameters = network.init(jax.random.key(0), Box(-1.0, 1.0, (4,)), Discrete(2))
    obs = jax.random.normal(jax.random.key(1), (64, 4), jnp.float32)
    _, outputs = network.step(parameters, None, obs, jnp.zeros(64, bool))
    assert 0.1 < np.std(outputs.values) < 10.0
    assert np.abs(outputs.policy).max() < 0.1
    for layer in parameters.actor[1:-1]:
        product = layer.weight.T @ layer.weight
        np.testing.assert_allclose(product, 2.0 * np.eye(8), atol=1e-5)


class Alone(GRU):
    """Its memory has no lanes."""

    def init_memory(self, num_lanes):
        return super().init_memory(1)[0]


def test_memories_have_lanes():
    said = r"init_memory\(2\): arrays begin with an axis of lanes, got the shape \(4,"
    with pytest.raises(CheckError, match=said):
        check_network(Alone(hidden_size=4))


class Letters(AbstractSpace):
    """A space of somebody's own."""

    flat_size = like = 1
    sample = contains = fault = flatten = None

    def __repr__(self):
        return "Letters()"


def test_a_space_that_cannot_be_encoded():
    with pytest.raises(FitError, match=r"observations Letters\(\) cannot be encoded"):
        small_network("mlp").init(jax.random.key(0), Letters(), Discrete(2))

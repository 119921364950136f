"""PPO: sizes, refusals, consistency of acting and learning, and what it learns."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.core.errors import FitError
from foreworld.core.keys import named_key, root_key
from foreworld.core.parts.partition import combine, partition, stack
from foreworld.data.views.source import DataSource
from foreworld.learners.ppo import _joint
from foreworld.learners.ppo._learn import _sequences
from foreworld.learners.ppo.ppo import PPO
from foreworld.testing.games import CueProbe, EndlessProbe, RepeatedMatchingPennies
from foreworld.testing.learners import check_learner
from foreworld.worlds.dynamics.pendulum import Pendulum
from foreworld.worlds.pomdp.tmaze import TMaze
from foreworld.worlds.rollout import rollout

SMALL = PPO(
    hidden_size=8,
    num_envs=4,
    num_steps=16,
    num_minibatches=2,
    num_epochs=2,
    total_steps=640,
    eval_num_lanes=4,
)

DATA = DataSource(
    {
        "image": jnp.zeros((1, 2, 4, 4, 1), jnp.uint8),
        "state": jnp.zeros((1, 2, 2)),
        "valid": jnp.ones((1, 2), bool),
    },
    None,
)


@functools.cache
def trained(learner, world, num_updates):
    """States of runs with seeds 0 and 1, their metrics and evaluation."""
    state = jax.jit(lambda key: learner.init(key, world))
    keys = jnp.stack([named_key(root_key(seed), "run") for seed in (0, 1)])
    states = [state(named_key(key, "init")) for key in keys]
    states = jax.tree.map(lambda *x: jnp.stack(x), *states)

    def run(state, key):
        def update(state, i):
            progress = i.astype(jnp.float32) / num_updates
            return learner.update(state, world, named_key(key, "update", i), progress)

        state, metrics = jax.lax.scan(update, state, jnp.arange(num_updates))
        return state, metrics, learner.evaluate(state, world, named_key(key, "eval"))

    return jax.jit(jax.vmap(run))(states, keys)


@pytest.mark.parametrize(("memory", "count"), [("gru", 8837), ("none", 5733)])
def test_number_of_parameters(memory, count):
    learner = PPO(memory=memory, hidden_size=32, action_concat=True)
    state = jax.eval_shape(lambda key: learner.init(key, TMaze()), jax.random.key(0))
    leaves = jax.tree.leaves(learner.policy(state, TMaze()).network)
    assert sum(int(np.prod(leaf.shape)) for leaf in leaves) == count


def test_initial_weights_are_orthogonal_and_the_policy_nearly_uniform():
    world, learner = TMaze(), PPO(hidden_size=16, action_concat=True)
    state = jax.jit(lambda key: learner.init(key, world))(jax.random.key(0))
    policy = learner.policy(state, world)
    for layer, gain in (
        (policy.network.actor[0], 2.0),
        (policy.network.critic[0], 2.0),
    ):
        np.testing.assert_allclose(
            layer.weight.T @ layer.weight, gain**2 * np.eye(16), atol=1e-5
        )
        assert not layer.bias.any()
    thought = policy.think(policy.init_memory(), jnp.asarray([1.0, 0, 0, 0]))
    np.testing.assert_allclose(thought.probabilities, 0.25, atol=0.01)


def test_budget_is_whole_rollouts():
    assert SMALL.replace(total_steps=700).budget(TMaze()) == (
        10,
        64,
        "environment steps",
    )


@pytest.mark.parametrize(
    ("fields", "world", "message"),
    [
        (
            {"num_envs": 6, "num_minibatches": 4},
            TMaze(),
            r"num_envs=6 must be divisible by num_minibatches=4, because a minibatch",
        ),
        ({"total_steps": 63}, TMaze(), r"total_steps=63 is less than one rollout of"),
        ({}, Pendulum(max_episode_len=9), "Pendulum is passive: nothing acts in it"),
        (
            {},
            RepeatedMatchingPennies(),
            "is a game of even, odd. Use the learner independent_ppo",
        ),
        ({}, TMaze(max_episode_len=0), "TMaze has no time limit.*set eval_num_steps"),
        ({}, DATA, "ppo acts in a world and cannot learn from a data set"),
    ],
)
def test_misfits_are_named(fields, world, message):
    with pytest.raises(FitError, match=message):
        SMALL.replace(**fields).check_fit(world)
    SMALL.check_fit(TMaze())


def test_keeps_the_contract_without_a_memory():
    """With one, the contract suite over the registry checks it."""
    world = TMaze(length=1, max_episode_len=20)
    check_learner(SMALL.replace(memory="none", num_epochs=1), world)


@pytest.mark.parametrize("memory", ["gru", "none"])
def test_learning_sees_what_acting_saw(memory):
    """Replayed features, log-probabilities and values equal those of the rollout."""
    world = CueProbe(delay=2)
    learner = SMALL.replace(memory=memory, action_concat=True)

    def collect(key):
        state = learner.init(key, world)
        agents = learner._solo(world)
        # A second rollout starts in the middle of episodes, with memories in use.
        for i in range(2):
            memories, lanes, transition, records = _joint._collect(
                world, agents, state, named_key(key, i), 7
            )
            before = state
            one = state.agents[_joint.SOLO]._replace(memory=memories[_joint.SOLO])
            state = _joint.JointState({_joint.SOLO: one}, lanes)
        seen = _joint._trajectories(world, agents, before, transition, records)
        trajectory = seen[_joint.SOLO]
        network = before.agents[_joint.SOLO].network
        batch = _sequences(agents[_joint.SOLO], network, trajectory)
        features = network.unroll(batch.inputs, batch.starts, batch.memory)
        return trajectory, batch, features, network.value(features)

    trajectory, batch, features, values = jax.jit(collect)(jax.random.key(0))
    assert not trajectory.starts[0].any()
    np.testing.assert_allclose(features, trajectory.features, atol=1e-6)
    np.testing.assert_allclose(values, batch.value, atol=1e-6)
    going_on = ~np.asarray(trajectory.ended[:-1])
    next_inputs = np.asarray(trajectory.next_inputs[:-1])
    np.testing.assert_array_equal(
        next_inputs[going_on], np.asarray(trajectory.inputs[1:])[going_on]
    )


def test_values_bootstrap_through_truncation():
    """Reward 1 for ever is worth 1 / (1 - 0.5), though episodes have 4 steps."""
    world = EndlessProbe(discount=0.5, max_episode_len=4)
    learner = SMALL.replace(memory="none", learning_rate=1e-2, clip_eps=10.0)
    state, metrics, _ = trained(learner, world, 60)

    def value(state):
        policy = learner.policy(state, world)
        return policy.think(policy.init_memory(), jnp.ones(1)).value

    np.testing.assert_allclose(jax.vmap(value)(state), 2.0, atol=0.1)
    assert metrics["episode_len"].total.sum() / metrics["episode_len"].count.sum() == 4


def test_memory_solves_what_no_memory_can():
    world = CueProbe(delay=2)
    scores = {}
    for memory in ("gru", "none"):
        learner = SMALL.replace(memory=memory, learning_rate=1e-2, eval_num_lanes=64)
        played = trained(learner, world, 60)[2]["discounted_return"]
        scores[memory] = played.total / played.count
    # The best is 0.9 ** 2 with a memory and 0 without.
    np.testing.assert_allclose(scores["gru"], 0.81, atol=0.06)
    assert np.abs(scores["none"]).max() < 0.4


def test_metrics_are_means_over_finished_episodes():
    world = TMaze(length=1, max_episode_len=20)
    learner = SMALL.replace(learning_rate=0.0)
    _, metrics, evaluation = trained(learner, world, 3)
    count = metrics["episode_len"].count
    assert count.shape == (2, 3) and (count > 0).all()
    np.testing.assert_array_equal(count, metrics["discounted_return"].count)
    assert (metrics["approx_kl"].total < 1e-5).all()
    assert (metrics["clip_fraction"].total == 0).all()
    assert evaluation["episode_len"].count.tolist() == [4, 4]
    assert set(evaluation) == {"discounted_return", "episode_return", "episode_len"}


def test_evaluation_counts_the_first_episodes_of_each_lane():
    world = CueProbe(delay=1)
    state = jax.jit(lambda key: SMALL.init(key, world))(jax.random.key(0))
    for episodes, steps, expected in ((1, 0, 4), (3, 5, 8)):
        learner = SMALL.replace(eval_num_episodes=episodes, eval_num_steps=steps)
        played = jax.jit(lambda key, one=learner: one.evaluate(state, world, key))
        assert played(jax.random.key(1))["episode_len"].count == expected


def test_evaluation_stops_at_its_last_step():
    """Whole blocks are played, but nothing after the last step counts."""
    world = EndlessProbe(max_episode_len=50)
    learner = SMALL.replace(eval_num_episodes=9, eval_num_steps=149)
    state = jax.jit(lambda key: learner.init(key, world))(jax.random.key(0))
    played = jax.jit(lambda key: learner.evaluate(state, world, key))
    assert played(jax.random.key(1))["episode_len"].count == 2 * 4


def test_policy_plays_like_the_evaluation():
    world = CueProbe(delay=2)
    learner = SMALL.replace(memory="gru", learning_rate=1e-2, eval_num_lanes=64)
    state = jax.tree.map(lambda x: x[0], trained(learner, world, 60)[0])
    policy = learner.policy(state, world)
    played = jax.jit(lambda key: rollout(world, policy, key, 30, 32))(jax.random.key(5))
    mean = played.episode_return[played.ended].mean()
    assert mean > 0.9


def test_zero_anneal_keeps_the_learning_rate():
    world = CueProbe()
    static, traced, *rest = partition(SMALL)
    state = SMALL.init(jax.random.key(0), world)
    rows = [{**traced, "anneal": anneal} for anneal in (0.0, 1.0)]

    def step(traced, progress):
        learner = combine(static, traced, *rest)
        key = jax.random.key(1)
        new, _ = learner.update(state, world, key, progress)
        return new.agents["agent"].network.critic[1].bias

    batch = jax.jit(jax.vmap(step, in_axes=(0, None)))
    start, end = batch(stack(rows), 0.0), batch(stack(rows), 1.0)
    np.testing.assert_array_equal(start[0], start[1])
    np.testing.assert_array_equal(end[0], start[0])
    np.testing.assert_array_equal(end[1], 0.0)

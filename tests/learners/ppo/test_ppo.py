"""PPO: sizes, refusals, consistency of acting and learning, and what it learns."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.core.errors import FitError
from foreworld.core.keys import named_key, root_key
from foreworld.core.parts.partition import combine, partition, stack
from foreworld.core.spaces import Box
from foreworld.data.views.source import DataSource
from foreworld.learners.ppo import _joint
from foreworld.learners.ppo._rows import sequences
from foreworld.learners.ppo.base import AgentSettings
from foreworld.learners.ppo.ppo import PPO
from foreworld.networks.gru import GRU
from foreworld.networks.mlp import MLP
from foreworld.networks.normalized import Normalized
from foreworld.testing.games import CueProbe, EndlessProbe, RepeatedMatchingPennies
from foreworld.worlds.dynamics.pendulum import Pendulum
from foreworld.worlds.pomdp.tmaze import TMaze
from foreworld.worlds.rollout import rollout
from foreworld.worlds.wrappers.last_action import LastAction

NETWORKS = {"gru": GRU(hidden_size=8), "mlp": MLP(hidden_size=8, activation="relu")}
SMALL = PPO(
    network=NETWORKS["gru"],
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
)


class Whole(CueProbe):
    """Its actions are whole numbers in a box."""

    @property
    def action_space(self):
        return Box(0, 3, (2,), "int32")


class Praised(CueProbe):
    """Ranks by what it does not measure."""

    score = "praise"


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


def test_the_size_of_rewards_does_not_matter_where_they_are_normalized():
    """Learning is the same, and values are told in the world's own unit."""
    scale = 1024.0
    plain = TMaze(length=1)
    large = plain.replace(
        good_reward=scale * plain.good_reward, bad_reward=scale * plain.bad_reward
    )
    learner = SMALL.replace(
        normalize_rewards=True, network=Normalized(network=NETWORKS["mlp"])
    )
    found = [trained(learner, world, 3) for world in (plain, large)]
    networks = [state.agents["agent"].network for state, *_ in found]
    for a, b in zip(*map(jax.tree.leaves, networks), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)
    obs, thoughts = found[0][0].lanes.obs, []
    for (joint, *_), world in zip(found, (plain, large), strict=True):
        policy = learner.policy(jax.tree.map(lambda x: x[0], joint), world)
        assert policy.unit == joint.agents["agent"].rewards.returns.deviation[0]
        thoughts.append(policy.think(policy.init_memory(), obs[0, 0]).value)
    assert networks[0].seen.count.tolist() == [3 * 4 * 16] * 2
    np.testing.assert_allclose(thoughts[1], scale * thoughts[0], rtol=1e-2)
    returns = [metrics["discounted_return"].total for _, metrics, _ in found]
    np.testing.assert_allclose(returns[1], scale * returns[0], rtol=1e-5)


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
            {"num_envs": 6, "num_minibatches": 4, "network": GRU()},
            TMaze(),
            r"num_envs=6 must be divisible by num_minibatches=4, because a minibatch",
        ),
        ({"total_steps": 63}, TMaze(), r"total_steps=63 is less than one rollout of"),
        ({}, Pendulum(max_episode_len=9), "Pendulum is passive: nothing acts in it"),
        (
            {"agents": {"even": AgentSettings()}},
            TMaze(),
            "agents.even is set, but TMaze is no game",
        ),
        (
            {"agents": {"evn": AgentSettings()}},
            RepeatedMatchingPennies(),
            "unknown agent of RepeatedMatchingPennies 'evn'. Did you mean 'even'",
        ),
        ({}, Whole(), "Whole: actions in Box.* are whole numbers, over which there is"),
        ({}, TMaze(max_episode_len=0), "TMaze has no time limit.*set eval_num_steps"),
        ({}, Praised(), "Praised.score='praise' is none of what counts at an episode"),
        ({}, DATA, "ppo acts in a world and cannot learn from a data set"),
    ],
)
def test_misfits_are_named(fields, world, message):
    with pytest.raises(FitError, match=message):
        SMALL.replace(**fields).check_fit(world)
    SMALL.check_fit(TMaze())


@pytest.mark.parametrize("network", NETWORKS)
def test_learning_sees_what_acting_saw(network):
    """Replayed outputs equal those of the rollout; what follows is the next step."""
    world = LastAction(CueProbe(delay=2))
    learner = SMALL.replace(network=network)

    def collect(key):
        state, agents = learner.init(key, world), learner._bound(world)
        # A second rollout starts in the middle of episodes, with memories in use.
        for i in range(2):
            before, own = state, named_key(key, i)
            state, transition, done = _joint._collect(world, agents, before, own, 7)
        seen = _joint._trajectories(world, agents, before, state, transition, done)
        trajectory = seen[_joint.SOLO]
        batch = sequences(agents[_joint.SOLO], trajectory)
        parameters = state.agents[_joint.SOLO].network
        replayed = learner.network.unroll(
            parameters, batch.memory, batch.obs, batch.starts
        )
        return trajectory, batch, replayed, transition.next_obs

    trajectory, batch, replayed, next_obs = jax.jit(collect)(jax.random.key(0))
    assert not trajectory.starts[0].any()
    for one, other in zip(replayed, trajectory.outputs, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    np.testing.assert_allclose(batch.value, replayed.values[..., 0], atol=1e-6)
    going_on = ~np.asarray(trajectory.ended[:-1])
    for name, after in next_obs.items():
        now = np.asarray(trajectory.obs[name][1:])
        np.testing.assert_array_equal(np.asarray(after[:-1])[going_on], now[going_on])


@pytest.mark.parametrize("network", NETWORKS)
def test_values_of_successors_are_of_the_true_memory(network):
    """Where an episode is cut off, the value is that of one more step of the lane."""
    world = LastAction(CueProbe(delay=9, max_episode_len=3))
    learner = SMALL.replace(network=network)
    part = learner.network

    def collect(key):
        before, agents = learner.init(key, world), learner._bound(world)
        after, transition, done = _joint._collect(world, agents, before, key, 8)
        seen = _joint._trajectories(world, agents, before, after, transition, done)
        parameters, values = before.agents[_joint.SOLO].network, []
        memory = part.init_memory(4)
        for t in range(8):
            now = jax.tree.map(lambda x, t=t: x[t], (transition.obs, transition.starts))
            memory, _ = part.step(parameters, memory, *now)
            reached = jax.tree.map(lambda x, t=t: x[t], transition.next_obs)
            going_on = jnp.zeros(4, bool)
            values.append(part.step(parameters, memory, reached, going_on)[1].values)
        return seen[_joint.SOLO], jnp.stack(values)[..., 0]

    seen, values = jax.jit(collect)(jax.random.key(0))
    assert seen.ended.sum() == 8 and not seen.terminated.any()
    expected = np.where(seen.ended, values, 0.0)
    np.testing.assert_allclose(seen.cut_values, expected, atol=1e-6)
    np.testing.assert_allclose(seen.end_values, values[-1], atol=1e-6)


def test_values_bootstrap_through_truncation():
    """Reward 1 for ever is worth 1 / (1 - 0.5), though episodes have 4 steps."""
    world = EndlessProbe(discount=0.5, max_episode_len=4)
    learner = SMALL.replace(network=NETWORKS["mlp"], learning_rate=1e-2, clip_eps=10.0)
    state, metrics, _ = trained(learner, world, 60)

    def value(state):
        policy = learner.policy(state, world)
        return policy.think(policy.init_memory(), jnp.ones(1)).value

    np.testing.assert_allclose(jax.vmap(value)(state), 2.0, atol=0.1)
    assert metrics["episode_len"].total.sum() / metrics["episode_len"].count.sum() == 4


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
    learner = SMALL.replace(learning_rate=1e-2, eval_num_lanes=64)
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
        return new.agents["agent"].network.critic[-1].bias

    batch = jax.jit(jax.vmap(step, in_axes=(0, None)))
    start, end = batch(stack(rows), 0.0), batch(stack(rows), 1.0)
    np.testing.assert_array_equal(start[0], start[1])
    np.testing.assert_array_equal(end[0], start[0])
    np.testing.assert_array_equal(end[1], 0.0)

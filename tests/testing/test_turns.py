"""Games whose order is fixed, and agents that end on their own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.core import compilation
from foreworld.core.errors import ConfigError, FitError
from foreworld.core.keys import root_key
from foreworld.data.making.sequence import episode
from foreworld.learners.ppo.ppo import PPO
from foreworld.networks.gru import GRU
from foreworld.networks.mlp import MLP
from foreworld.testing.checks import CheckError
from foreworld.testing.turns import GUESSER, LEAVING, STAYING, TELLER, Departure, Relay
from foreworld.testing.worlds import check_world
from foreworld.users.random_policy import RandomPolicy
from foreworld.worlds.rollout import rollout

SMALL = PPO(
    network=MLP(hidden_size=8, num_layers=1),
    learning_rate=1e-2,
    num_envs=4,
    num_steps=12,
    num_minibatches=2,
    num_epochs=2,
    total_steps=480,
    eval_num_lanes=4,
)


@pytest.mark.parametrize("game", [Relay(), Departure()])
def test_keeps_the_contract(game):
    check_world(game)


def mean(metrics, name):
    return float(metrics[name].total / metrics[name].count)


def test_an_agent_that_has_ended_is_not_counted():
    game = Departure(num_steps=2, length=5)
    played = rollout(game, RandomPolicy(game), root_key(0), 12, 1)
    played = jax.tree.map(lambda x: np.asarray(x)[:, 0], played)
    assert played.reward[LEAVING].tolist() == [1, 1, 0, 0, 0] * 2 + [1, 1]
    assert played.acting[LEAVING].nonzero()[0].tolist() == [0, 1, 5, 6, 10, 11]
    assert (played.action[LEAVING][~played.acting[LEAVING]] == 0).all()
    assert played.terminated[LEAVING].nonzero()[0].tolist() == [1, 6, 11]
    assert played.terminated[STAYING].nonzero()[0].tolist() == [4, 9]
    assert played.ended.nonzero()[0].tolist() == [4, 9]
    assert not played.truncated[LEAVING].any() and not played.truncated[STAYING].any()
    assert played.agent_len[LEAVING][:5].tolist() == [0, 2, 2, 2, 2]
    np.testing.assert_allclose(played.discounted_return[LEAVING][4], 1.5)
    np.testing.assert_allclose(played.discounted_return[STAYING][4], 31 / 16)

    made = episode(game, RandomPolicy(game), root_key(0), 7).done
    assert made["reward"][LEAVING].tolist() == [1, 1, 0, 0, 0, 0]
    assert made["acting"][LEAVING].tolist() == [True, True] + [False] * 4


def test_a_time_limit_cuts_those_that_are_left():
    game = Departure(num_steps=2, length=9, max_episode_len=4)
    played = rollout(game, RandomPolicy(game), root_key(0), 4, 1)
    assert played.ended[:, 0].tolist() == [False] * 3 + [True]
    assert played.truncated[STAYING][:, 0].tolist() == [False] * 3 + [True]
    assert not played.truncated[LEAVING].any()
    assert played.terminated[LEAVING][:, 0].tolist() == [False, True, False, False]


def test_each_agent_learns_the_worth_of_its_own_steps():
    game = Departure(num_steps=2, length=4)
    learner = SMALL.replace(num_steps=16, network=MLP(hidden_size=16, num_layers=1))

    def run(state, key):
        def update(state, key):
            return learner.update(state, game, key, jnp.float32(0.0))

        state, metrics = jax.lax.scan(update, state, jax.random.split(key, 60))
        return state, metrics, learner.evaluate(state, game, key)

    state = learner.init(root_key(0), game)
    state, _, played = jax.jit(run)(state, root_key(1))
    for agent, num in ((STAYING, 4), (LEAVING, 2)):
        assert mean(played, f"agent_len_{agent}") == num
        worth = 2 * (1 - 0.5**num)
        np.testing.assert_allclose(
            mean(played, f"discounted_return_{agent}"), worth, rtol=1e-6
        )
        policy = learner.policy(state, game).policies[agent]
        left = np.arange(num, 0, -1)
        values = [policy.think(None, jnp.full(1, float(i))).value for i in range(num)]
        np.testing.assert_allclose(values, 2 * (1 - 0.5**left), atol=0.1)
    assert mean(played, "episode_len") == 4


def trained(game, network, evaluates):
    """Three updates, an evaluation, and what the policy did before."""
    learner = SMALL.replace(network=network)
    learner.check_fit(game)

    def run(key):
        def update(state, key):
            return learner.update(state, game, key, jnp.float32(0.0))

        first = learner.init(key, game)
        show = rollout(game, learner.policy(first, game), key, 12, 3)
        state, metrics = jax.lax.scan(update, first, jax.random.split(key, 3))
        played = learner.evaluate(state, game, key) if evaluates else {}
        return (state, metrics, played), show

    return jax.jit(run, compiler_options=compilation.options())(root_key(0))


@pytest.mark.parametrize(
    ("network", "limit"), [(GRU(hidden_size=8), 100), (SMALL.network, 2)]
)
def test_a_period_changes_no_result(network, limit):
    stated = Relay(max_episode_len=limit)
    found, shown = trained(stated, network, limit == 2)
    wanted, show = trained(stated.replace(states_period=False), network, limit == 2)
    assert jax.tree.structure(found) == jax.tree.structure(wanted)
    # Sums are over fewer rows, so that the last bits differ.
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-6),
        found,
        wanted,
    )
    jax.tree.map(np.testing.assert_array_equal, shown, show)
    assert shown.acting[TELLER][::2].all() and shown.acting[GUESSER][1::2].all()
    assert not shown.acting[TELLER][1::2].any()


class Wrong(Relay):
    """The guesser is named first."""

    states_period: bool = True

    @property
    def period(self):
        return ((GUESSER,), (TELLER,))


class Early(Relay):
    """It ends within a period."""

    @property
    def period(self):
        return ((TELLER,), (GUESSER,), (TELLER,), (GUESSER,))


def test_a_period_is_whole_and_true():
    with pytest.raises(ConfigError, match=r"max_episode_len=3 must be a multiple"):
        rollout(Relay(max_episode_len=3), RandomPolicy(Relay()), root_key(0), 4, 1)
    with pytest.raises(ConfigError, match=r"num_steps=5 .* 2 rounds .* example 6"):
        rollout(Relay(), RandomPolicy(Relay()), root_key(0), 5, 1)
    with pytest.raises(FitError, match=r"num_steps=7 must be a multiple"):
        SMALL.replace(num_steps=7).check_fit(Relay())
    with pytest.raises(
        CheckError, match=r"turns: guesser acts in step 2 .* only teller"
    ):
        check_world(Wrong())
    with pytest.raises(CheckError, match=r"step: an episode ends 2 steps into a p"):
        check_world(Early(num_rounds=3))


class Listening(Relay):
    """What the teller says in silence is heard."""

    def step(self, state, action, key):
        return (
            super()
            .step(state, action, key)
            ._replace(
                state=state._replace(
                    word=action[TELLER].astype(jnp.int32), num_steps=state.num_steps + 1
                )
            )
        )


def test_a_silent_agent_is_not_heard():
    with pytest.raises(
        CheckError, match=r"Listening.step: .* 'teller' changes .* not act"
    ):
        check_world(Listening())

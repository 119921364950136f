"""PPO in games: masks, metrics, refusals, exploiting a habit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.core.errors import FitError
from foreworld.core.keys import named_key
from foreworld.core.spaces import Box, Discrete
from foreworld.learners.ppo._joint import _collect, _trajectories
from foreworld.learners.ppo.base import AgentSettings
from foreworld.learners.ppo.ppo import PPO
from foreworld.networks.gru import GRU
from foreworld.networks.mlp import MLP
from foreworld.testing.games import RepeatedMatchingPennies
from foreworld.testing.learners import check_learner
from foreworld.worlds.base import Step, Turn
from foreworld.worlds.game import AbstractGame
from foreworld.worlds.rollout import rollout

SMALL = PPO(
    network=GRU(hidden_size=8),
    num_envs=4,
    num_steps=16,
    num_minibatches=2,
    num_epochs=2,
    total_steps=640,
    eval_num_lanes=4,
)
BOTH = SMALL


class TakingTurns(AbstractGame):
    """Agents act in turn; the second may not take its action 2."""

    discount: float = 0.9
    max_episode_len: int = 6

    @property
    def agents(self):
        return ("first", "second")

    @property
    def action_space(self):
        return {"first": Discrete(2), "second": Discrete(3)}

    @property
    def observation_space(self):
        return dict.fromkeys(self.agents, Box(0.0, 1.0, (1,)))

    def reset(self, key):
        return jnp.int32(0), self.observe(jnp.int32(0))

    def observe(self, state):
        return dict.fromkeys(self.agents, (state % 2).astype(jnp.float32)[None])

    def step(self, state, action, key):
        no = dict.fromkeys(self.agents, jnp.asarray(False))
        reward = dict.fromkeys(self.agents, jnp.float32(1.0))
        return Step(state + 1, self.observe(state + 1), reward, no, no)

    def turns(self, state):
        return {
            "first": Turn(state % 2 == 0, jnp.ones(2, bool)),
            "second": Turn(state % 2 == 1, jnp.asarray([True, True, False])),
        }

    def render(self, state):
        return jnp.zeros((4, 4, 1), jnp.uint8)


def test_keeps_the_contract():
    agents = {"first": BOTH.shared.replace(network=MLP(hidden_size=4, num_layers=1))}
    both = BOTH.replace(agents=agents, num_epochs=1, num_steps=8)
    check_learner(both, TakingTurns())


def test_turns_are_respected():
    game = TakingTurns()

    def play(key):
        state = BOTH.init(key, game)
        agents = BOTH._bound(game)
        after, transition, done = _collect(game, agents, state, key, 64)
        return _trajectories(game, agents, state, after, transition, done)

    seen = jax.jit(play)(jax.random.key(0))
    assert set(np.unique(seen["first"].actions)) == {0, 1}
    assert set(np.unique(seen["second"].actions)) == {0, 1}
    np.testing.assert_array_equal(seen["first"].acting, ~seen["second"].acting)
    np.testing.assert_array_equal(seen["first"].acting, seen["first"].obs[..., 0] == 0)


def test_a_habit_is_exploited():
    """Even always shows heads and does not learn; odd learns to show tails."""
    game = RepeatedMatchingPennies(num_rounds=4)
    own = SMALL.shared
    learner = SMALL.replace(
        agents={
            "even": own.replace(learning_rate=0.0),
            "odd": own.replace(learning_rate=1e-2),
        }
    )
    learner.check_fit(game)
    state = jax.jit(lambda key: learner.init(key, game))(jax.random.key(0))
    bias = state.agents["even"].network.actor[-1].bias
    before = jnp.asarray([9.0, -9.0], bias.dtype)
    state = jax.tree.map(lambda x: before if x is bias else x, state)

    def run(state, key):
        def update(state, i):
            step_key = named_key(key, "update", i)
            return learner.update(state, game, step_key, jnp.float32(0.0))

        state, metrics = jax.lax.scan(update, state, jnp.arange(30))
        return state, metrics, learner.evaluate(state, game, key)

    state, metrics, played = jax.jit(run)(state, jax.random.key(1))
    mean = {name: float(m.total / m.count) for name, m in played.items()}
    best = sum(0.9**i for i in range(4))
    np.testing.assert_allclose(mean["discounted_return_odd"], best, atol=0.2)
    np.testing.assert_allclose(mean["discounted_return"], -best, atol=0.2)
    assert mean["episode_len"] == 4
    np.testing.assert_array_equal(state.agents["even"].network.actor[-1].bias, before)
    assert {"entropy_even", "entropy_odd", "grad_norm_odd"} <= set(metrics)

    policy = learner.policy(state, game)
    show = jax.jit(lambda key: rollout(game, policy, key, 8, 8))(jax.random.key(2))
    assert (show.action["even"] == 0).all()
    assert (show.action["odd"] == 1).mean() > 0.9


def test_misfits_are_named():
    agents = {"even": AgentSettings(num_minibatches=3)}
    with pytest.raises(FitError, match=r"must be divisible by num_minibatches=3"):
        SMALL.replace(agents=agents).check_fit(RepeatedMatchingPennies())

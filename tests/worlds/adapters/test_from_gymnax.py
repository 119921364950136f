"""gymnax environments as our worlds."""

import gymnax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.core.errors import ConfigError, UnknownNameError
from foreworld.core.parts import config
from foreworld.core.spaces import Box, Discrete
from foreworld.learners.ppo.ppo import PPO
from foreworld.networks.mlp import MLP
from foreworld.users.random_policy import RandomPolicy
from foreworld.worlds.adapters import _optional
from foreworld.worlds.make import make
from foreworld.worlds.rollout import rollout

KEY = jax.random.key(0)


def test_grids_of_integers_are_observed_and_drawn():
    world = make("gymnax", env="Catch-bsuite")
    state, obs = world.reset(KEY)
    assert world.observation_space == Box(0.0, 1.0, (10, 5), "int32")
    assert obs.dtype == jnp.int32 and obs.shape == (10, 5)
    frame = np.asarray(world.render(state))
    assert frame.shape == (60, 30, 3) and frame.dtype == np.uint8
    np.testing.assert_array_equal(frame[::6, ::6, 0] == 255, np.asarray(obs) == 1)


def test_spaces_and_limit_are_the_environments():
    world = make("gymnax")
    assert world.action_space == Discrete(2)
    assert world.observation_space.shape == (4,)
    assert world.max_episode_len == 500
    assert make("gymnax", env="Pendulum-v1").action_space == Box(-2.0, 2.0, (1,))


def test_steps_are_the_environments():
    world, (env, params) = make("gymnax"), gymnax.make("CartPole-v1")
    state, obs = world.reset(KEY)
    theirs, inner = env.reset_env(KEY, params)
    for i in range(5):
        np.testing.assert_allclose(obs, theirs, rtol=1e-6)
        state, obs, reward, *_ = world.step(state, jnp.int32(i % 2), KEY)
        theirs, inner, their_reward, *_ = env.step_env(KEY, inner, i % 2, params)
        assert float(reward) == float(their_reward)


def test_own_limit_is_truncation_and_nothing_resets_inside():
    world = make("gymnax", params={"max_steps_in_episode": 3, "force_mag": 0.0})
    assert world.max_episode_len == 3
    play = jax.jit(lambda key: rollout(world, RandomPolicy(world), key, 9, 2))
    transitions = play(KEY)
    assert transitions.truncated[2::3].all() and not transitions.terminated.any()
    assert int(transitions.ended.sum()) == 6


def test_parameters_and_json():
    world = make("gymnax", params={"gravity": 1.0}, options={})
    assert config.from_json(config.to_json(world)) == world
    assert config.content_hash(world) != config.content_hash(make("gymnax"))


def test_ppo_learns_cartpole():
    world = make("gymnax")
    ppo = PPO(
        network=MLP(hidden_size=32),
        num_envs=8,
        num_minibatches=4,
        learning_rate=2.5e-3,
        anneal=0.0,
    )
    ppo.check_fit(world)

    def update(state, i):
        key = jax.random.fold_in(KEY, i)
        return ppo.update(state, world, key, jnp.float32(0.0))

    state = ppo.init(KEY, world)
    train = jax.jit(lambda s: jax.lax.scan(update, s, jnp.arange(30))[1])
    returns = train(state)["episode_return"]
    early, late = (
        float(returns.total[some].sum() / returns.count[some].sum())
        for some in (slice(0, 3), slice(-3, None))
    )
    # Random actions last 22 steps.
    assert early < 60 and late > 100


def test_errors_say_what_to_do(monkeypatch):
    with pytest.raises(UnknownNameError, match="Did you mean 'CartPole-v1'"):
        make("gymnax", env="CartPole-v0")
    with pytest.raises(UnknownNameError, match="unknown parameter of CartPole-v1"):
        make("gymnax", params={"gravitation": 1.0})
    with pytest.raises(ConfigError, match="gymnax could not make 'Catch-bsuite' with"):
        make("gymnax", env="Catch-bsuite", options={"colour": 3})
    monkeypatch.setitem(__import__("sys").modules, "absent_package", None)
    with pytest.raises(ConfigError, match=r"Install it with: pip install 'foreworld"):
        _optional.require("absent_package")

"""Our worlds as gymnax environments."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gymnax.environments.environment import Environment

from foreworld.core.errors import ConfigError
from foreworld.gym import to_gymnax
from foreworld.testing.games import RepeatedMatchingPennies
from foreworld.testing.masked import Cards, Letter
from foreworld.worlds.make import make

KEY = jax.random.key(0)


def test_six_values_a_step_and_autoreset():
    env, params = to_gymnax("tmaze", length=1, max_episode_len=3)
    assert isinstance(env, Environment)
    obs, state = env.reset(KEY, params)
    for wanted in (False, False, True):
        obs, state, _, terminated, truncated, info = env.step(KEY, state, 3, params)
        assert bool(truncated) is wanted and not terminated
        assert float(info["discount"]) == 1.0
    # The state is that of a new episode, and the old one's end is told.
    assert int(state.time) == 0 and float(obs[:2].sum()) == 1.0
    assert info["final_observation"].shape == (4,)


@pytest.mark.parametrize("limit", [3, 4])
def test_nothing_follows_a_termination_at_the_limit(limit):
    env, params = to_gymnax("tmaze", length=1, max_episode_len=limit)
    _, state = env.reset(KEY, params)
    for action in (2, 2):
        _, state, *_ = env.step(KEY, state, action, params)
    *_, terminated, truncated, info = env.step(KEY, state, 0, params)
    assert terminated and bool(truncated) == (limit == 3)
    assert float(info["discount"]) == 0.0


def test_traced_fields_are_parameters():
    env, params = to_gymnax("tmaze", length=2)
    assert params.slip_prob == 0.0 and params.max_steps_in_episode == 1000

    def moved(slip):
        _, state = env.reset_env(KEY, params)
        changed = params.replace(slip_prob=slip)
        return env.step_env(KEY, state, 2, changed)[1].world.position

    positions = jax.jit(jax.vmap(moved))(jnp.array([0.0, 1.0]))
    assert positions.tolist() == [1, 0]


def test_steps_are_those_of_the_world():
    world = make("pendulum", picture={"image_size": 8})
    env, params = to_gymnax(world)
    obs, state = env.reset(KEY, params)
    inner, ours = world.reset(KEY)
    np.testing.assert_allclose(obs, ours, rtol=1e-6)
    theirs = env.step_env(KEY, state, 0, params)[0]
    np.testing.assert_allclose(theirs, world.step(inner, None, KEY).obs, rtol=1e-5)
    np.testing.assert_array_equal(env.render(state, params), world.render(inner))


def test_spaces_and_old_keys():
    env, params = to_gymnax("tmaze")
    assert env.num_actions == env.action_space(params).n == 4
    assert env.observation_space(params).shape == (4,)
    assert env.name == "TMaze"
    obs, _ = env.reset(jax.random.PRNGKey(0), params)
    np.testing.assert_array_equal(obs, env.reset(KEY, params)[0])
    passive, params = to_gymnax("pendulum")
    assert passive.num_actions == passive.action_space(params).n == 1


def test_scans_and_vmaps():
    env, params = to_gymnax("tmaze", length=1, max_episode_len=10)

    def run(key):
        def body(state, key):
            action = env.action_space(params).sample(key)
            _, state, reward, terminated, truncated, _ = env.step(
                key, state, action, params
            )
            return state, (reward, terminated | truncated)

        _, state = env.reset(key, params)
        return jax.lax.scan(body, state, jax.random.split(key, 30))[1]

    rewards, done = jax.jit(jax.vmap(run))(jax.random.split(KEY, 4))
    assert rewards.shape == (4, 30) and int(done.sum()) >= 12


def test_games_are_refused():
    with pytest.raises(ConfigError, match="a game of several agents; gymnax knows"):
        to_gymnax(RepeatedMatchingPennies())


def test_masks_are_those_of_the_state_that_is_returned():
    env, params = to_gymnax(Cards())

    def run(key):
        def body(carry, key):
            state, mask = carry
            action = Cards().action_space.sample(key, mask)
            obs, state, *_, info = env.step(key, state, action, params)
            mask = info["action_mask"]
            return (state, mask), (obs, mask, state.world.num_forbidden)

        _, state = env.reset(key, params)
        carry = state, env.action_mask(state, params)
        return jax.lax.scan(body, carry, jax.random.split(key, 20))[1]

    obs, mask, num_forbidden = jax.jit(run)(KEY)
    np.testing.assert_array_equal(obs, mask)
    assert not num_forbidden.any()
    assert env.action_mask(env.reset(KEY, params)[1]).any()


def test_records_are_dictionaries():
    env, params = to_gymnax(Letter())
    obs, state = env.reset(KEY, params)
    action = env.action_space(params).sample(KEY)
    assert set(action) == {"word", "aim", "send"} and set(obs) == {"wanted", "time"}
    _, _, _, _, _, info = env.step(KEY, state, action, params)
    assert set(info["action_mask"]) == {"word", "send"}

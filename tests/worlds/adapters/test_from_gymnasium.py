"""Gymnasium environments as our worlds."""

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.core.errors import ConfigError
from foreworld.core.spaces import Discrete
from foreworld.users.random_policy import RandomPolicy
from foreworld.worlds.adapters._host import Host
from foreworld.worlds.make import make
from foreworld.worlds.rollout import rollout

KEY = jax.random.key(0)


def test_episode_is_the_environments():
    world, env = make("gymnasium"), gymnasium.make("CartPole-v1")
    assert world.action_space == Discrete(2) and world.max_episode_len == 500
    state, obs = world.reset(KEY)
    theirs, _ = env.reset(seed=int(state.seed))
    np.testing.assert_array_equal(obs, theirs)
    step = jax.jit(world.step)
    terminated = False
    while not terminated:
        state, obs, reward, terminated, truncated = step(state, jnp.int32(1), KEY)
        theirs, their_reward, over, *_ = env.step(1)
        np.testing.assert_array_equal(obs, theirs)
        assert reward == their_reward and terminated == over and not truncated


def test_states_are_values():
    """Any state may be stepped at any time, again, and with other actions."""
    world = make("gymnasium")
    state, _ = world.reset(KEY)
    path = [state]
    for i in range(6):
        path.append(world.step(path[-1], jnp.int32(i % 2), KEY).state)
    for i in (0, 5, 2, 2):
        again = world.step(path[i], jnp.int32(i % 2), KEY).state
        for a, b in zip(again, path[i + 1], strict=True):
            np.testing.assert_array_equal(a, b)
    other = world.step(path[2], jnp.int32(1), KEY).obs
    assert not np.array_equal(other, path[3].obs)


def test_lanes_of_a_program_are_separate_episodes():
    world = make("gymnasium", max_episode_len=12)
    play = jax.jit(lambda key: rollout(world, RandomPolicy(world), key, 25, 3))
    transitions = play(KEY)
    for x, y in zip(
        jax.tree.leaves(transitions), jax.tree.leaves(play(KEY)), strict=True
    ):
        np.testing.assert_array_equal(x, y)
    assert transitions.truncated[11].any() and int(transitions.ended.sum()) >= 6
    env = gymnasium.make("CartPole-v1")
    for lane in range(3):
        # Every episode goes on as the environment does from what it saw.
        for t in range(24):
            env.reset(seed=0)
            env.unwrapped.state = np.asarray(transitions.obs[t, lane], np.float64)
            theirs = env.step(int(transitions.action[t, lane]))[0]
            np.testing.assert_allclose(
                transitions.next_obs[t, lane], theirs, 1e-4, 1e-5
            )


def test_ended_episode_stays_as_it_is():
    world = make("gymnasium", max_episode_len=1)
    state, _ = world.reset(KEY)
    ended = world.step(state, jnp.int32(0), KEY)
    assert ended.truncated
    after = world.step(ended.state, jnp.int32(1), KEY)
    np.testing.assert_array_equal(after.obs, ended.obs)
    assert after.reward == 0 and not after.truncated


def test_objects_do_not_pile_up():
    host = Host("CartPole-v1", {})
    seeds, counts = np.arange(4, dtype=np.uint32), np.zeros(4, np.int32)
    history, no = np.zeros((4, 5), np.int32), np.zeros(4, bool)
    obs = host.starts(seeds)
    for offset in range(0, 200, 4):
        host.steps(seeds + offset, history, counts, history[:, 0], no, obs)
    assert len(host._live) <= 16 and len(host._free) <= 4


def test_errors_say_what_to_do():
    with pytest.raises(ConfigError, match="Gymnasium could not make 'CartPol-v1'"):
        make("gymnasium", env="CartPol-v1")
    with pytest.raises(ConfigError, match=r"but Plain-v0 has none\. Give the longest"):
        _register("Plain-v0")
        make("gymnasium", env="Plain-v0")
    with pytest.raises(ConfigError, match="Dice-v0 is not deterministic"):
        _register("Dice-v0", nondeterministic=True)
        make("gymnasium", env="Dice-v0")
    with pytest.raises(ConfigError, match="bounds that differ between entries"):
        _register(
            "Uneven-v0",
            space=gymnasium.spaces.Box(np.zeros(2, np.float32), np.float32([1, 2])),
        )
        make("gymnasium", env="Uneven-v0")


def _register(name, space=None, **settings):
    class Plain(gymnasium.Env):
        observation_space = gymnasium.spaces.Discrete(2)
        action_space = space or gymnasium.spaces.Discrete(2)

        def reset(self, *, seed=None, options=None):
            super().reset(seed=seed)
            return 0, {}

    gymnasium.register(name, Plain, **settings)

"""Our worlds as Gymnasium environments."""

import subprocess
import sys

import gymnasium
import jax.numpy as jnp
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

from foreworld.core.errors import ConfigError
from foreworld.gym import to_gymnasium
from foreworld.testing.games import RepeatedMatchingPennies
from foreworld.testing.masked import Cards, Letter
from foreworld.worlds.adapters._gymnasium_env import WorldVectorEnv
from foreworld.worlds.make import make
from foreworld.worlds.pomdp.tmaze import TMazeState

TMAZE = "foreworld.gym:foreworld/TMaze-v0"
PENDULUM = "foreworld.gym:foreworld/Pendulum-v0"


def vector(mode, **fields):
    return gymnasium.make_vec(
        TMAZE,
        num_envs=3,
        vectorization_mode=mode,
        length=2,
        max_episode_len=5,
        **fields,
    )


def test_ids_are_registered_without_importing_jax():
    code = (
        "import sys, gymnasium, foreworld.gym; assert 'jax' not in sys.modules; "
        "print(*(i for i in gymnasium.registry if i.startswith('foreworld/')))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {"foreworld/TMaze-v0", "foreworld/Pendulum-v0"} <= set(said)
    assert not [name for name in said if "Gym" in name]


def test_tmaze_passes_gymnasiums_own_checker():
    # Warnings are errors here, so this is without warnings too.
    env = gymnasium.make(TMAZE, length=3, render_mode="rgb_array")
    check_env(env.unwrapped)
    env.close()


def test_pendulum_passes_but_for_its_unbounded_observations():
    env = gymnasium.make(PENDULUM, picture={"image_size": 8}, render_mode="rgb_array")
    with pytest.warns(UserWarning) as told:
        check_env(env.unwrapped)
    assert len(told) == 2 and all("infinity" in str(w.message) for w in told)


def test_passive_world_ignores_its_one_action():
    env = to_gymnasium("pendulum", picture={"image_size": 8}, render_mode="rgb_array")
    assert env.action_space == gymnasium.spaces.Discrete(1)
    first, _ = env.reset(seed=1)
    second, reward, terminated, truncated, _ = env.step(0)
    assert reward == 0 and not terminated and not truncated
    assert not np.array_equal(first, second)
    assert env.render().shape == (8, 8, 3)


def test_time_limit_is_truncation():
    env = gymnasium.make(TMAZE, max_episode_len=3)
    env.reset(seed=0)
    flags = [env.step(3)[2:4] for _ in range(3)]
    assert flags == [(False, False), (False, False), (False, True)]


@pytest.mark.parametrize("limit", [3, 4])
def test_termination_is_truncation_only_at_the_limit(limit):
    env = to_gymnasium("tmaze", length=1, max_episode_len=limit)
    env.reset(seed=0)
    env.step(2)
    env.step(2)
    *_, terminated, truncated, _ = env.step(0)
    assert terminated and truncated == (limit == 3)


def test_seed_decides_the_episodes():
    env = gymnasium.make(TMAZE)
    goals = [tuple(env.reset(seed=7 if i == 0 else None)[0]) for i in range(8)]
    again = [tuple(env.reset(seed=7 if i == 0 else None)[0]) for i in range(8)]
    assert goals == again and len(set(goals)) == 2


def test_rendered_frame_is_the_worlds():
    world = make("tmaze", length=3)
    env = to_gymnasium(world, "rgb_array")
    obs, _ = env.reset(seed=0)
    frame = env.render()
    # The first entry is the cue of a goal above, which is goal 0.
    state = TMazeState(jnp.int32(0), jnp.int32(1 - obs[0]))
    assert np.array_equal(frame, world.render(state))


def test_one_compiled_batch_equals_gymnasiums_own_vector():
    ours, theirs = vector("vector_entry_point"), vector("sync")
    assert ours.metadata["autoreset_mode"] == AutoresetMode.NEXT_STEP
    assert theirs.metadata["autoreset_mode"] == AutoresetMode.NEXT_STEP
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    np.testing.assert_array_equal(ours.reset(seed=3)[0], theirs.reset(seed=3)[0])
    ours.action_space.seed(0)
    num_ended = 0
    for _ in range(60):
        action = ours.action_space.sample()
        a, b = ours.step(action), theirs.step(action)
        for x, y in zip(a[:4], b[:4], strict=True):
            np.testing.assert_array_equal(x, y)
            assert x.dtype == y.dtype
        num_ended += int((a[2] | a[3]).sum())
    assert num_ended > 5


def test_vector_renders_every_lane():
    envs = vector("vector_entry_point", render_mode="rgb_array")
    envs.reset(seed=0)
    frames = envs.render()
    assert len(frames) == 3 and frames[0].shape == (40, 48, 3)


def test_vector_seeds_by_lane():
    envs = vector("vector_entry_point")
    one, _ = envs.reset(seed=[5, 6, 7])
    np.testing.assert_array_equal(one, envs.reset(seed=5)[0])
    with pytest.raises(ConfigError, match="2 seeds for 3 environments"):
        envs.reset(seed=[1, 2])


def test_errors_say_what_to_do():
    env = to_gymnasium("tmaze")
    with pytest.raises(
        ConfigError, match=r"no episode has begun: call reset\(\) first"
    ):
        env.step(0)
    env.reset(seed=0)
    with pytest.raises(
        ConfigError, match=r"action 9 is not in the action space Discrete\(4\) of TMaze"
    ):
        env.step(9)
    with pytest.raises(ConfigError, match="unknown field of TMaze 'lenght'"):
        gymnasium.make(TMAZE, lenght=3)
    with pytest.raises(ConfigError, match=r"TMaze\.length=0 must be at least 1"):
        gymnasium.make(TMAZE, length=0)
    with pytest.raises(ConfigError, match="render_mode='human' is not one of"):
        to_gymnasium("tmaze", "human")
    with pytest.raises(ConfigError, match="a game of several agents; Gymnasium knows"):
        to_gymnasium(RepeatedMatchingPennies())


def test_masks_are_in_the_info_and_what_samples_take():
    env = to_gymnasium(Cards())
    obs, info = env.reset(seed=3)
    for _ in range(30):
        np.testing.assert_array_equal(info["action_mask"], obs)
        assert info["action_mask"].dtype == np.int8
        action = env.action_space.sample(info["action_mask"])
        obs, reward, terminated, truncated, info = env.step(action)
        assert reward >= 0
        if terminated or truncated:
            obs, info = env.reset()
    assert "action_mask" not in to_gymnasium("tmaze").reset()[1]


def test_records_are_dictionaries():
    env, world = to_gymnasium(Letter()), Letter()
    check_env(env, skip_render_check=True)
    assert list(env.action_space) == ["word", "aim", "send"]
    obs, info = env.reset(seed=1)
    assert env.observation_space.contains(obs)
    assert info["action_mask"]["aim"] is None
    assert info["action_mask"]["send"].tolist() == [1, 0]
    action = env.action_space.sample(info["action_mask"])
    obs, *_, info = env.step(action)
    assert env.observation_space.contains(obs) and info["action_mask"]["send"][1]
    env = WorldVectorEnv(world, 3)
    _, infos = env.reset(seed=1)
    assert infos["action_mask"]["word"].shape == (3, 4) and infos["_action_mask"].all()
    obs, reward, *_ = env.step(env.action_space.sample())
    assert env.observation_space.contains(obs) and reward.shape == (3,)


def test_a_fresh_lane_has_the_mask_of_its_start():
    env = WorldVectorEnv(Cards(), 4)
    obs, infos = env.reset(seed=0)
    for _ in range(12):
        np.testing.assert_array_equal(infos["action_mask"], obs)
        obs, *_, infos = env.step(np.argmax(infos["action_mask"], axis=-1))

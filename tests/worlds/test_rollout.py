"""Lanes: starts, ends, time limits, statistics, games and passive worlds."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from foreworld.testing.games import CueProbe, EndlessProbe, RepeatedMatchingPennies
from foreworld.users.random_policy import RandomPolicy
from foreworld.worlds.lanes import run_lanes, start_lanes
from foreworld.worlds.policy import AbstractPolicy
from foreworld.worlds.pomdp.tmaze import TMaze
from foreworld.worlds.rollout import rollout


class Counting(AbstractPolicy):
    """Remembers how often it acted and shows it as the parity of its action."""

    def init_memory(self):
        return jnp.int32(0)

    def act(self, memory, obs, key, turn=None):
        return memory + 1, memory % 2


@functools.cache
def program(world, policy, num_steps, num_lanes):
    return jax.jit(lambda key: rollout(world, policy, key, num_steps, num_lanes))


def play(world, num_steps=30, num_lanes=4, seed=0, policy=None):
    run = program(world, policy or RandomPolicy(world), num_steps, num_lanes)
    return jax.tree.map(np.asarray, run(jax.random.key(seed)))


def test_time_limit_truncates_and_does_not_terminate():
    played = play(EndlessProbe(max_episode_len=4), num_steps=9)
    assert not played.terminated.any()
    np.testing.assert_array_equal(played.truncated, played.ended)
    assert played.ended[:, 0].nonzero()[0].tolist() == [3, 7]
    assert played.starts[:, 0].nonzero()[0].tolist() == [0, 4, 8]
    assert played.episode_len[:, 0].tolist() == [1, 2, 3, 4, 1, 2, 3, 4, 1]
    assert played.episode_return[:4, 0].tolist() == [1, 2, 3, 4]
    assert played.discounted_return[:5, 0].tolist() == [1, 1.5, 1.75, 1.875, 1]


def test_no_limit_goes_on():
    played = play(EndlessProbe(max_episode_len=0), num_steps=9)
    assert not played.ended.any()
    assert played.episode_len[-1, 0] == 9


def test_an_end_in_the_last_allowed_step_is_both():
    played = play(CueProbe(delay=2, max_episode_len=3))
    assert played.ended[2].all() and played.terminated[2].all()
    assert played.truncated[2].all() and not played.truncated[:2].any()


def test_last_action_is_forgotten_at_a_start():
    played = play(TMaze(length=1), num_steps=200)
    assert played.ended.any()
    assert (played.last_action[played.starts] == 0).all()
    before = np.eye(4)[played.action[:-1]]
    going_on = ~played.starts[1:]
    np.testing.assert_array_equal(played.last_action[1:][going_on], before[going_on])


def test_next_obs_is_of_the_state_reached():
    played = play(TMaze(length=1), num_steps=200)
    ended = played.ended[:-1]
    np.testing.assert_array_equal(played.next_obs[:-1][~ended], played.obs[1:][~ended])
    # An episode ends at the junction, and the next one starts at a cue.
    assert (played.next_obs[:-1][ended][:, 3] == 1).all()
    assert (played.obs[1:][ended][:, :2].sum(-1) == 1).all()


def test_starts_are_independent_and_reproducible():
    played = play(CueProbe(), num_steps=500, num_lanes=4)
    assert played.ended.all()
    cues = played.obs[..., 0]
    assert abs(cues.mean() - 0.5) < 0.05
    assert np.abs(np.corrcoef(cues.T) - np.eye(4)).max() < 0.2
    assert abs(np.corrcoef(cues[:-1, 0], cues[1:, 0])[0, 1]) < 0.2
    again = play(CueProbe(), num_steps=500, num_lanes=4)
    jax.tree.map(np.testing.assert_array_equal, again, played)
    other = play(CueProbe(), num_steps=500, num_lanes=4, seed=1)
    assert (other.obs != played.obs).any()


def test_memory_is_emptied_at_starts():
    played = play(CueProbe(delay=2), num_steps=9, policy=Counting())
    assert played.action[:, 0].tolist() == [0, 1, 0, 0, 1, 0, 0, 1, 0]


def test_a_game_has_everything_by_agent():
    played = play(RepeatedMatchingPennies(num_rounds=3), num_steps=7)
    assert played.ended[:, 0].nonzero()[0].tolist() == [2, 5]
    total = played.episode_return
    np.testing.assert_array_equal(total["even"], -total["odd"])
    assert played.last_action["odd"].shape == (7, 4, 2)
    assert (played.last_action["odd"][played.starts] == 0).all()
    same = played.action["even"] == played.action["odd"]
    np.testing.assert_array_equal(played.reward["even"], np.where(same, 1, -1))


def test_lanes_go_on_from_where_they_are():
    world, key = EndlessProbe(max_episode_len=5), jax.random.key(0)

    def act(memory, now, noise):
        return memory, jnp.zeros(2, jnp.int32), now.lanes.num_steps

    lanes = start_lanes(world, key, 2)
    lanes, _, _, (first,) = run_lanes(world, lanes, None, act, jnp.zeros(3), key)
    _, _, second, (record,) = run_lanes(world, lanes, None, act, jnp.zeros(4), key)
    assert first[:, 0].tolist() == [0, 1, 2]
    assert record[:, 0].tolist() == [3, 4, 0, 1]
    assert second.episode_return[:, 0].tolist() == [4, 5, 1, 2]

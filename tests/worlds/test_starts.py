"""Starts: at chosen points, and drawn only where an episode ends."""

import functools
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.core import opened
from foreworld.core.errors import ConfigError
from foreworld.core.keys import root_key
from foreworld.core.spaces import Box, Discrete
from foreworld.testing import CheckError, CueProbe, PointsGame, check_world
from foreworld.testing.points import GUESSER, TELLER
from foreworld.users.random_policy import RandomPolicy
from foreworld.worlds.base import AbstractWorld, Step
from foreworld.worlds.episode import begin
from foreworld.worlds.rollout import rollout

NUM = 5


@pytest.fixture(scope="module")
def game(tmp_path_factory):
    path = tmp_path_factory.mktemp("points") / "points.npz"
    place = np.arange(2 * NUM, dtype=np.float32).reshape(NUM, 2)
    worth = np.float32([1, 2, 4, 8, 16])
    np.savez(path, place=place, side=np.arange(NUM, dtype=np.int32) % 2, worth=worth)
    return PointsGame(str(path))


def test_each_point_is_visited_once(game):
    played = rollout(game, RandomPolicy(game), root_key(0), 1, NUM, range(NUM))
    assert played.reward[TELLER][0].tolist() == [1, 2, 4, 8, 16]
    some = rollout(game, RandomPolicy(game), root_key(0), 1, 2, [3, 1])
    assert some.obs[GUESSER][0, :, 0].tolist() == [6, 2]
    open_game = opened(game)
    assert begin(open_game, root_key(0), 4).state.index == 4
    check_world(game)


def test_what_has_no_points_says_so(game):
    probe = CueProbe()
    said = r"CueProbe has no points to start at by number .* Leave the number out"
    with pytest.raises(ConfigError, match=said):
        rollout(probe, RandomPolicy(probe), root_key(0), 1, 1, [0])
    policy = RandomPolicy(game)
    with pytest.raises(ConfigError, match=r"has no point 5\. It has points 0 to 4"):
        rollout(game, policy, root_key(0), 1, 2, [0, 5])
    with pytest.raises(ConfigError, match=r"\[1\] numbers, but there are 2 lanes"):
        rollout(game, policy, root_key(0), 1, 2, [0])


class Stuck(CueProbe):
    """Whatever the number, it starts at the same point."""

    @property
    def num_starts(self):
        return 2

    def reset_at(self, index, key):
        return self.reset(key)


def test_a_number_that_chooses_nothing_is_found():
    with pytest.raises(CheckError, match=r"reset_at: the first 2 points give the same"):
        check_world(Stuck())


class Chance(AbstractWorld):
    """Ends at random; where it starts is drawn, and drawing is told of."""

    costly: bool = False
    discount: float = 0.9
    max_episode_len: int = 20
    told: ClassVar[list] = []

    @property
    def costly_reset(self):
        return self.costly

    @property
    def action_space(self):
        return Discrete(2)

    @property
    def observation_space(self):
        return Box(0.0, 1.0, ())

    def reset(self, key):
        place = jax.random.uniform(key)
        jax.debug.callback(self.told.append, place)
        return place, place

    def step(self, state, action, key):
        over = jax.random.bernoulli(key, jnp.float32(0.2))
        return Step(state, state, state, over, jnp.asarray(False))

    def render(self, state):
        return jnp.zeros((2, 2, 1), jnp.uint8)


@functools.cache
def played(costly):
    world = Chance(costly=costly)
    world.told.clear()
    runs = jax.jit(
        jax.vmap(lambda key: rollout(world, RandomPolicy(world), key, 30, 4))
    )
    shown = jax.block_until_ready(runs(jax.random.split(root_key(0), 2)))
    jax.effects_barrier()
    return shown, len(world.told)


def test_costly_starts_are_drawn_where_episodes_end():
    usual, num_usual = played(False)
    costly, num_costly = played(True)
    jax.tree.map(np.testing.assert_array_equal, usual, costly)
    assert num_usual == 2 * 4 * (1 + 30)
    # Each of two runs draws where the other does, too.
    ended = np.asarray(costly.ended).sum(-1)
    assert num_costly == 2 * 4 + 2 * ended.max(0).sum()
    assert num_costly < num_usual / 2

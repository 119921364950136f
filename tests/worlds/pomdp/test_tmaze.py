"""T-maze: optimum, observations, slipping, pictures."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.compat.worlds.pobax_tmaze import PobaxTMaze
from foreworld.core.errors import ConfigError
from foreworld.core.parts.partition import combine, partition
from foreworld.worlds.policy import AbstractPolicy
from foreworld.worlds.pomdp.tmaze import DOWN, LEFT, RIGHT, UP, TMaze, TMazeState
from foreworld.worlds.rollout import rollout
from foreworld.worlds.wrappers.last_action import LastAction


class Scripted(AbstractPolicy):
    """Goes right and turns at the junction: as the cue said, or always up."""

    looks: bool

    def init_memory(self):
        return jnp.int32(UP)

    def act(self, memory, obs, key, turn=None):
        seen = jnp.where(obs[1] > 0, DOWN, jnp.where(obs[0] > 0, UP, memory))
        memory = jnp.where(self.looks, seen, memory)
        return memory, jnp.where(obs[3] > 0, memory, RIGHT)


OPTIMA = {5: 3.765921, 10: 3.581353, 20: 3.238911, 50: 2.395824}
MEMORYLESS = {5: 1.835886, 10: 1.745910}


@pytest.mark.fact("pomdp-rl", 1)
@pytest.mark.parametrize("length", OPTIMA)
def test_fact_1_tmaze_optimum(length):
    world = TMaze(length=length)
    program = jax.jit(
        lambda looks: rollout(
            world, Scripted(looks), jax.random.key(0), length + 2, num_lanes=16
        )
    )
    played = program(True)
    assert not played.ended[:-1].any() and played.ended[-1].all()
    assert (played.episode_len[-1] == length + 2).all()
    np.testing.assert_allclose(played.discounted_return[-1], OPTIMA[length], 1e-6)
    np.testing.assert_allclose(played.episode_return[-1], 4.0)
    # Both goals occur; the mean over a fair coin is what no memory can beat.
    both = np.unique(np.asarray(program(False).discounted_return[-1]))
    assert len(both) == 2
    if length in MEMORYLESS:
        np.testing.assert_allclose(both.mean(), MEMORYLESS[length], 1e-6)


@pytest.mark.fact("pomdp-rl", 10)
def test_fact_10_tmaze_action_concat():
    for world, size in ((TMaze(), 4), (LastAction(TMaze()), 8)):
        assert world.observation_space.flat_size == size
    wrapped = LastAction(TMaze())
    state, obs = wrapped.reset(jax.random.key(0))
    assert obs["action"].tolist() == [0, 0, 0, 0] and obs["obs"].shape == (4,)
    step = wrapped.step(state, jnp.int32(RIGHT), jax.random.key(1))
    assert step.obs["action"].tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize(
    ("world", "above", "below"),
    [
        (TMaze(length=3), "1000 0010 0010 0001", "0100 0010 0010 0001"),
        (
            TMaze(length=3, perfect_memory=True),
            "1000 1010 1010 1001",
            "0100 0110 0110 0101",
        ),
        (PobaxTMaze(length=3), "0100 0100 0100 0010", "1100 0100 0100 0010"),
        (
            PobaxTMaze(length=3, perfect_memory=True),
            "0100 0100 0100 0010",
            "1100 1100 1100 1010",
        ),
    ],
)
def test_observations(world, above, below):
    for goal, expected in enumerate((above, below)):
        states = [TMazeState(jnp.int32(x), jnp.int32(goal)) for x in (0, 1, 3, 4)]
        seen = [world.observe(state).astype(int) for state in states]
        assert " ".join("".join(map(str, row.tolist())) for row in seen) == expected


def test_moves_and_rewards():
    world, key = TMaze(length=2), jax.random.key(0)
    step = jax.jit(world.step)

    def go(x, goal, action):
        out = step(TMazeState(jnp.int32(x), jnp.int32(goal)), jnp.int32(action), key)
        return (
            int(out.state.position),
            round(float(out.reward), 3),
            bool(out.terminated),
        )

    assert go(0, 0, LEFT) == (0, 0.0, False)
    assert go(0, 0, UP) == (0, 0.0, False)
    assert go(1, 0, DOWN) == (1, 0.0, False)
    assert go(2, 0, RIGHT) == (3, 0.0, False)
    assert go(3, 0, RIGHT) == (3, 0.0, False)
    assert go(3, 0, LEFT) == (2, 0.0, False)
    assert go(3, 0, UP) == (4, 4.0, True)
    assert go(3, 0, DOWN) == (4, -0.1, True)
    assert go(3, 1, UP) == (4, -0.1, True)
    assert go(3, 1, DOWN) == (4, 4.0, True)


def test_slipping_is_a_traced_share_of_actions():
    static, traced, *rest = partition(TMaze(length=2))
    keys = jax.random.split(jax.random.key(1), 2000)
    state = TMazeState(jnp.int32(3), jnp.int32(0))

    def turned(slip_prob):
        world = combine(static, {**traced, "slip_prob": slip_prob}, *rest)
        step = jax.vmap(lambda key: world.step(state, jnp.int32(UP), key))(keys)
        return step.terminated.mean(), (step.reward == 4.0).mean()

    shares = jax.jit(jax.vmap(turned))(jnp.asarray([0.0, 0.25, 1.0]))
    for share in shares:
        np.testing.assert_allclose(share, [1.0, 0.75, 0.0], atol=0.03)
        assert share[0] == 1.0 and share[2] == 0.0


def test_picture():
    world = TMaze(length=3)
    render = jax.jit(world.render)
    start, later = (
        np.asarray(render(TMazeState(jnp.int32(x), jnp.int32(0)))) for x in (0, 4)
    )
    assert start.shape == later.shape == (40, 56, 3) and start.dtype == np.uint8
    agent = (start == (40, 90, 220)).all(-1), (later == (40, 90, 220)).all(-1)
    assert agent[0].any(0).nonzero()[0].mean() == 11.5
    assert agent[1].any(0).nonzero()[0].mean() == 43.5
    # The goal above is in the upper half, that below in the lower half.
    below = np.asarray(render(TMazeState(jnp.int32(0), jnp.int32(1))))
    green = [(frame == (40, 160, 70)).all(-1).any(1) for frame in (start, below)]
    assert green[0].nonzero()[0].max() < 20 < green[1].nonzero()[0].min()


def test_refusals():
    with pytest.raises(ConfigError, match=r"TMaze.length=0 must be at least 1\."):
        TMaze(length=0)

"""A world's own measures: pooled at episodes' ends, and what ranks the runs."""

from typing import Annotated

import jax
import jax.numpy as jnp
import numpy as np

from foreworld.core.disk.folder import read_json
from foreworld.core.keys import root_key
from foreworld.core.parts.part import Traced
from foreworld.core.spaces import Box, Discrete
from foreworld.learners.ppo.ppo import PPO
from foreworld.networks.mlp import MLP
from foreworld.sweeps.results.gather import results
from foreworld.sweeps.results.selection import best
from foreworld.sweeps.run.sweep import run_experiment
from foreworld.train.parameters import Parameters
from foreworld.users.random_policy import RandomPolicy
from foreworld.worlds.base import AbstractWorld, EpisodeLen, Step
from foreworld.worlds.rollout import measure_names, rollout


class Doors(AbstractWorld):
    """Two doors, twice: behind the second one of the second room is what is sought."""

    discount: Annotated[float, Traced(low=0, high=1)] = 0.9
    """discount factor"""
    max_episode_len: EpisodeLen = 5
    """steps"""

    @property
    def action_space(self):
        return Discrete(2)

    @property
    def observation_space(self):
        return Box(0.0, 1.0, (1,))

    @property
    def score(self):
        return "found"

    def measures(self, state):
        rooms, door = state.astype(jnp.float32)
        return {"found": door, "rooms": rooms}

    def reset(self, key):
        return jnp.zeros(2, jnp.int32), jnp.zeros(1, jnp.float32)

    def step(self, state, action, key):
        new = jnp.stack([state[0] + 1, action]).astype(jnp.int32)
        over = new[0] >= 2
        obs = jnp.ones(1, jnp.float32)
        return Step(new, obs, jnp.float32(0), over, jnp.asarray(False))

    def render(self, state):
        return jnp.zeros((1, 1, 1), jnp.uint8)


def test_a_rollout_holds_the_measures_of_the_states_reached():
    world = Doors()
    assert measure_names(world) == ["found", "rooms"]
    policy = RandomPolicy(world)
    played = jax.jit(lambda key: rollout(world, policy, key, 8, 3))(root_key(0))
    assert played.measures["rooms"].dtype == jnp.float32
    np.testing.assert_array_equal(played.measures["rooms"][played.ended], 2.0)
    np.testing.assert_array_equal(played.measures["found"], played.action == 1)
    assert played.ended.sum() == 12


def test_the_worlds_score_ranks_the_runs(tmp_path):
    learner = PPO(
        network=MLP(hidden_size=4),
        num_envs=2,
        num_steps=8,
        num_minibatches=2,
        num_epochs=1,
        total_steps=48,
        eval_num_lanes=4,
    )
    assert learner.score_on(Doors()) == "found"
    study = run_experiment(
        Parameters(Doors(), learner), seeds=2, out=tmp_path / "run", quiet=True
    )
    assert read_json(study.path / "config.json")["score"] == "found"
    table = results(study, write=False)
    assert table.attrs["score"] == "found"
    assert (table["rooms"] == 2).all() and (table["val_rooms"] == 2).all()
    found = table["test_found"].values
    assert ((found >= 0) & (found <= 1)).all()
    # Of the training curve, where there is one of that name.
    assert best(study).metric == "found"

"""Gymnasium spaces made of several, against Gymnasium's own flattening."""

from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.spaces import utils

from foreworld.core.errors import ConfigError
from foreworld.core.spaces import Box, Discrete, Record
from foreworld.users.random_policy import RandomPolicy
from foreworld.worlds.adapters._compound import (
    Observations,
    action_space,
    code_like,
    code_of,
    decoded,
    foreign_action,
)
from foreworld.worlds.make import make
from foreworld.worlds.rollout import rollout

UNIT = spaces.Box(-1, 1, (2, 2), np.float32)
KINDS: dict[str, Any] = {
    "dict": spaces.Dict({"b": UNIT, "a": spaces.Discrete(3)}),
    "tuple": spaces.Tuple([spaces.Discrete(4), UNIT, spaces.Discrete(2)]),
    "multi discrete": spaces.MultiDiscrete([3, 2, 5]),
    "a square of choices": spaces.MultiDiscrete([[3, 2], [2, 4]]),
    "counted from 1": spaces.MultiDiscrete([3, 2], start=[1, 1]),
    "multi binary": spaces.MultiBinary(4),
    "nested": spaces.Dict(
        {
            "in": spaces.Tuple([spaces.MultiBinary((2, 2)), UNIT]),
            "n": spaces.Discrete(2),
        }
    ),
    "simple": spaces.Discrete(3),
    "box": UNIT,
}


@pytest.mark.parametrize("kind", KINDS)
def test_observations_are_flattened_as_gymnasium_does(kind):
    foreign = KINDS[kind]
    foreign.seed(0)
    ours = Observations(foreign, "it")
    for _ in range(5):
        value = foreign.sample()
        seen = np.asarray(ours.seen(value), ours.space.dtype)
        assert ours.space.contains(jnp.asarray(seen))
        if kind not in ("simple", "box"):
            np.testing.assert_allclose(seen, utils.flatten(foreign, value), rtol=1e-6)
            assert seen.shape == utils.flatten_space(foreign).shape


@pytest.mark.parametrize("kind", KINDS)
def test_actions_are_elements_of_the_environments_space(kind):
    foreign, ours = KINDS[kind], action_space(KINDS[kind], "it")
    for i in range(5):
        action = ours.sample(jax.random.key(i))
        code = code_of(ours, action)
        like = code_like(ours)
        assert (code.shape, code.dtype) == (like.shape, like.dtype)
        again = decoded(ours, np.asarray(code))
        jax.tree.map(np.testing.assert_array_equal, action, again)
        given = foreign_action(foreign, again)
        assert foreign.contains(given), given
        if "binary" not in kind and kind != "nested":
            flat = utils.flatten(foreign, given)
            np.testing.assert_allclose(ours.flatten(action).ravel(), flat, rtol=1e-6)


def test_fields_of_actions():
    assert action_space(KINDS["dict"], "it") == Record(
        {"a": Discrete(3), "b": Box(-1.0, 1.0, (2, 2))}
    )
    assert action_space(KINDS["multi binary"], "it").fields["3"] == Discrete(2)


def test_what_has_no_fixed_size_is_refused():
    many = spaces.Sequence(spaces.Discrete(2))
    with pytest.raises(ConfigError, match=r"it is a Sequence\. Known are Discrete"):
        action_space(many, "it")
    with pytest.raises(ConfigError, match=r"it is a Dict\. Known are"):
        Observations(spaces.Dict({"a": many}), "it")
    with pytest.raises(ConfigError, match=r"it\[a\] is a Text"):
        action_space(spaces.Dict({"a": spaces.Text(3)}), "it")


class Parts(gymnasium.Env):
    """Shows what was done last."""

    action_space = spaces.Dict({"go": spaces.MultiDiscrete([3, 2]), "turn": UNIT})
    observation_space = spaces.Dict({"last": action_space, "t": spaces.Discrete(9)})

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.t = 0
        last = {"go": np.zeros(2, np.int64), "turn": np.zeros((2, 2), np.float32)}
        return {"last": last, "t": 0}, {}

    def step(self, action: Any) -> Any:
        self.t += 1
        seen = {"last": action, "t": self.t}
        return seen, float(action["go"][0]), self.t >= 6, False, {}


def test_an_environment_of_several_parts_is_a_world():
    gymnasium.register("Parts-v0", Parts)
    world = make("gymnasium", env="Parts-v0", max_episode_len=8)
    world.rehearse()
    found = rollout(world, RandomPolicy(world), jax.random.key(0), 7, 2)
    assert world.observation_space == Box(-1.0, 1.0, (18,))
    go = found.action["go"]
    np.testing.assert_array_equal(found.reward, go["0"])
    np.testing.assert_array_equal(found.next_obs[..., :3], jax.nn.one_hot(go["0"], 3))
    turned = found.action["turn"].reshape(7, 2, 4)
    np.testing.assert_allclose(found.next_obs[..., 5:9], turned, rtol=1e-6)
    assert found.terminated[5].all()

"""The check of worlds: what keeps the contract passes, what breaks it is named."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.core.spaces import Box, Discrete
from foreworld.testing.checks import CheckError
from foreworld.testing.games import CueProbe, EndlessProbe, RepeatedMatchingPennies
from foreworld.testing.masked import Letter, Nim
from foreworld.testing.worlds import check_world
from foreworld.worlds.base import AbstractWorld, Step
from foreworld.worlds.wrappers.last_action import LastAction

KEY = jax.random.key(0)


@pytest.mark.parametrize(
    "world",
    [RepeatedMatchingPennies(), CueProbe(delay=2), EndlessProbe()],
    ids=lambda world: type(world).__name__,
)
def test_probes_pass(world):
    check_world(world, KEY)


class Broken(AbstractWorld):
    """A walk of three steps, with one thing wrong at a time."""

    how: str = "not"
    discount: float = 1.0
    max_episode_len: int = 10

    @property
    def action_space(self):
        return Discrete(2)

    @property
    def observation_space(self):
        return Box(0.0, 1.0, (1,))

    def reset(self, key):
        return self.state(0), jnp.zeros(1)

    def state(self, x):
        return jnp.asarray(x, jnp.float32)

    def step(self, state, action, key):
        new = state + 1
        over = new >= 3
        obs = jnp.full(1, new / 3.0)
        reward = jnp.float32(1.0)
        if self.how == "outside":
            obs = obs + 1.0
        if self.how == "resets":
            new = jnp.where(over, self.state(0), new)
        if self.how == "counts":
            return Step(new, obs, reward, over, new >= self.max_episode_len)
        if self.how == "cuts":
            return Step(new, obs, reward, over, new >= 2)
        if self.how == "draws":
            reward = jnp.float32(np.random.uniform())
        if self.how == "goes on":
            over = jnp.asarray(False)
            obs = jnp.clip(obs, 0, 1)
        if self.how == "ends":
            over = over | (new >= self.max_episode_len)
        if self.how == "state":
            new = new.astype(jnp.int32)
        if self.how == "reward":
            reward = jnp.ones(1)
        if self.how == "nan":
            reward = jnp.where(over, jnp.nan, 1.0)
        if self.how == "gradient":
            reward = jnp.sqrt(jnp.maximum(state, 0.0)) * 0
        return Step(new, obs, reward, over, jnp.asarray(False))

    def allowed(self, state):
        if self.how == "mask":
            return jnp.stack([state < 0.5, state < 0.25])
        return None

    def render(self, state):
        shade = jnp.uint8(255) if self.how != "frame" else jnp.float32(1.0)
        return jnp.full((4, 4, 3), shade)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("outside", r"Broken\.step: obs \[1.333.*\] is outside of Box"),
        ("resets", "seems to start a new episode where one ends"),
        ("counts", r"Broken\.step sets truncated by max_episode_len\. Leave the limit"),
        (
            "cuts",
            r"Broken\.step: truncated is True in step 2 of an episode\. Leave it False",
        ),
        ("draws", r"Broken\.step: it draws from the global random numbers"),
        (
            "goes on",
            r"max_episode_len=0 sets no time limit, and nothing else ended any",
        ),
        ("ends", r"Broken\.step sets terminated by max_episode_len"),
        ("reward", r"Broken\.step: reward must be one float32, got float32\[1\]"),
        ("mask", r"Broken\.allowed: it forbids all 2 choices, and one has to be"),
        ("nan", r"Broken\.step: reward is nan; it must be finite"),
        ("gradient", "gradient of a step: .* is not finite"),
        ("frame", r"Broken\.render: it must give uint8.*got float32\[4, 4, 3\]"),
    ],
)
def test_broken_worlds_are_named(how, message):
    with pytest.raises(CheckError, match=message):
        check_world(Broken(how=how, max_episode_len=0 if how == "goes on" else 10), KEY)


def test_a_sound_world_of_the_same_kind_passes():
    check_world(Broken(how="not"), KEY)


class Cart(AbstractWorld):
    """A place that is pushed about, begins anywhere near 0 and ends far out."""

    resets: bool = True
    discount: float = 0.9
    max_episode_len: int = 50

    @property
    def action_space(self):
        return Discrete(2)

    @property
    def observation_space(self):
        return Box(-9.0, 9.0, (1,))

    def reset(self, key):
        place = jax.random.uniform(key, (), jnp.float32, -0.5, 0.5)
        return place, place[None]

    def step(self, state, action, key):
        place = state + jnp.where(action == 1, 0.5, -0.4)
        over = jnp.abs(place) > 2
        if self.resets:
            place = jnp.where(over, self.reset(key)[0], place)
        return Step(place, place[None], jnp.float32(1), over, jnp.asarray(False))

    def render(self, state):
        return jnp.zeros((4, 4, 1), jnp.uint8)


def test_a_reset_to_a_random_start_is_found():
    check_world(Cart(resets=False), KEY)
    with pytest.raises(CheckError, match="seems to start a new episode where one ends"):
        check_world(Cart(), KEY)


class Cut(Broken):
    """What an adapter of a foreign environment is."""

    @property
    def truncates(self):
        return True


def test_an_adapter_may_truncate():
    check_world(Cut(how="cuts"), KEY)
    check_world(LastAction(Broken()), KEY)
    with pytest.raises(
        CheckError, match=r"LastAction\.step: truncated is True in step 2"
    ):
        check_world(LastAction(Broken(how="cuts")), KEY)


@pytest.mark.parametrize("world", [Letter(), Nim()], ids=["Letter", "Nim"])
def test_records_and_masks_keep_the_contract(world):
    check_world(world, KEY)

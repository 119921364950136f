"""No policy of ours makes a forbidden move, in any game or world with rules."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from contracts.small import small, small_world

from foreworld.core.errors import ConfigError, FitError
from foreworld.core.keys import root_key
from foreworld.core.registry import entries
from foreworld.data.making.sequence import episode
from foreworld.play.hands.hands import Hands
from foreworld.play.stage.episode import Episode
from foreworld.play.web.messages import Act
from foreworld.testing.checks import CheckError
from foreworld.testing.games import RepeatedMatchingPennies
from foreworld.testing.masked import Cards, Letter, Nim
from foreworld.testing.policies import check_policy
from foreworld.users.random_policy import RandomPolicy
from foreworld.worlds.policy import AbstractPolicy, JointPolicy
from foreworld.worlds.rollout import rollout

PROBES = [Cards(), Letter(), Nim(), RepeatedMatchingPennies()]


@functools.cache
def with_rules():
    """The registry's games and worlds with masks, and the probes."""
    worlds = [small_world(name) for name in entries("worlds")]
    return [*PROBES, *(world for world in worlds if has_rules(world))]


def has_rules(world):
    state, _ = jax.eval_shape(world.reset, root_key(0))
    return jax.eval_shape(world.turn, state) is not None


def sharpened(policy):
    """The same policy with weights so large that it is sure of what it does."""
    floats, rest = eqx.partition(policy, eqx.is_inexact_array)
    return eqx.combine(jax.tree.map(lambda x: 50 * x, floats), rest)


def policies_for(world):
    for name, entry in entries("users").items():
        yield name, entry.load()(world)
    for name in entries("learners"):
        learner = small(name)
        try:
            learner.check_fit(world)
        except FitError:
            continue
        state = learner.init(root_key(1), world)
        try:
            yield name, sharpened(learner.policy(state, world))
        except FitError:
            continue


def check_all(num_episodes):
    tried = set()
    for world in with_rules():
        for name, policy in policies_for(world):
            check_policy(policy, world, num_episodes=num_episodes)
            tried.add(name)
    assert {"random_policy", "ppo"} <= tried


def test_no_policy_of_ours_breaks_the_rules():
    check_all(64)


@pytest.mark.slow
def test_no_policy_of_ours_breaks_the_rules_in_a_thousand_episodes():
    check_all(1000)


class Stubborn(AbstractPolicy):
    """Always the same action, whatever is allowed."""

    action: int = 1

    def init_memory(self):
        return jnp.int32(0)

    def act(self, memory, obs, key, turn=None):
        return memory + 1, jnp.int32(self.action)


class Forgetful(Stubborn):
    """Keeps the rules, but its memory changes its type."""

    def act(self, memory, obs, key, turn=None):
        return jnp.float32(0), jnp.argmax(turn.allowed).astype(jnp.int32)


def test_a_policy_that_breaks_the_rules_is_named():
    with pytest.raises(
        CheckError,
        match=r"Stubborn makes a forbidden move in Cards, step \d+ of lane \d+.*"
        r"Look at turn\.allowed",
    ):
        check_policy(Stubborn(), Cards())
    joint = JointPolicy({"first": RandomPolicy(Cards()), "second": Stubborn(2)})
    with pytest.raises(CheckError, match="forbidden move of 'second' in Nim"):
        check_policy(JointPolicy({**joint.policies, "first": Stubborn(0)}), Nim())
    with pytest.raises(CheckError, match="Forgetful: memory before and after"):
        check_policy(Forgetful(), Cards())
    with pytest.raises(
        ConfigError, match=r"Stubborn acts for one agent.*Nim has first"
    ):
        check_policy(Stubborn(), Nim())
    with pytest.raises(ConfigError, match="acts for first; Nim has first, second"):
        rollout(Nim(), JointPolicy({"first": Stubborn()}), root_key(0), 2, 1)


@pytest.mark.parametrize("world", PROBES[:3], ids=lambda world: type(world).__name__)
def test_rollouts_pass_the_turn(world):
    policy = RandomPolicy(world)
    found = jax.jit(lambda key: rollout(world, policy, key, 40, 8))(root_key(2))
    if isinstance(world, Nim):
        # The rules in terms of what is seen: no more than are left.
        left, taken = found.obs["first"], found.action
        for name in world.agents:
            assert np.all(np.asarray(taken[name]) < np.maximum(left, 1))
    elif isinstance(world, Cards):
        chosen = jax.nn.one_hot(found.action, world.num_cards)
        assert np.all(np.sum(chosen * found.obs, axis=-1) == 1)
    else:
        word, wanted = found.action["word"], found.obs["wanted"]
        assert not np.any(word == (wanted - 1) % world.num_words)
        assert not np.any((found.obs["time"] == 0) & (found.action["send"] == 1))
        assert found.last_action.shape == (40, 8, world.action_space.flat_size)


def test_sequences_of_data_sets_pass_the_turn():
    world, key = Cards(), root_key(4)
    made = jax.jit(lambda key: episode(world, RandomPolicy(world), key, 6))(key)
    assert np.all(made.states.num_forbidden == 0) and made.valid[2]


def test_live_play_passes_the_turn_and_ignores_forbidden_keys():
    live = Episode(Cards(), root_key(0), RandomPolicy(Cards()))
    held = np.asarray(live.view.scene.state.held)
    for card in np.flatnonzero(~held):
        assert not live.step(int(card))
        assert live.view.scene.num_steps == 0
    card = int(np.flatnonzero(held)[0])
    assert live.step(card)
    assert live.view.scene.num_steps == 1
    hands = Hands(live, 4)
    hands.handle(Act(card))
    assert hands.notice() == "this action is not allowed here"
    assert live.view.scene.num_steps == 1
    while not live.ended:
        live.step()
    assert live.view.scene.state.num_forbidden == 0


class RemembersItself(AbstractPolicy):
    """The first allowed choice; remembers what it did last, -1 before."""

    def init_memory(self):
        return jnp.int32(-1)

    def act(self, memory, obs, key, turn=None):
        return memory, jnp.argmax(turn.allowed).astype(jnp.int32)

    def acted(self, memory, action, turn=None):
        return action


def test_silent_agents_remember_no_action():
    policy = JointPolicy(dict.fromkeys(Nim().agents, RemembersItself()))
    live = Episode(Nim(), root_key(0), policy)
    live.step({"first": 2})
    assert live.view.scene.memory == {"first": 2, "second": -1}
    live.step()
    assert live.view.scene.memory == {"first": 2, "second": 0}


def test_trained_agents_think_of_what_is_allowed_and_learn_by_the_rules():
    world, learner = Cards(), small("ppo")
    state = learner.init(root_key(0), world)
    update = jax.jit(
        lambda state, key: learner.update(state, world, key, jnp.zeros(()))
    )
    after, metrics = update(state, root_key(1))
    assert np.all(after.lanes.state.num_forbidden == 0)
    assert all(np.all(np.isfinite(one.total)) for one in metrics.values())
    policy = learner.policy(after, world)
    at, obs = world.reset(root_key(3))
    thought = policy.think(policy.init_memory(), obs, world.turn(at))
    np.testing.assert_array_equal(np.asarray(thought.probabilities)[~at.held], 0.0)
    np.testing.assert_allclose(np.sum(thought.probabilities), 1.0, rtol=1e-5)

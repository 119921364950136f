"""One rule for ends, in every path that advances an episode.

Truncated is what the world cuts off itself or what the time limit does, whatever
terminated says.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import gymnasium
import gymnax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct
from gymnax.environments import environment
from gymnax.environments import spaces as gymnax_spaces

from foreworld.core.keys import root_key
from foreworld.core.spaces import Box, Discrete
from foreworld.data.making.sequence import episode as one_sequence
from foreworld.learners.ppo._gae import gae
from foreworld.play.stage.episode import Episode
from foreworld.users.random_policy import RandomPolicy
from foreworld.worlds.adapters._gymnasium_env import WorldEnv, WorldVectorEnv
from foreworld.worlds.adapters._gymnax_env import WorldEnvironment
from foreworld.worlds.adapters.gymnasium import Gymnasium
from foreworld.worlds.adapters.gymnax import Gymnax
from foreworld.worlds.base import AbstractWorld, EpisodeLen, Step, Turn
from foreworld.worlds.episode import advance, begin
from foreworld.worlds.game import AbstractGame
from foreworld.worlds.policy import AbstractPolicy, JointPolicy
from foreworld.worlds.rollout import rollout

LAST = 3
"""The step with which every episode of these worlds may end."""
CASES = [
    (terminates, cuts, limit)
    for terminates in (False, True)
    for cuts in (False, True)
    for limit in (0, LAST, 5)
]
"""Whether the world terminates and cuts off at LAST, and its time limit."""


class Ending(AbstractWorld):
    """Counts steps; says what it is told to say at the third."""

    terminates: bool = False
    cuts: bool = False
    discount: float = 0.9
    max_episode_len: EpisodeLen = 0

    @property
    def action_space(self) -> Discrete:
        return Discrete(2)

    @property
    def observation_space(self) -> Box:
        return Box(0.0, 100.0, (1,))

    def reset(self, key):
        return jnp.int32(0), jnp.zeros(1)

    def step(self, state, action, key):
        state = state + 1
        obs = state[None].astype(jnp.float32)
        last = state == LAST
        return Step(
            state, obs, jnp.float32(1), last & self.terminates, last & self.cuts
        )

    def render(self, state):
        return jnp.zeros((2, 2, 1), jnp.uint8)


class EndingGame(AbstractGame):
    """The same for two agents, of whom the second never ends by itself."""

    terminates: bool = False
    cuts: bool = False
    discount: float = 0.9
    max_episode_len: EpisodeLen = 0

    @property
    def agents(self):
        return ("a", "b")

    @property
    def action_space(self):
        return dict.fromkeys(self.agents, Discrete(2))

    @property
    def observation_space(self):
        return dict.fromkeys(self.agents, Box(0.0, 100.0, (1,)))

    def turns(self, state):
        turn = Turn(jnp.asarray(True), jnp.ones(2, bool))
        return dict.fromkeys(self.agents, turn)

    def reset(self, key):
        return jnp.int32(0), dict.fromkeys(self.agents, jnp.zeros(1))

    def step(self, state, action, key):
        alone = Ending(self.terminates, self.cuts).step(state, None, key)
        no = jnp.asarray(False)
        return Step(
            alone.state,
            dict.fromkeys(self.agents, alone.obs),
            dict.fromkeys(self.agents, alone.reward),
            {"a": alone.terminated, "b": no},
            {"a": alone.truncated, "b": no},
        )

    def render(self, state):
        return jnp.zeros((2, 2, 1), jnp.uint8)


class Nothing(AbstractPolicy):
    """Always the first action."""

    def init_memory(self) -> None:
        return None

    def act(self, memory: Any, obs: Any, key: Any, turn: Any = None) -> tuple[Any, Any]:
        return memory, jnp.int32(0)


class EndingEnv(gymnasium.Env):
    """The world of :class:`Ending` as others write it."""

    action_space = gymnasium.spaces.Discrete(2)
    observation_space = gymnasium.spaces.Box(0, 100, (1,), np.float32)

    def __init__(self, terminates=False, cuts=False):
        self.terminates, self.cuts, self.count = terminates, cuts, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.count += 1
        obs, last = np.full(1, self.count, np.float32), self.count == LAST
        return obs, 1.0, last and self.terminates, last and self.cuts, {}


gymnasium.register("EndingForTests-v0", entry_point=EndingEnv)


@struct.dataclass
class ForeignState(environment.EnvState):
    """Steps so far, in ``time``."""


@struct.dataclass
class ForeignParams:
    """Time limit of the foreign environment."""

    max_steps_in_episode: int = 100


class ForeignEnding(environment.Environment):
    """The same as a gymnax environment."""

    def __init__(self, terminates=False, cuts=False):
        super().__init__()
        self.terminates, self.cuts = terminates, cuts

    @property
    def default_params(self):
        return ForeignParams()

    @property
    def num_actions(self):
        return 2

    def reset_env(self, key, params):
        return jnp.zeros(1), ForeignState(time=jnp.int32(0))

    def step_env(self, key, state, action, params):
        state = ForeignState(time=state.time + 1)
        obs = state.time[None].astype(jnp.float32)
        done = (state.time == LAST) & self.terminates
        return obs, state, jnp.float32(1), done, {}

    def is_truncated(self, state, params):
        return (state.time == LAST) & self.cuts

    def action_space(self, params=None):
        return gymnax_spaces.Discrete(2)

    def observation_space(self, params=None):
        return gymnax_spaces.Box(0, 100, (1,), jnp.float32)


class Ends(NamedTuple):
    """What a path says of one episode: the step of its end, and why."""

    step: int
    terminated: bool
    truncated: bool


def expected(terminates, cuts, limit):
    if limit == LAST:
        return Ends(LAST, terminates, True)
    if terminates or cuts:
        return Ends(LAST, terminates, cuts)
    return Ends(limit, False, True) if limit else None


def first_end(terminated, truncated):
    over = np.flatnonzero(np.asarray(terminated) | np.asarray(truncated))
    if not over.size:
        return None
    at = over[0]
    return Ends(int(at) + 1, bool(terminated[at]), bool(truncated[at]))


def by_hand(world, num=7):
    """One lane, advanced one step after the other."""
    running, flags = begin(world, root_key(0)), []
    while len(flags) < num and not running.ended:
        running, step = advance(world, running, jnp.int32(0), root_key(1))
        assert int(running.num_steps) == len(flags) + 1
        flags.append((bool(step.terminated), bool(step.truncated)))
    return first_end(*np.asarray(flags).T)


def by_rollout(world):
    found = rollout(world, Nothing(), root_key(0), 7, 2)
    ends = [first_end(found.terminated[:, i], found.truncated[:, i]) for i in (0, 1)]
    assert ends[0] == ends[1]
    return ends[0]


def by_data(world):
    made = one_sequence(world, RandomPolicy(world), root_key(0), 8)
    return first_end(made.done["terminated"], made.done["truncated"])


def by_play(world):
    live = Episode(world, root_key(0))
    for count in range(7):
        if live.ended:
            return count
        live.step(0)
    return None


def by_gymnasium(world):
    env, flags = WorldEnv(world), []
    env.reset(seed=0)
    while len(flags) < 7 and not (flags and any(flags[-1])):
        flags.append(env.step(0)[2:4])
    return first_end(*np.asarray(flags).T)


def by_gymnasium_vector(world):
    env, flags = WorldVectorEnv(world, 2), []
    env.reset(seed=0)
    while len(flags) < 7 and not (flags and any(flags[-1])):
        _, _, terminated, truncated, _ = env.step(np.zeros(2, np.int64))
        flags.append((terminated[1], truncated[1]))
    return first_end(*np.asarray(flags).T)


def by_gymnax(world):
    env, flags = WorldEnvironment(world), []
    params = env.default_params
    _, state = env.reset_env(root_key(0), params)
    while len(flags) < 7 and not (flags and any(flags[-1])):
        _, state, *_ = env.step_env(root_key(1), state, 0, params)
        ends = env.is_terminated(state, params), env.is_truncated(state, params)
        flags.append(tuple(map(bool, ends)))
    return first_end(*np.asarray(flags).T)


PATHS = (by_hand, by_rollout, by_data, by_gymnasium, by_gymnasium_vector, by_gymnax)


@pytest.mark.parametrize(("terminates", "cuts", "limit"), CASES)
def test_every_path_says_the_same(terminates, cuts, limit):
    world = Ending(terminates, cuts, max_episode_len=limit)
    wanted = expected(terminates, cuts, limit)
    assert {path.__name__: path(world) for path in PATHS} == {
        path.__name__: wanted for path in PATHS
    }
    assert by_play(world) == (wanted and wanted.step)


@pytest.mark.parametrize(("terminates", "cuts", "limit"), CASES)
def test_what_comes_from_others_is_not_changed(terminates, cuts, limit, monkeypatch):
    options = {"terminates": terminates, "cuts": cuts}
    world = Gymnasium("EndingForTests-v0", options, max_episode_len=limit or 100)
    assert by_hand(world) == expected(terminates, cuts, limit)
    made = gymnax.make
    known = [*gymnax.registered_envs, "Ending"]

    def make(name, **given):
        if name != "Ending":
            return made(name, **given)
        env = ForeignEnding(**given)
        return env, env.default_params

    monkeypatch.setattr(gymnax, "make", make)
    monkeypatch.setattr(gymnax, "registered_envs", known)
    world = Gymnax("Ending", options=options, max_episode_len=limit)
    assert by_hand(world) == expected(terminates, cuts, limit)


@pytest.mark.parametrize("limit", [0, LAST, 5])
@pytest.mark.parametrize("cuts", [False, True])
def test_a_game_is_over_when_all_agents_have_ended(cuts, limit):
    world = EndingGame(True, cuts, max_episode_len=limit)
    found = rollout(
        world, JointPolicy(dict.fromkeys(world.agents, Nothing())), root_key(0), 4, 1
    )
    terminated, truncated = found.terminated, found.truncated
    at = LAST - 1
    cut = bool(cuts or limit == LAST)
    assert (bool(terminated["a"][at, 0]), bool(truncated["a"][at, 0])) == (True, cut)
    assert (bool(terminated["b"][at, 0]), bool(truncated["b"][at, 0])) == (
        False,
        limit == LAST,
    )
    assert bool(found.ended[at, 0]) == (limit == LAST)


@pytest.mark.parametrize("terminated", [False, True])
@pytest.mark.parametrize("truncated", [False, True])
def test_values_bootstrap_where_truncated_and_not_terminated(terminated, truncated):
    rewards, values, following = (
        jnp.ones((2, 1)),
        jnp.zeros((2, 1)),
        jnp.full((2, 1), 8.0),
    )
    first = jnp.asarray([[terminated], [False]])
    ended = first | jnp.asarray([[truncated], [False]])
    found = gae(rewards, values, following, first, ended, 0.5, 1.0)
    later = 1 + 0.5 * 8
    if terminated:
        wanted = 1.0
    elif truncated:
        wanted = 1 + 0.5 * 8
    else:
        wanted = 1 + 0.5 * 8 + 0.5 * later
    np.testing.assert_allclose(found[:, 0], [wanted, later])


def test_a_lane_is_one_compiled_function():
    world = Ending(True, False)

    def three(key):
        running = begin(world, key)
        for _ in range(3):
            running, step = advance(world, running, jnp.int32(0), key)
        return running, step

    running, step = jax.jit(jax.vmap(three))(jax.random.split(root_key(0), 4))
    assert running.ended.all() and step.terminated.all()

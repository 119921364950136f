"""A person's world is looked at before it is used: what breaks the contract is said."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core import registry
from foreworld.core.errors import ConfigError
from foreworld.testing.probes import ProbeWorld
from foreworld.worlds import look
from foreworld.worlds.look import Needs, look_at

LINES = {
    "space": "Discrete(2)",
    "seen": "Box(0.0, 1.0, (2,))",
    "limit": "16",
    "start": "jax.random.uniform(key, (), jnp.float32)",
    "obs": "jnp.stack([state, 1 - state])",
    "move": "jnp.clip(state + 0.1 * (2 * action - 1), 0, 1)",
    "reward": "jnp.float32(1)",
    "over": "state > 2",
    "cut": "jnp.asarray(False)",
    "frame": "jnp.full((4, 4, 1), 255 * state, jnp.float32).astype(jnp.uint8)",
    "mask": "None",
    "result": "Step(new, self._see(new), reward, over, cut)",
}
TEXT = """
import random
from typing import Annotated
import jax, jax.numpy as jnp, numpy as np
from foreworld.core import Box, Discrete, Record, Traced
from foreworld.worlds import AbstractWorld, EpisodeLen, Step

COUNT = []

class Own(AbstractWorld):
    slip: Annotated[float, Traced(low=0)] = 0.1
    discount: Annotated[float, Traced(low=0, high=1)] = 0.9
    max_episode_len: EpisodeLen = {limit}

    @property
    def action_space(self):
        return {space}

    @property
    def observation_space(self):
        return {seen}

    def reset(self, key):
        state = {start}
        return state, self._see(state)

    def step(self, state, action, key):
        new = {move}
        reward, over, cut = {reward}, {over}, {cut}
        return {result}

    def allowed(self, state):
        return {mask}

    def render(self, state):
        return {frame}

    def _see(self, state):
        return {obs}
"""


def own(tmp_path: Path, **lines: str) -> Any:
    """A world of a person's own file, with some lines of it changed."""
    path = tmp_path / "own.py"
    path.write_text(TEXT.format(**{**LINES, **lines}))
    return registry.find("worlds", f"{path}:Own")()


WRONG = {
    "a float picture": (
        {"frame": "jnp.full((4, 4, 1), state)"},
        r"Own\.render: it must give uint8\[height, width, 1 or 3\], got float32\[4, 4",
    ),
    "a flat picture": (
        {"frame": "jnp.zeros((4, 4), jnp.uint8)"},
        r"Own\.render: it must give uint8.*got uint8\[4, 4\]",
    ),
    "whole numbers": (
        {"obs": "jnp.stack([state, 1 - state]).astype(int)"},
        r"Own\.reset: obs is int32\[2\], but observation_space says float32\[2\]",
    ),
    "another shape": (
        {"obs": "jnp.stack([state])"},
        r"Own\.reset: obs is float32\[1\], but observation_space says float32\[2\]",
    ),
    "outside": (
        {"obs": "jnp.stack([state, state + 3])"},
        r"Own\.reset: obs \[.*\] is outside of Box\(low=0\.0, high=1\.0",
    ),
    "global numbers of NumPy": (
        {"move": "state * np.random.uniform()"},
        r"Own\.step: it draws from the global random numbers of Python or NumPy",
    ),
    "global numbers of Python": (
        {"start": "jnp.float32(random.random())"},
        r"Own\.reset: it draws from the global random numbers",
    ),
    "a generator of its own": (
        {"start": "jnp.float32(np.random.default_rng().uniform())"},
        r"Own\.reset: two calls with the same arguments differ",
    ),
    "a memory beside the state": (
        {"move": "state * 0 + (COUNT.append(0) or len(COUNT)) / 1000"},
        r"Own\.step: two calls with the same arguments differ",
    ),
    "an end that is a number": (
        {"over": "jnp.where(state > 2, 1, 0)"},
        r"Own\.step: terminated must be one bool, got int32\[\]",
    ),
    "a reward for each": (
        {"reward": "jnp.ones(1)"},
        r"Own\.step: reward must be one float32, got float32\[1\]",
    ),
    "a reward that is NaN": ({"reward": "jnp.float32(np.nan)"}, r"step: reward is nan"),
    "a tuple of five": (
        {"result": "(new, self._see(new), reward, over, cut)"},
        r"Own\.step: it must return a Step, got \(",
    ),
    "another type of state": (
        {
            "start": "jax.random.randint(key, (), 0, 1)",
            "obs": "jnp.stack([state, 1 - state]).astype(jnp.float32)",
        },
        r"Own\.step: state is float32\[\], but int32\[\] after reset",
    ),
    "a state that grows": (
        {
            "start": "{'x': jax.random.uniform(key, (), jnp.float32)}",
            "obs": "jnp.stack([state['x'], 1 - state['x']])",
            "move": "{**state, 'steps': jnp.int32(1)}",
            "over": "jnp.asarray(False)",
            "frame": "jnp.zeros((4, 4, 1), jnp.uint8)",
        },
        r"Own\.step: its state holds \['steps'\], \['x'\], that of reset \['x'\]",
    ),
    "a Python if": (
        {"reward": "jnp.float32(1 if state > 0.5 else 0)"},
        r"Own\.step: it cannot be part of a program.*own\.py, line \d+, in step",
    ),
    "an if on a traced field": (
        {"start": "jax.random.uniform(key) if self.slip > 0 else jnp.float32(0)"},
        r"Own\.reset: it cannot be part of a program.*TracerBoolConversionError",
    ),
    "an error": (
        {"move": "state + {}['wind']"},
        r"Own\.step: it raised an error: KeyError: 'wind' \(.*own\.py, line \d+",
    ),
    "a space of another kind": (
        {"seen": "(2,)"},
        r"Own\.observation_space: it must be a Discrete, a Box or a Record, got \(2,\)",
    ),
    "its own time limit": (
        {
            "start": "jnp.stack([jax.random.uniform(key), 0.0])",
            "obs": "jnp.stack([state[0], 1 - state[0]])",
            "move": "jnp.stack([state[0], state[1] + 1])",
            "over": "jnp.asarray(False)",
            "cut": "new[1] >= 9",
            "frame": "jnp.zeros((4, 4, 1), jnp.uint8)",
        },
        r"Own\.step: truncated is True in step 9 of an episode\. Leave it False, and "
        r"give a time limit as max_episode_len=9: code",
    ),
    "a new start where it ends": (
        {
            "start": "jax.random.uniform(key, (), jnp.float32, 0.0, 0.1)",
            "move": "state + 0.05",
            "over": "new > 0.9",
            "limit": "0",
            "result": "Step(jnp.where(over, self.reset(key)[0], new), "
            "self._see(state), reward, over, cut)",
        },
        r"Own\.step: it seems to start a new episode where one ends\. Return the state",
    ),
    "a NaN that comes late": (
        {
            "move": "state + 0.01",
            "limit": "200",
            "obs": "jnp.zeros(2)",
            "reward": "jnp.sqrt(2 - state)",
            "over": "jnp.asarray(False)",
        },
        r"Own\.step: reward is nan; it must be finite",
    ),
    "outside that comes late": (
        {
            "move": "state + 0.01",
            "limit": "200",
            "over": "jnp.asarray(False)",
            "obs": "jnp.stack([state / 2, state / 2])",
        },
        r"Own\.step: obs \[1\.00.*\] is outside of Box.*, in step \d\d\d of",
    ),
    "a mask that forbids everything late": (
        {
            "move": "state + 0.01",
            "limit": "200",
            "over": "jnp.asarray(False)",
            "obs": "jnp.zeros(2)",
            "mask": "jnp.stack([state < 2, state < 2])",
        },
        r"Own\.allowed: it forbids all 2 choices, and one has to be allowed",
    ),
    "no end": (
        {"limit": "0"},
        r"Own\.max_episode_len=0 sets no time limit, and nothing else ended any of 16",
    ),
    "a mask that forbids everything": (
        {"mask": "jnp.zeros(2, bool)"},
        r"Own\.allowed: it forbids all 2 choices, and one has to be allowed",
    ),
    "a mask of another length": (
        {"mask": "jnp.ones(3, bool)"},
        r"Own\.allowed: it must have one flag \(bool\) for each of 2 choices, got bool",
    ),
    "a mask that no program can make": (
        {"mask": "jnp.asarray([True, bool(state > 0.5)])"},
        r"Own\.allowed: it cannot be part of a program",
    ),
    "a mask of a field that forbids everything": (
        {
            "space": "Record({'go': Discrete(2), 'say': Discrete(3)})",
            "move": "state",
            "mask": "{'say': jnp.zeros(3, bool)}",
        },
        r"Own\.allowed: in field 'say' it forbids all 3 choices",
    ),
    "a mask in a passive world": (
        {"space": "None", "move": "state", "mask": "jnp.ones(2, bool)"},
        r"Own\.allowed: a passive world has no actions to allow",
    ),
    "a record that lacks a field": (
        {
            "seen": "Record({'near': Box(0.0, 1.0, ()), 'far': Box(0.0, 1.0, ())})",
            "obs": "{'near': state}",
        },
        r"Own\.reset: obs must be \['far'\], \['near'\]: \{'near'",
    ),
    "a record with a field outside": (
        {"seen": "Record({'near': Box(0.0, 1.0, ())})", "obs": "{'near': state + 3}"},
        r"Own\.reset: obs \{'near'.*is outside of Record",
    ),
    "a start without its key": (
        {"start": "jnp.float32(0.5)", "space": "None", "move": "state * 0.9"},
        r"Own\.reset: every episode begins alike: neither reset nor step makes use",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_breaks_the_contract_is_named(kind: str, tmp_path: Path) -> None:
    lines, said = WRONG[kind]
    world = own(tmp_path, **lines)
    with pytest.raises(ConfigError, match=f"(?s){said}"):
        look_at(world, Needs(pictures=True, ends=True, random=True))


def test_a_good_world_is_looked_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOREWORLD_CACHE", str(tmp_path / "cache"))
    world = own(tmp_path)
    look_at(world)
    begun = time.monotonic()
    monkeypatch.setattr(look._Look, "run", lambda self: pytest.fail("looked again"))
    look_at(world)
    look_at(fw.make("pendulum"))
    assert time.monotonic() - begun < 5
    with pytest.raises(pytest.fail.Exception):
        look_at(world.replace(slip=0.2))


def test_what_is_deterministic_may_be_so_with_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    look_at(own(tmp_path, start="jnp.float32(0.5)"), Needs(random=True))
    assert "neither reset nor step makes use of its key" in capsys.readouterr().err


def test_a_count_of_steps_that_terminates_is_remarked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = {
        "start": "jnp.zeros(2)",
        "obs": "jnp.clip(state / 9, 0, 1)",
        "move": "state + jnp.stack([1, jax.random.normal(key)])",
        "limit": "100",
        "frame": "jnp.zeros((4, 4, 1), jnp.uint8)",
    }
    look_at(own(tmp_path, over="jnp.abs(new[1]) > 4", **world))
    assert capsys.readouterr().err == ""
    (tmp_path / "counts").mkdir()
    look_at(
        own(tmp_path / "counts", over="(new[0] >= 9) | (jnp.abs(new[1]) > 4)", **world)
    )
    assert re.search(
        r"Own\.step: \d+ of \d+ random episodes terminate after 9 steps, and none "
        r"later\. Where that is a time limit, set max_episode_len=9 and leave",
        capsys.readouterr().err,
    )


def test_a_picture_that_nobody_draws_may_be_missing(tmp_path: Path) -> None:
    look_at(own(tmp_path, frame="None"), Needs(pictures=False))


@pytest.mark.parametrize("verb", ["generate", "train", "show"])
@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (
            {"move": "state * np.random.uniform()"},
            r"step: it draws from the global random",
        ),
        (
            {"cut": "state > -1"},
            r"step: truncated is True in step 1 of an episode\. Leave it",
        ),
        ({"frame": "None"}, r"render: it must return an array, got None"),
        ({"seen": "Box(0, 1, (7,))"}, r"reset: obs is .*, but observation_space says"),
        ({"over": "jnp.float32(0)"}, r"step: terminated must be one bool"),
    ],
)
def test_verbs_refuse_in_words(
    verb: str,
    mistake: dict[str, str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own(tmp_path, **mistake)
    place = f"{tmp_path / 'own.py'}:Own"
    words = {
        "generate": ["generate", place, "--train=2", f"--out={tmp_path / 'd'}"],
        "train": ["train", "ppo", "--on", place, f"--out={tmp_path / 'r'}"],
        "show": ["show", place, f"--out={tmp_path / 'p.png'}"],
    }
    assert main(words[verb]) == 2
    said = capsys.readouterr().err
    assert re.match(rf"foreworld: Own\.{message}", said)
    assert not (tmp_path / "d").exists()
    assert not (tmp_path / "r").exists()


class Ticking(ProbeWorld):
    """Starts by a clock that seldom moves on."""

    def reset(self, key):
        state, obs = super().reset(key)
        CLOCK.append(0)
        return state + len(CLOCK) // 3, obs


CLOCK: list[int] = []


def test_a_reset_by_the_clock_is_found_though_two_calls_agree():
    with pytest.raises(ConfigError, match=r"Ticking\.reset: two calls with the same"):
        look.inspect(Ticking(), Needs())

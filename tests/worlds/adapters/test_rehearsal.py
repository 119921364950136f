"""Foreign environments are tried out before a program calls them back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gymnasium import spaces

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.callbacks import cause
from foreworld.core.errors import ConfigError
from foreworld.worlds.look import look_at


class Base(gymnasium.Env):
    """Ten steps; subclasses break one thing each."""

    action_space = spaces.Discrete(2)
    observation_space: Any = spaces.Box(-1, 1, (3,), np.float32)

    def seen(self) -> Any:
        return self.np_random.uniform(-1, 1, 3).astype(np.float32)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.t = 0
        return self.seen(), {}

    def step(self, action: Any) -> Any:
        self.t += 1
        return self.seen(), float(action == 1), self.t >= 10, False, {}


class Raises(Base):
    def step(self, action: Any) -> Any:
        if self.t == 4:
            raise RuntimeError("motor jammed at step 5")
        return super().step(action)


class RaisesLate(Base):
    def step(self, action: Any) -> Any:
        self.t += 1
        if self.t == 40:
            raise RuntimeError("motor jammed at step 40")
        return self.seen(), 0.0, False, False, {}


class RaisesReset(Base):
    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        raise ValueError("no map loaded")


class OldReset(Base):
    def reset(self) -> Any:  # type: ignore[override]
        return np.zeros(3, np.float32)


class OldStep(Base):
    def step(self, action: Any) -> Any:
        return self.seen(), 1.0, False, {}


class RewardArray(Base):
    def step(self, action: Any) -> Any:
        obs, reward, *rest = super().step(action)
        return obs, np.array([reward]), *rest


class WrongShape(Base):
    def seen(self) -> Any:
        return np.zeros(4, np.float32)


class NotFinite(Base):
    def seen(self) -> Any:
        return np.array([np.nan, 0, 0], np.float32)


class Huge(Base):
    observation_space = spaces.Box(-np.inf, np.inf, (3,), np.float64)

    def seen(self) -> Any:
        return np.full(3, 1e300)


class Outside(Base):
    def seen(self) -> Any:
        return np.full(3, 50, np.float32)


class IgnoresSeed(Base):
    source = np.random.default_rng(0)

    def seen(self) -> Any:
        return self.source.uniform(-1, 1, 3).astype(np.float32)


class GlobalRandom(Base):
    def seen(self) -> Any:
        return np.random.uniform(-1, 1, 3).astype(np.float32)


class SmallWhole(Base):
    observation_space = spaces.Box(0, 10, (3,), np.int64)

    def seen(self) -> Any:
        return self.np_random.integers(0, 10, 3)


class BigWhole(Base):
    observation_space = spaces.Box(0, 2**40, (3,), np.int64)


class Unsigned(SmallWhole):
    observation_space = spaces.Box(0, 2**31 - 1, (3,), np.uint64)


@pytest.fixture(autouse=True)
def registered() -> Any:
    for one in Base.__subclasses__() + SmallWhole.__subclasses__():
        gymnasium.register(f"{one.__name__}-v0", one, max_episode_steps=60)
    yield
    for one in Base.__subclasses__() + SmallWhole.__subclasses__():
        del gymnasium.registry[f"{one.__name__}-v0"]


def world(env: type) -> Any:
    return fw.worlds.Gymnasium(env=f"{env.__name__}-v0")


@pytest.mark.parametrize(
    ("env", "said"),
    [
        (Raises, r"Raises-v0\.step: RuntimeError: motor jammed at step 5 \(.*py, line"),
        (RaisesReset, r"RaisesReset-v0\.reset: ValueError: no map loaded \(.*, line"),
        (OldReset, r"OldReset-v0\.reset: TypeError: .*unexpected keyword.*'seed'"),
        (OldStep, r"OldStep-v0\.step: .*not enough values.*expected 5, got 4"),
        (RewardArray, r"RewardArray-v0\.step: the reward must be one finite number"),
        (WrongShape, r"WrongShape-v0\.reset: the observation has shape \[4\], but"),
        (NotFinite, r"NotFinite-v0\.reset: the observation \[nan, .*\] is not finite"),
        (Huge, r"Huge-v0\.reset: .* is not finite in float32, which programs hold"),
        (Outside, r"Outside-v0\.reset: the observation .* is outside of"),
        (IgnoresSeed, r"IgnoresSeed-v0 ignores its seed: the same seed and actions"),
        (GlobalRandom, r"GlobalRandom-v0 ignores its seed"),
    ],
)
def test_what_an_environment_does_wrong_is_said(env: type, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        look_at(world(env))


def test_whole_numbers_of_64_bits_are_held_in_32_where_they_fit() -> None:
    for env in (SmallWhole, Unsigned):
        look_at(world(env))
        assert world(env).observation_space.dtype == "int32"
        _, obs = world(env).reset(jax.random.key(0))
        assert obs.dtype == np.int32
    with pytest.raises(ConfigError, match=r"from 0 to 1099511627776; programs hold"):
        world(BigWhole)


def test_train_says_it_before_a_program_is_compiled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "ppo", "--on=gymnasium", "--world.env=Raises-v0"]
    assert main([*words, f"--out={tmp_path / 'r'}"]) == 2
    said = capsys.readouterr().err
    assert re.match(r"foreworld: Raises-v0\.step: RuntimeError: motor jammed", said)
    assert not (tmp_path / "r").exists()


def test_what_is_raised_inside_a_program_keeps_its_words() -> None:
    late = world(RaisesLate)
    look_at(late)

    def go(state: Any, key: Any) -> Any:
        return late.step(state, jnp.int32(0), key).state, None

    @jax.jit
    def run(key: Any) -> Any:
        return jax.lax.scan(go, late.reset(key)[0], jax.random.split(key, 50))[0]

    with pytest.raises(Exception, match="CpuCallback") as caught:
        jax.block_until_ready(run(jax.random.key(0)))
    known = cause(caught.value)
    assert isinstance(known, ConfigError)
    assert re.match(r"RaisesLate-v0\.step: RuntimeError: motor jammed", str(known))
    assert cause(ValueError("another")).args == ("another",)

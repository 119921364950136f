"""A folder as new users leave it: data sets whole and broken, files right and wrong."""

import shutil
import sys
from pathlib import Path

import pytest

from foreworld.cli.main import main

WORLD = '''
"""A walk to the right."""

from __future__ import annotations

from typing import Annotated

import jax.numpy as jnp

from foreworld.core.parts.part import Bounded
from foreworld.core.spaces import Box, Discrete
from foreworld.worlds.base import AbstractWorld, EpisodeLen, Step


class Walk(AbstractWorld):
    size: Annotated[int, Bounded(low=2)] = 5
    discount: float = 0.9
    max_episode_len: EpisodeLen = 20

    @property
    def action_space(self):
        return Discrete(2)

    @property
    def observation_space(self):
        return Box(0.0, 1.0, (1,))

    def reset(self, key):
        return jnp.int32(0), jnp.zeros(1)

    def step(self, state, action, key):
        new = jnp.clip(state + 2 * action - 1, 0, self.size - 1)
        end = new == self.size - 1
        reward = end.astype(jnp.float32)
        return Step(new, new[None] / self.size, reward, end, jnp.asarray(False))

    def render(self, state):
        lit = jnp.arange(self.size) == state
        return jnp.where(lit, 255, 0).astype(jnp.uint8)[None, :, None]


class Plain:
    pass
'''
HALF = """
from foreworld.worlds.base import AbstractWorld

class Half(AbstractWorld):
    discount: float = 0.9
    max_episode_len: int = 10

    def reset(self, key): ...
    def step(self, state, action, key): ...
"""
STUDY = """
import foreworld as fw
from foreworld.testing.probes import ProbeLearner, ProbeWorld

study = fw.Study(
    "probe",
    fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=3)),
    over={"learning_rate": [0.1, 0.2]},
)
"""
BASE = "import foreworld as fw\nbase = fw.Parameters('tmaze', 'ppo')\nstudy = fw.Study("
FILES = {
    "walk.py": WORLD,
    "broken_reset.py": WORLD.replace("jnp.zeros(1)", "jnp.zeros(undefined)"),
    "raises.py": "import nothing_of_that_name\n",
    "empty.py": "x = 1\n",
    "half.py": HALF,
    "studies/probe.py": STUDY,
    "studies/none.py": "x = 1\n",
    "studies/key.py": f"{BASE}'a', base, over={{'learning_rat': [1e-3]}})\n",
    "studies/type.py": f"{BASE}'a', base, over={{'num_epochs': [32, 'big']}})\n",
    "studies/nothing_over.py": f"{BASE}'a', base, over={{'num_epochs': []}})\n",
    "studies/slash.py": f"{BASE}'a/b', base)\n",
    "studies/twice.py": f"{BASE}'a', base, over={{'num_minibatches': [2, 3]}})\n",
    "studies/excluded.py": (
        f"{BASE}'a', base, over={{'num_envs': [4]}}, exclude=[{{'num_envs': 4}}])\n"
    ),
    "other/notes.txt": "mine",
}
PROBE = "foreworld.testing"


@pytest.fixture(scope="session")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder; tests that fail as they should change nothing in it."""
    home = tmp_path_factory.mktemp("messy")
    for name, text in FILES.items():
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_text(text.lstrip())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        patch.setenv("FOREWORLD_HOME", str(home))
        _fill()
    return home


@pytest.fixture
def here(messy: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of a test; nothing optional for tracking is installed."""
    monkeypatch.chdir(messy)
    monkeypatch.setenv("FOREWORLD_HOME", str(messy))
    monkeypatch.setitem(sys.modules, "wandb", None)
    return messy


def _fill() -> None:
    quiet = ["--quiet", "--num-frames", "4"]
    small = ["--train", "3", "--val", "2", "--test", "2", *quiet]
    assert main(["generate", "pendulum", "--out", "data/p", *small]) == 0
    assert main(["generate", "tmaze", "--out", "data/t", *small]) == 0
    some = ["--train", "3", "--val", "0", "--test", "2", *quiet]
    assert main(["generate", "pendulum", "--out", "data/noval", *some]) == 0
    tiny = ["--picture.image-size", "9", "--out", "data/tiny"]
    assert main(["generate", "pendulum", *tiny, *small[:-1], "30"]) == 0
    for name in ("unfinished", "altered", "cut"):
        shutil.copytree("data/p", f"data/{name}")
    Path("data/unfinished/manifest.json").unlink()
    shard = Path("data/altered/train/shard-00000.h5")
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    Path("data/cut/train/shard-00000.h5").write_bytes(data[:1000])
    done = ["--quiet", "--track", "off"]
    chunk = ["--chunk", "0", "--width", "1"]
    assert main(["sweep", "probe", *chunk, *done]) == 0
    on = ["--on", f"{PROBE}:ProbeWorld", "--num-updates", "3", "--out", "runs/done"]
    assert main(["train", f"{PROBE}:ProbeLearner", *on, *done]) == 0

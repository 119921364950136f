"""Tiny generate, train and sweep, and the bytes that they must leave behind."""

from pathlib import Path
from typing import Any

import foreworld as fw
from foreworld.core.disk.folder import manifest
from foreworld.testing.probes import ProbeLearner, ProbeWorld

SIZES = {"train": 300, "val": 2, "num_frames": 2, "shard_len": 250}


def generate(folder: Path, **more: Any) -> None:
    """Three shards."""
    family = ProbeWorld.family(target=fw.Uniform(0, 1))
    fw.generate(family, folder, quiet=True, **SIZES, **more)


def train(folder: Path) -> None:
    """One chunk of one run, three segments."""
    learner = ProbeLearner(num_updates=3)
    fw.run_experiment(fw.Parameters(ProbeWorld(), learner), out=folder, quiet=True)


def sweep(folder: Path) -> None:
    """Two programs, two chunks."""
    base = fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=1))
    study = fw.Study("two", base, {"hidden_size": [2, 3]}, seeds=2)
    fw.sweep(study, out=folder, quiet=True)


VERBS = {"generate": generate, "train": train, "sweep": sweep}


def sealed(folder: Path) -> dict[str, bytes]:
    """The bytes of a finished folder, by file."""
    marker = manifest(folder)
    assert marker is not None, f"{folder} is not finished"
    names = [*marker["files"], "manifest.json"]
    return {name: (folder / name).read_bytes() for name in names}


def leftovers(folder: Path) -> list[str]:
    """Files that have no place in a finished folder."""
    names = [p.name for p in folder.rglob("*")]
    return [n for n in names if n.endswith(".part") or n.startswith("checkpoint-")]

"""Small data sets that tests of this folder share."""

from __future__ import annotations

import hashlib
from pathlib import Path

from foreworld.worlds.base import Family
from foreworld.worlds.dynamics.pendulum import Pendulum
from foreworld.worlds.ranges import Uniform

NUM_FRAMES = 6
SIZES = {"train": 600, "val": 20, "num_frames": NUM_FRAMES, "shard_len": 250}


def family() -> Family:
    """Pendulums with ranges that no float holds exactly."""
    return Pendulum.family(mass=Uniform(0.47, 0.93), length=Uniform(0.5, 1.1))


def digests(folder: Path) -> dict[str, str]:
    """Checksums of everything in a finished folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }

"""Named sets: published data sets as constants, each with its tasks, sizes and laws."""

from __future__ import annotations

import importlib
from typing import Any, Literal

from foreworld.core.errors import ConfigError
from foreworld.core.parts.part import Part
from foreworld.data.format.observation import Observation
from foreworld.data.format.recipe import SPLITS, NumFrames, Seed, Size
from foreworld.worlds.base import Family

_PEERS = "foreworld.compat.sets"
"""What the peers' versions are; by name, for it stands above data sets."""


class NamedSet(Part):
    """A data set that has a name: which families, how many sequences, and how long.

    One task makes an ordinary data set, several make a folder with one for each.
    Sizes are those of each task.
    """

    tasks: dict[str, Family]
    """family of each task by the name of its folder; its position is its label"""
    train: Size = 0
    """sequences of each task to train on"""
    val: Size = 0
    """sequences of each task to choose by"""
    test: Size = 0
    """sequences of each task to report"""
    num_frames: NumFrames = 30
    """frames of a sequence"""
    seed: Seed = 0
    """root seed, where none is given"""
    series: bool = False
    """a few long series without frames, to be cut in time; `scale` shortens them"""
    peer: Literal["", "slvm", "dm"] = ""
    """whose behaviour `legacy` brings back"""
    legacy: bool = False
    """the peer's own behaviour, for comparison: its frames, engine and offsets"""

    def __check_init__(self) -> None:
        super().__check_init__()
        if not self.tasks:
            raise ConfigError("a named set needs at least one task.")
        if self.legacy and not self.has_legacy:
            raise ConfigError(
                "legacy=True: nothing differs between this set and the peer's, so "
                "there is no other behaviour to bring back. Leave it away."
            )

    @property
    def has_legacy(self) -> bool:
        """Whether the peer's own behaviour differs from ours in anything."""
        if not self.peer:
            return False
        peers = importlib.import_module(_PEERS)
        return any(
            peers.as_peer(family, self.peer) != family
            or peers.peer_settings(family, self.peer)
            for family in self.tasks.values()
        )

    @property
    def sizes(self) -> dict[str, int]:
        """Sequences of each split and task."""
        return {split: getattr(self, split) for split in SPLITS}

    @property
    def families(self) -> dict[str, Family]:
        """The families that sequences are drawn from, legacy or not."""
        if not self.legacy:
            return dict(self.tasks)
        peers = importlib.import_module(_PEERS)
        return {n: peers.as_peer(f, self.peer) for n, f in self.tasks.items()}

    def settings(self, task: str) -> dict[str, Any]:
        """Fields of a task's recipe but its family."""
        fields: dict[str, Any] = self.sizes
        fields |= {"num_frames": self.num_frames, "seed": self.seed}
        if self.series:
            # One program call a series: a wider one would make series for nobody.
            fields.update(observation=Observation(images=False), chunk_len=1)
        if self.legacy:
            peers = importlib.import_module(_PEERS)
            fields.update(peers.peer_settings(self.tasks[task], self.peer))
        return fields

    def scaled(self, scale: float) -> NamedSet:
        """The same with a fraction of its sequences (or of its series' length).

        Raises
        ------
        ConfigError
            The scale is no positive number, or a split would be empty.
        """
        if not 0 < scale <= 1000:
            raise ConfigError(
                f"scale={scale:g} must be above 0 and at most 1000, for example 0.01 "
                f"for a hundredth."
            )
        if self.series:
            return self.replace(num_frames=max(2, round(self.num_frames * scale)))
        new = {split: round(size * scale) for split, size in self.sizes.items()}
        empty = [split for split, size in self.sizes.items() if size and not new[split]]
        if empty:
            least = min(self.sizes[split] for split in empty)
            raise ConfigError(
                f"scale={scale:g} is too small: {' and '.join(empty)} would be empty. "
                f"At least {1 / least:.1g} leaves one sequence in each split; or give "
                f"the sizes themselves."
            )
        return self.replace(**new)

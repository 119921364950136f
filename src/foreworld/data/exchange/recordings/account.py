"""A recorded sequence, and the account of what was taken and what was left out."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from foreworld.core.errors import ConfigError
from foreworld.data.exchange.recordings.guard import name_of

Arrays = dict[str, np.ndarray]
MOST = 5
"""Names that a line of the account lists."""


@dataclass(frozen=True)
class Options:
    """How recordings are to be read.

    Attributes
    ----------
    names
        What each array of the data format is called in the files.
    axes
        What the axes of the frames are, such as ``tnhw``; empty for a guess.
    drop_last_action
        Leave out what comes after the last frame, where there are as many actions,
        rewards and ends as frames.
    background
        Colour that transparent pictures are laid over.
    """

    names: dict[str, str]
    axes: str = ""
    drop_last_action: bool = False
    background: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True)
class Reel:
    """One recorded sequence.

    Attributes
    ----------
    where
        Where it lies, for errors.
    num_frames
        Its length.
    read
        Its arrays, by their names in the data format.
    source
        The file or folder that it is of.
    files
        What decides its contents.
    split
        The split that it was given for; empty where it is drawn.
    num_choices
        Choices that its actions have at least.
    unread
        Other arrays of its file, by their names there.
    shown
        Milliseconds for which a film shows each of its pictures; empty where it does
        not say.
    recorded
        Its arrays before they were rounded to what is stored; ``None`` for pictures.
    """

    where: str
    num_frames: int
    read: Callable[[], Arrays]
    source: Path
    files: tuple[Path, ...]
    split: str = ""
    num_choices: int = 0
    unread: tuple[str, ...] = ()
    shown: tuple[float, ...] = ()
    recorded: Callable[[], Arrays] | None = None


@dataclass
class Account:
    """What became of the files, for people.

    Attributes
    ----------
    left
        Names of what was left out, by the reason.
    rules
        How pixels were changed on the way, which decides the contents too.
    notes
        What was assumed.
    shapes
        How the arrays of files were understood.
    said
        What else was understood of values and names: the files, by the sentence.
    units
        Unit of a column, and the file that tells it.
    """

    left: dict[str, list[str]] = field(default_factory=dict)
    rules: dict[str, None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    shapes: dict[Path, str] = field(default_factory=dict)
    said: dict[str, list[str]] = field(default_factory=dict)
    units: dict[str, tuple[str, str]] = field(default_factory=dict)
    _taken: dict[str, Path] = field(default_factory=dict)
    _levelled: set[tuple[Path, str]] = field(default_factory=set)

    def leave(self, path: Path, why: str) -> None:
        """Say that something was left out.

        Parameters
        ----------
        path
            What.
        why
            The reason.
        """
        self.left.setdefault(why, []).append(str(path))

    def say(self, what: str, path: Path) -> None:
        """Say how something in a file was understood.

        Parameters
        ----------
        what
            The sentence.
        path
            The file.
        """
        self.said.setdefault(what, []).append(str(path))

    def level(self, path: Path, key: str, how: str) -> None:
        """Say that a column lost what its values differ by; once a file.

        Parameters
        ----------
        path, key
            File and column.
        how
            What is lost.
        """
        if (path, key) not in self._levelled:
            self._levelled.add((path, key))
            self.notes[
                f"{path}: {key} {how}. Subtract the offset that all values have before."
            ] = None

    def take(self, files: tuple[Path, ...], source: Path) -> None:
        """Remember whose files were taken.

        Parameters
        ----------
        files
            What decides the contents of a source.
        source
            The file or folder.

        Raises
        ------
        ConfigError
            One of them was taken already.
        """
        # Frames of one sequence may be links to each other where nothing moves.
        alone = len(files) == 1
        names = {name_of(f) if alone else os.path.realpath(f): f for f in files}
        for name, file in names.items():
            if name in self._taken:
                raise ConfigError(
                    f"{file} is given twice: as {self._taken[name]} it is taken "
                    f"already. The same recording in train and test would "
                    f"make every score too good. Name it once."
                )
        self._taken.update(dict.fromkeys(names, source))

    def warnings(self) -> list[str]:
        """What was left out and what was assumed, a line each."""
        left = self.left.items()
        lines = [f"left out, {why}: {listed(some)}" for why, some in left]
        return [*lines, *self.notes]


def listed(names: list[str]) -> str:
    """Some of a list of names."""
    more = len(names) - MOST
    return ", ".join(names[:MOST]) + (f" and {more} more" if more > 0 else "")

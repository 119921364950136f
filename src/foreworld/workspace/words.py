"""What a word on the command line means, in every verb: the one place that decides.

A folder comes first, as it is written or else below ``FOREWORLD_HOME``; then a file,
then a name: of a part, of a named set, of a study under ``studies/``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foreworld.core import registry
from foreworld.core.disk.places import expanded, find_place
from foreworld.core.errors import ConfigError, UnknownNameError, unknown_name
from foreworld.core.own.files import load_file
from foreworld.core.parts.part import Part
from foreworld.core.parts.types import checked
from foreworld.data.sets.find import set_entries

if TYPE_CHECKING:
    from foreworld.data.format.generator import AbstractGenerator
    from foreworld.worlds.base import AbstractWorld

_NOUNS = {"folder": "folder", **registry.KINDS, "set": "set", "study": "study"}
"""Kinds of things that a word can mean."""
_STUDY_FILE = re.compile(r"\.py(:\d+)?$")
"""A file, or one of the studies of an old-style file; not a class in it."""


@dataclass(frozen=True)
class Meaning:
    """What a word means.

    Attributes
    ----------
    word
        As it was written.
    kind
        ``"folder"``, ``"set"``, ``"study"``, or the folder of a kind of parts:
        ``"worlds"``, ``"users"``, ...
    folder
        Of a data set, a run or a study; ``None`` for all else.
    part
        Class of a part; ``None`` for all else.
    """

    word: str
    kind: str
    folder: Path | None = None
    part: type[Any] | None = None

    @property
    def generator(self) -> type[AbstractGenerator] | None:
        """Class of a generator of rows; ``None`` for all else."""
        from foreworld.data.format.generator import AbstractGenerator

        is_one = self.part is not None and issubclass(self.part, AbstractGenerator)
        return self.part if is_one else None

    @property
    def world(self) -> type[AbstractWorld] | None:
        """Class of a world; ``None`` for all else.

        Raises
        ------
        ConfigError
            The class is no world.
        """
        from foreworld.worlds.base import AbstractWorld

        if self.part is None or issubclass(self.part, AbstractWorld):
            return self.part
        if self.generator is not None:
            raise ConfigError(
                f"{self.word!r} is a generator: it makes data sets ('foreworld "
                f"generate {self.word}'), and no world stands behind them."
            )
        raise ConfigError(
            f"{self.word!r} is no world: {self.part.__name__} is not a subclass of "
            f"foreworld.worlds.AbstractWorld. Derive it from that class."
        )


def meaning(word: str, *kinds: str) -> Meaning:
    """What a word means where some kinds of things can be meant.

    Parameters
    ----------
    word
        A path, ``./file.py``, ``./file.py:Class``, or a name.
    *kinds
        ``"folder"`` (of a data set, a run or a study), kinds of parts such as
        ``"worlds"``, ``"set"`` and ``"study"`` (not yet its folder).

    Raises
    ------
    UnknownNameError
        Nothing of these kinds has that name; lists the nearest.
    ConfigError
        A file cannot be imported, or holds nothing of these kinds.
    """
    place = find_place(word)
    if "folder" in kinds and place is not None and place.is_dir():
        return Meaning(word, "folder", place)
    if "study" in kinds and _STUDY_FILE.search(word):
        return Meaning(word, "study")
    parts = [kind for kind in registry.KINDS if kind in kinds]
    if ":" in word or word.endswith(".py"):
        file, _, name = word.rpartition(":")
        found = vars(load_file(Path(file))) if file.endswith(".py") else {}
        if "set" in kinds and isinstance(found.get(name), Part):
            return Meaning(word, "set")
        part = registry.locate(word)
        # Where worlds alone are meant, `Meaning.world` says which class to derive from.
        if parts != ["worlds"] and not issubclass(part, Part):
            raise ConfigError(
                f"{word} is no part of Foreworld: it derives from none of its classes. "
                f"Begin with 'foreworld new world my_world.py', and change that."
            )
        return Meaning(word, parts[0], part=part)
    entry = registry.lookup(word, parts)
    if entry is not None:
        return Meaning(word, entry.kind, part=entry.load())
    sets = set_entries() if "set" in kinds else {}
    if word in sets:
        return Meaning(word, "set")
    studies: dict[str, Path] = {}
    if "study" in kinds:
        from foreworld.sweeps.study.find import names_study, study_files

        if names_study(word):
            return Meaning(word, "study")
        studies = study_files()
    if "/" in word:
        families = {name.partition("/")[0] for name in sets}
        if "folder" not in kinds or word.partition("/")[0] in families:
            raise unknown_name("set", word, sets)
        if "study" in kinds:
            from foreworld.sweeps.study.find import unknown_study

            raise unknown_study(word, "folder or study")
        raise ConfigError(
            f"{word!r} is neither a folder nor a world. A data set is named by its "
            f"folder, a world by its name ('foreworld list worlds'), a set by its name "
            f"('foreworld list sets'), a class of your own as './my_file.py:MyWorld'."
        )
    *nouns, last = [noun for kind, noun in _NOUNS.items() if kind in kinds]
    wanted, other = f"{', '.join(nouns)} or {last}", registry.lookup(word)
    if other is not None:
        raise UnknownNameError(
            f"{word!r} is a {registry.KINDS[other.kind]}, and a {wanted} is wanted "
            f"here. 'foreworld list' names what there is."
        )
    known = [name for kind in parts for name in registry.entries(kind)]
    raise unknown_name(wanted, word, [*known, *sets, *studies])


def folder_of(word: str | Path) -> Path:
    """The folder that a word names: as a path, or as a study that was started.

    A path to nothing is given as it is: who opens it says that there is nothing.

    Parameters
    ----------
    word
        Folder of a data set, a run or a study; file or name of a study.

    Raises
    ------
    UnknownNameError
        There is no study of that name.
    ConfigError
        The study has not been started.
    """
    checked("path", word, Path)
    place = find_place(word)
    if place is not None and place.suffix != ".py":
        return place
    from foreworld.sweeps.study.find import find_folder, names_study, unknown_study

    if names_study(str(word)):
        return find_folder(word)
    if "/" in str(word):
        return expanded(word)
    raise unknown_study(str(word), "folder or study")

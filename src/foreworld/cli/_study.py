"""What STUDY on the command line means: a file, a name under studies/, or a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from foreworld.core.errors import ConfigError
from foreworld.core.places import runs_folder

if TYPE_CHECKING:
    from foreworld.sweeps.study import Study

HELP = "a study's file, its name under studies/, or its folder"


def find_study(word: str) -> Study:
    """The study that a word names.

    Raises
    ------
    UnknownNameError
        No study has that name; lists those there are.
    """
    from foreworld.sweeps.studies import load_study

    below = Path("studies", f"{word}.py")
    return load_study(below if below.is_file() else word)


def find_folder(word: str) -> Path:
    """The folder of the study or run that a word names.

    Raises
    ------
    ConfigError
        The folder holds something else, or the study has not been started.
    """
    from foreworld.sweeps.load import kind_of
    from foreworld.sweeps.studies import KIND

    if Path(word).is_dir():
        kind = kind_of(Path(word))
        if kind != KIND:
            raise ConfigError(f"{word} is no {KIND} but a {kind}.")
        return Path(word)
    folder = runs_folder() / find_study(word).folder_name
    if not folder.is_dir():
        raise ConfigError(
            f"the study {word!r} has not been started: there is no {folder}. "
            f"'foreworld sweep {word}' starts it."
        )
    return folder

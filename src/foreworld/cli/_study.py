"""What STUDY on the command line means: a file, a name under studies/, or a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from foreworld.sweeps.study.study import Study

HELP = "a study's file, its name under studies/, or its folder"


def find_study(word: str) -> Study:
    """The study that a word names.

    Raises
    ------
    UnknownNameError
        No study has that name; lists those there are.
    """
    from foreworld.sweeps.study.find import load_study

    return load_study(word)


def find_folder(word: str) -> Path:
    """The folder of the study or run that a word names.

    Raises
    ------
    ConfigError
        The folder holds something else, or the study has not been started.
    """
    from foreworld.sweeps.study import find as studies

    return studies.find_folder(word)

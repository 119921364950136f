"""Finds studies: a file that holds ``study = fw.Study(...)``, or its name.

A file with an old-style ``hparams`` dictionary is read too; where that holds several
dictionaries, ``old.py:0`` names the first.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from foreworld.core.disk.folder import CONFIG, read_sealed
from foreworld.core.disk.kind import kind_of
from foreworld.core.disk.places import find_place, runs_folder
from foreworld.core.errors import ConfigError, UnknownNameError, unknown_name
from foreworld.core.own.files import load_file
from foreworld.core.own.in_parts import values_in
from foreworld.core.parts import config
from foreworld.core.parts.stand_in import StandIn
from foreworld.core.plain import say
from foreworld.sweeps.study.hparams import read_hparams
from foreworld.sweeps.study.study import Study

FOLDER = "studies"
KIND = "study"
FORMAT = 3
"""What ``config.json`` of a study's folder says it is, and how it is written. 3: files
name what they belong to."""
FORMATS = (2, FORMAT)
"""Those that are read; readers refuse others."""
_FILE = re.compile(r"(.*\.py)(?::(\d+))?")
"""A file, perhaps with the number of a study in it."""


def load_study(name_or_path: str | Path) -> Study:
    """A study from its file, by name under ``studies/``, or from a study's folder.

    Names are paths below ``studies/`` without the ending (``"pomdp/tmaze_10_ppo"``),
    or their last step where that is clear.

    Raises
    ------
    UnknownNameError
        No study has that name; lists those there are.
    ConfigError
        The file holds no study.
    """
    word = str(name_or_path)
    place = find_place(word)
    if place is not None and place.is_dir():
        return read_study(place)
    if found := _FILE.fullmatch(word):
        return _from_file(Path(found[1]), int(found[2]) if found[2] else None)
    known, same = study_files(), _named(word)
    if len(same) > 1 and word not in known:
        raise ConfigError(f"{word!r} may be {' or '.join(same)}. Give the whole name.")
    if not same:
        raise unknown_study(word, "folder or study" if "/" in word else "study")
    return _from_file(known[word if word in known else same[0]])


def study_files() -> dict[str, Path]:
    """Studies under ``studies/`` of the working folder, by name; nothing is run."""
    root = Path(FOLDER)
    files = [p for p in sorted(root.rglob("*.py")) if not p.name.startswith("_")]
    return {p.relative_to(root).with_suffix("").as_posix(): p for p in files}


def unknown_study(word: str, what: str) -> UnknownNameError:
    """The error for a word that names no study; lists the newest folders, too.

    Parameters
    ----------
    word
        What was given.
    what
        What it should have named.
    """
    file, ends, _ = word.rpartition(".py:")
    if ends and Path(f"{file}.py").is_file():
        return UnknownNameError(
            f"{word}: a file of a study is given alone, {file}.py. It says study = "
            f"fw.Study(...), or names its dictionaries hparams ({file}.py:0 is the "
            f"first)."
        )
    error = unknown_name(what, word, study_files())
    return UnknownNameError(
        f"{error} Studies are named as their files below {FOLDER}/, by a file or by a "
        f"folder.{_newest()}"
    )


def _newest() -> str:
    """A sentence that names the newest folders of runs, if any."""
    configs = runs_folder().glob(f"*/{CONFIG}")
    configs = sorted(configs, key=lambda path: -path.stat().st_mtime)
    newest = ", ".join(f"runs/{path.parent.name}" for path in configs[:5])
    return f" Newest folders: {newest}." if newest else ""


def names_study(word: str) -> bool:
    """Whether a word is a study's file, or its name under ``studies/``."""
    return bool(_FILE.fullmatch(word) or _named(word))


def find_folder(word: str | Path) -> Path:
    """The folder of a study that was started, by itself, by its file or its name.

    Raises
    ------
    ConfigError
        The folder holds something else, or the study has not been started.
    """
    place = find_place(word)
    if place is None or not place.is_dir():
        how = f"'foreworld sweep {word}' or fw.sweep(...)"
        try:
            study = load_study(word)
        except UnknownNameError:
            raise
        except ConfigError as error:
            # Of code that the file needs, and not of what the file says itself.
            if error.__cause__ is not None and (newest := _newest()):
                raise ConfigError(
                    f"{error} What is finished is read by its folder, without its "
                    f"code.{newest}"
                ) from error
            raise
        return _started(study, repr(str(word)), how)
    kind = kind_of(place)
    if kind != KIND:
        raise ConfigError(
            f"{word} is no {KIND} but a {kind}. Name a study or a run: by its "
            f"folder, its file, or its name under {FOLDER}/."
        )
    return place


def study_path(study: Any) -> Path:
    """The folder of a study, given by itself, by a word or by what holds one."""
    if isinstance(study, Study):
        return _started(study, repr(study.name), "fw.sweep(study)")
    if isinstance(study, str | Path):
        return find_folder(study)
    path = getattr(study, "path", None)
    if isinstance(path, Path):
        return path
    raise ConfigError(
        f"expected a study, its folder, its name or its results, got {study!r} "
        f"({type(study).__name__})."
    )


def read_study(folder: Path) -> Study:
    """The study that a folder holds.

    Raises
    ------
    ConfigError
        The folder holds something else, or a format this installation does not know.
    DamagedError
        Its ``config.json`` is missing or damaged.
    """
    kind = kind_of(folder)
    if kind != KIND:
        raise ConfigError(f"{folder} is no {KIND} but a {kind}.")
    data = read_sealed(folder, CONFIG)
    if data.get("format") not in FORMATS:
        raise ConfigError(
            f"{folder} is written in format {data.get('format', 0)} of studies; this "
            f"installation reads formats {' and '.join(map(str, FORMATS))}. Make it "
            f"anew, or install the version that wrote it."
        )
    study = config.read_part(data.get("study"), folder / CONFIG)
    if not isinstance(study, Study):
        raise ConfigError(f"{folder / CONFIG} holds no study.")
    return study


def name_in(folder: Path) -> str:
    """The :attr:`~foreworld.sweeps.study.study.Study.folder_name` of a folder's study.

    Where a class is not at hand, as the folder says.
    """
    study = read_study(folder)
    if any(isinstance(one, StandIn) for one in values_in(study)):
        return str(read_sealed(folder, CONFIG).get("folder"))
    return study.folder_name


def read_score(folder: Path, study: Study) -> str:
    """The metric that ranks a study's runs: what was settled when it began.

    Parameters
    ----------
    folder
        Of the study.
    study
        As it was read.
    """
    found = read_sealed(folder, CONFIG).get("score")
    if isinstance(found, str):
        return found
    # Folders of before do not say.
    learner: Any = study.base.learner
    return "" if isinstance(learner, StandIn) else learner.score


def _named(word: str) -> list[str]:
    """Names of studies that a word may stand for."""
    return [name for name in study_files() if word in (name, name.rpartition("/")[2])]


def _started(study: Study, name: str, how: str) -> Path:
    folder = runs_folder() / study.folder_name
    if not folder.is_dir():
        raise ConfigError(
            f"the study {name} has not been started: there is no {folder}. {how} "
            f"starts it."
        )
    return folder


def _from_file(path: Path, number: int | None = None) -> Study:
    found = vars(load_file(path))
    study = found.get("study")
    if isinstance(study, Study):
        return study
    if "hparams" not in found:
        raise ConfigError(
            f"{path} holds no study. It must define one: "
            f"'study = fw.Study(name=..., base=fw.Parameters(...), over={{...}})'."
        )
    try:
        read = read_hparams(found["hparams"], path.stem)
    except ConfigError as error:
        raise type(error)(f"{path}: {error}") from error
    studies = read.studies
    if number is None and len(studies) > 1:
        raise ConfigError(
            f"{path} holds {len(studies)} dictionaries, each a study: name one, as in "
            f"'{path}:0'."
        )
    if not 0 <= (number or 0) < len(studies):
        raise ConfigError(f"{path}:{number}: there are 0 to {len(studies) - 1}.")
    for note in read.notes:
        say(f"{path}: {note}")
    return studies[number or 0]

"""Finds studies: a file that holds ``study = fw.Study(...)``, or its name.

A file with an old-style ``hparams`` dictionary is read too; where that holds several
dictionaries, ``old.py:0`` names the first.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from foreworld.core import registry
from foreworld.core.disk.folder import CONFIG, read_sealed
from foreworld.core.disk.places import runs_folder
from foreworld.core.errors import ConfigError, DamagedError, unknown_name
from foreworld.core.parts import config
from foreworld.sweeps.study.hparams import read_hparams
from foreworld.sweeps.study.study import Study

FOLDER = "studies"
KIND = "study"
FORMAT = 2
"""What ``config.json`` of a study's folder says it is, and how it is written."""


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
    path, word = Path(name_or_path), str(name_or_path)
    if path.is_dir():
        return read_study(path)
    file, _, number = word.partition(".py:")
    if number and number.isdigit():
        return _from_file(Path(f"{file}.py"), int(number))
    if path.suffix == ".py":
        return _from_file(path)
    known = study_files()
    same = [name for name in known if word in (name, name.rpartition("/")[2])]
    if word in known:
        return _from_file(known[word])
    if len(same) > 1:
        raise ConfigError(f"{word!r} may be {' or '.join(same)}. Give the whole name.")
    if not same:
        what = "folder or study" if "/" in word else "study"
        raise unknown_name(what, word, known)
    return _from_file(known[same[0]])


def study_files() -> dict[str, Path]:
    """Studies under ``studies/`` of the working folder, by name; nothing is run."""
    root = Path(FOLDER)
    files = [p for p in sorted(root.rglob("*.py")) if not p.name.startswith("_")]
    return {p.relative_to(root).with_suffix("").as_posix(): p for p in files}


def names_study(word: str | Path) -> bool:
    """Whether a word is a study's file or name, and no folder."""
    path = Path(word)
    if path.is_dir() or path.suffix == ".py":
        return path.is_file()
    return any(str(word) in (n, n.rpartition("/")[2]) for n in study_files())


def find_folder(word: str | Path) -> Path:
    """The folder of a study that was started, by itself, by its file or its name.

    Raises
    ------
    ConfigError
        The folder holds something else, or the study has not been started.
    """
    if Path(word).is_dir():
        kind = kind_of(Path(word))
        if kind != KIND:
            raise ConfigError(
                f"{word} is no {KIND} but a {kind}. Name a study or a run: by its "
                f"folder, its file, or its name under {FOLDER}/."
            )
        return Path(word)
    folder = runs_folder() / load_study(word).folder_name
    if not folder.is_dir():
        raise ConfigError(
            f"the study {str(word)!r} has not been started: there is no {folder}. "
            f"'foreworld sweep {word}' or fw.sweep(...) starts it."
        )
    return folder


def study_path(study: Any) -> Path:
    """The folder of a study, given by itself, by a word or by what holds one."""
    if isinstance(study, Study):
        folder = runs_folder() / study.folder_name
        if not folder.is_dir():
            raise ConfigError(
                f"the study {study.name!r} has not been started: there is no {folder}. "
                f"fw.sweep(study) starts it."
            )
        return folder
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
    data = read_sealed(folder, CONFIG)
    kind = data.get("kind") if isinstance(data, dict) else None
    if kind != KIND:
        raise ConfigError(f"{folder} holds no study but {kind or 'something else'!r}.")
    if data.get("format") != FORMAT:
        raise ConfigError(
            f"{folder} is written in format {data.get('format')} of studies; this "
            f"installation reads format {FORMAT}. Make it anew, or install the version "
            f"that wrote it."
        )
    study = config.read_part(data.get("study"), folder / CONFIG)
    if not isinstance(study, Study):
        raise ConfigError(f"{folder / CONFIG} holds no study.")
    return study


def kind_of(path: Path) -> str:
    """What a folder says it is.

    Raises
    ------
    DamagedError
        It does not say, or there is no such folder.
    """
    if not path.is_dir():
        a_file = f"{path} is a file, not a folder."
        raise DamagedError(
            f"{a_file if path.exists() else f'there is no folder {path}.'} Name the "
            f"folder of a data set, a run or a study."
        )
    if not (path / CONFIG).exists():
        raise DamagedError(
            f"{path} is no data set, run or study: it has no {CONFIG}. Name the folder "
            f"of one, or make one with 'foreworld generate', 'train' or 'sweep'."
        )
    data = read_sealed(path, CONFIG)
    kind = data.get("kind") if isinstance(data, dict) else None
    if not isinstance(kind, str):
        raise DamagedError(f"{path / CONFIG} does not say what the folder holds.")
    return kind


def _from_file(path: Path, number: int | None = None) -> Study:
    found = vars(registry.load_file(path))
    study = found.get("study")
    if isinstance(study, Study):
        return study
    if "hparams" in found:
        return _old_style(path, found["hparams"], number)
    raise ConfigError(
        f"{path} holds no study. It must define one: "
        f"'study = fw.Study(name=..., base=fw.Parameters(...), over={{...}})'."
    )


def _old_style(path: Path, hparams: object, number: int | None) -> Study:
    try:
        read = read_hparams(hparams, path.stem)
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
        print(f"{path}: {note}", file=sys.stderr)
    return studies[number or 0]

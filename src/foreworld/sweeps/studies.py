"""Finds studies: a file that holds ``study = fw.Study(...)``, or its name."""

from __future__ import annotations

from pathlib import Path

from foreworld.core import config, registry
from foreworld.core.errors import ConfigError, unknown_name
from foreworld.core.folder import CONFIG, read_json
from foreworld.sweeps.study import Study

FOLDER = "studies"
KIND = "study"
"""What ``config.json`` of a study's folder says it is."""


def load_study(name_or_path: str | Path) -> Study:
    """A study from its file, by name under ``studies/``, or from a study's folder.

    Raises
    ------
    UnknownNameError
        No study has that name; lists those there are.
    ConfigError
        The file holds no study.
    """
    path = Path(name_or_path)
    if path.is_dir():
        return read_study(path)
    if path.suffix == ".py":
        return _from_file(path)
    known = study_files()
    wanted = str(name_or_path)
    if wanted not in known:
        raise unknown_name("study", wanted, known)
    return _from_file(known[wanted])


def study_files() -> dict[str, Path]:
    """Studies under ``studies/`` of the working folder, by name; nothing is run."""
    files = sorted(Path(FOLDER).rglob("*.py"))
    return {p.stem: p for p in files if not p.name.startswith("_")}


def read_study(folder: Path) -> Study:
    """The study that a folder holds.

    Raises
    ------
    ConfigError
        The folder holds something else.
    DamagedError
        Its ``config.json`` is missing or damaged.
    """
    data = read_json(folder / CONFIG)
    kind = data.get("kind") if isinstance(data, dict) else None
    if kind != KIND:
        raise ConfigError(f"{folder} holds no study but {kind or 'something else'!r}.")
    study = config.from_dict(data["study"])
    if not isinstance(study, Study):
        raise ConfigError(f"{folder / CONFIG} holds no study.")
    return study


def _from_file(path: Path) -> Study:
    module = registry.load_file(path)
    study = vars(module).get("study")
    if not isinstance(study, Study):
        raise ConfigError(
            f"{path} holds no study. It must define one: "
            f"'study = fw.Study(name=..., base=fw.Parameters(...), over={{...}})'."
        )
    return study

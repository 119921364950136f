"""Numbers outlive code: a finished study is read without the classes that made it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.disk.folder import CONFIG, read_json
from foreworld.core.own import files
from foreworld.core.parts.stand_in import NotAtHandError

_WORLD = '''"""A T-maze of a person's own."""
from typing import Annotated
from foreworld.core import Traced
from foreworld.worlds import TMaze


class Drip(TMaze):
    """It pays otherwise."""

    pay: Annotated[float, Traced(low=-10, high=10)] = 1.0
    """reward"""
'''
_STUDY = """import foreworld as fw
base = fw.Parameters(
    "./drip.py:Drip", "ppo", num_steps=64, total_steps=1024
)
study = fw.Study("drip", base, over={"learning_rate": [1e-3, 1e-2]}, seeds=2)
"""
_READING = {
    "best": [],
    "results": [],
    "status": [],
    "report": [],
    "check": [],
    "diff": ["FOLDER"],
    "export": ["--to", "csv", "--force"],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a finished study."""
    project = tmp_path_factory.mktemp("made") / "project"
    project.mkdir()
    (project / "drip.py").write_text(_WORLD)
    (project / "study.py").write_text(_STUDY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(project.parent / "config"))
        patch.setenv("FOREWORLD_TRUST", "")
        patch.setenv("FOREWORLD_HOME", str(project))
        patch.chdir(project)
        assert main(["sweep", "study.py", "--quiet", "--track", "off"]) == 0
    return project


@pytest.fixture
def project(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy, in a Python that has not imported its world, of another person."""
    monkeypatch.setattr(files, "loaded_file", lambda path: None)
    monkeypatch.setattr("foreworld.core.own.modules.loaded_file", lambda path: None)
    _forget(monkeypatch)
    shutil.copytree(made, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    monkeypatch.setenv("FOREWORLD_HOME", str(tmp_path / "copy"))
    return tmp_path / "copy"


def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [n for n in sys.modules if n.startswith(files.OWN_MODULES)]:
        monkeypatch.delitem(sys.modules, name)


def _folder(project: Path) -> Path:
    (folder,) = (project / "runs").iterdir()
    return folder


def _all_read(folder: Path, capsys: Any) -> dict[str, str]:
    said = {}
    for verb, more in _READING.items():
        words = [str(folder) if word == "FOLDER" else word for word in more]
        assert main([verb, str(folder), *words]) == 0, (verb, capsys.readouterr())
        said[verb] = capsys.readouterr().out
    return said


def _deleted(project: Path) -> None:
    (project / "drip.py").unlink()
    (project / "study.py").unlink()


def _renamed(project: Path) -> None:
    text = (project / "drip.py").read_text()
    (project / "drip.py").write_text(text.replace("pay:", "wage:"))


def _broken(project: Path) -> None:
    (project / "drip.py").write_text("raise SystemExit('it ran')\n")


@pytest.mark.parametrize("change", [_deleted, _renamed, _broken])
def test_all_that_reads_goes_on(
    made: Path, project: Path, capsys: Any, change: Callable[[Path], None]
) -> None:
    before = fw.results(_folder(made), quiet=True, write=False)
    change(project)
    said = _all_read(_folder(project), capsys)
    assert "learning_rate=" in said["best"] and "complete" in said["check"]
    after = fw.results(_folder(project), quiet=True, write=False)
    assert before.equals(after) and after.attrs["score"] == "discounted_return"
    assert main(["play", str(_folder(project))]) == 2


def test_what_would_run_it_says_what_is_needed(project: Path, capsys: Any) -> None:
    folder, moved = _folder(project), project / "elsewhere"
    moved.mkdir()
    shutil.move(project / "drip.py", moved / "drip.py")
    recorded = read_json(folder / CONFIG)["study"]["base"]["world"]["class"]
    assert main(["rerun", str(folder), "--seed", "3"]) == 2
    said = capsys.readouterr().err
    assert recorded in said and "--trust" in said
    # The file of the project that was copied is still there, and not trusted here.
    study = fw.load(folder)
    with pytest.raises(NotAtHandError, match="which a folder names"):
        study.policy  # noqa: B018
    options = ["--dry-run", "--trust", str(moved / "drip.py")]
    assert main(["sweep", str(folder), *options]) == 0


def test_a_field_that_is_gone_is_an_error_where_a_program_is_built(
    project: Path, capsys: Any
) -> None:
    _renamed(project)
    where = ["--trust", str(project / "drip.py")]
    assert main(["best", str(_folder(project)), *where]) == 0
    assert main(["rerun", str(_folder(project)), "--seed", "3", *where]) == 2
    assert "unknown field of Drip 'pay'" in capsys.readouterr().err


def test_results_of_a_folder_that_may_not_be_written(
    project: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _folder(project)
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert main(["results", str(folder), "--out", "mine.nc"]) == 0
    assert "mine.nc" in capsys.readouterr().out
    assert Path("mine.nc").stat().st_size > 1000
    assert files == {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_run_of_ones_own_is_remembered(
    made: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(made.parent / "config"))
    study = fw.load(_folder(made))
    assert type(study.study.base.world).__name__ == "Drip"
    assert study.policy is not None

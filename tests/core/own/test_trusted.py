"""Which code that a folder names may run, and what is remembered of it."""

import importlib.util
import os
import py_compile
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from foreworld.core.errors import ConfigError
from foreworld.core.own import trusted
from foreworld.core.own.files import load_file
from foreworld.core.parts.config import from_dict, to_dict
from foreworld.core.parts.stand_in import NotAtHandError, StandIn
from foreworld.core.registry import is_ours, locate

_CLASS = "from foreworld.core import Part\nclass Mine(Part):\n    count: int = 1\n"
_MARK = "from pathlib import Path\nPath({!r}).touch()\n"
_HOLDER = (
    "from foreworld.core import Part\nclass AbstractThing(Part):\n    pass\n"
    "class Holder(Part):\n    thing: AbstractThing\n"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(_CLASS)
    return tmp_path / "mine.py"


def _read(file: Path | str) -> Any:
    return from_dict({"class": f"{file}:Mine", "count": 2})


def test_what_a_folder_names_is_not_run(file: Path) -> None:
    with pytest.raises(trusted.UntrustedError) as error:
        _read(file)
    assert str(error.value) == (
        f"this needs {file}:Mine, which a folder names and you have not named: code "
        f"of a folder is not run. Look at {file}, and add --trust {file} where you "
        f"trust it."
    )


def test_what_a_person_names_is(file: Path) -> None:
    assert locate(f"{file}:Mine") is type(_read(file))


@pytest.mark.parametrize("level", ["file", "folder"])
def test_trust_of_a_file_or_a_folder(file: Path, level: str) -> None:
    trusted.trust(file if level == "file" else file.parent)
    assert _read(file).count == 2


def test_a_file_that_was_moved_is_found_by_its_name(file: Path) -> None:
    trusted.trust(file)
    assert _read("/old/place/mine.py").count == 2
    with pytest.raises(trusted.UntrustedError, match=r"with --trust PATH/other\.py"):
        _read("/old/place/other.py")


def test_modules_are_looked_up_without_running_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ran", "ran.inner"):
        path = tmp_path / name.replace(".", "/")
        path.mkdir()
        (path / "__init__.py").write_text(_MARK.format(str(tmp_path / "mark")))
    inner = tmp_path / "ran" / "inner" / "mine.py"
    inner.write_text(_CLASS)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(trusted.UntrustedError, match=r"ran\.inner\.mine:Mine"):
        _read("ran.inner.mine")
    assert not (tmp_path / "mark").exists()
    trusted.trust(inner)
    assert _read("ran.inner.mine").count == 2 and (tmp_path / "mark").exists()


def test_memory_holds_while_the_file_stays_the_same(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted.remember([file])
    monkeypatch.setenv(trusted.NAMED, "")
    assert trusted.allows(file)
    text = file.read_text()
    file.write_text(text + "# changed\n")
    assert not trusted.allows(file)
    with pytest.raises(trusted.UntrustedError, match="since its code was changed"):
        _read(file)
    file.write_text(text)
    (file.parent / "other.py").write_text("")
    assert trusted.allows(file)


def test_memory_that_others_can_write_is_none(
    file: Path, monkeypatch: pytest.MonkeyPatch, own_folder: Path
) -> None:
    trusted.remember([file])
    monkeypatch.setenv(trusted.NAMED, "")
    (memory,) = own_folder.glob(".config/foreworld/*.json")
    memory.chmod(memory.stat().st_mode | stat.S_IWOTH)
    assert not trusted.allows(file)
    memory.chmod(0o600)
    assert trusted.allows(file)
    memory.write_text("{")
    assert not trusted.allows(file)


def test_processes_that_are_started_inherit_it(file: Path) -> None:
    trusted.trust(file)
    code = (
        "from foreworld.core.parts.config import from_dict\n"
        f"print(from_dict({{'class': '{file}:Mine', 'count': 3}}).count)"
    )
    for env, said in (
        (dict(os.environ), "3\n"),
        ({**os.environ, trusted.NAMED: ""}, ""),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True
        )
        assert done.stdout == said, done.stderr


def test_a_command_forgets_what_was_named_for_it(file: Path) -> None:
    with trusted.one_command():
        trusted.trust(file)
        assert trusted.allows(file)
    assert not trusted.allows(file)


def test_what_is_no_file() -> None:
    with pytest.raises(ConfigError, match="--trust nowhere: there is no such file"):
        trusted.trust("nowhere")


def test_a_file_that_was_renamed(file: Path) -> None:
    other = file.rename(file.with_name("other.py"))
    trusted.trust(other)
    said = rf"{other} has a class Mine, but files are known by their names: give this "
    with pytest.raises(
        trusted.UntrustedError, match=rf"{said}one its name {file.name} "
    ):
        _read(file)


def test_only_ours(file: Path) -> None:
    trusted.trust(file)
    with trusted.reading(ours_only=True), pytest.raises(trusted.UntrustedError):
        _read(file)


def test_a_stand_in_is_what_was_written(tmp_path: Path, file: Path) -> None:
    (tmp_path / "holder.py").write_text(_HOLDER)
    trusted.trust(tmp_path / "holder.py")
    inner = {"class": f"{file}:Mine", "version": 3, "count": 2, "sizes": [1, 2]}
    data = {"class": f"{tmp_path}/holder.py:Holder", "version": 1, "thing": inner}
    part = from_dict(data)
    assert isinstance(part.thing, StandIn) and to_dict(part) == data
    assert (part.thing.count, part.thing.sizes) == (2, (1, 2))
    assert part.thing.replace(count=5).count == 5 and part == from_dict(data)
    assert repr(part.thing) == "Mine(count=2, sizes=(1, 2))"
    assert not hasattr(part.thing, "reset")
    with pytest.raises(NotAtHandError, match="which a folder names"):
        part.thing.reset()


def test_a_file_called_as_foreworld_is_a_persons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "foreworld.py").write_text(_MARK.format("ran") + _CLASS)
    assert not is_ours("foreworld.py") and is_ours("foreworld.worlds")
    with pytest.raises(trusted.UntrustedError):
        _read("foreworld.py")
    assert not (tmp_path / "ran").exists()


def test_bytecode_beside_a_file_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "helper_a.py").write_text("value = 1\n")
    (tmp_path / "mine.py").write_text(f"import helper_a\n{_CLASS}")
    for name in ("mine", "helper_a"):
        evil = tmp_path / "evil.py"
        evil.write_text(_MARK.format(str(tmp_path / "ran")) + "value = 2\n" + _CLASS)
        target = importlib.util.cache_from_source(str(tmp_path / f"{name}.py"))
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(str(evil), target, invalidation_mode=mode)
    module = load_file(tmp_path / "mine.py")
    assert module.helper_a.value == 1
    assert not (tmp_path / "ran").exists()


def test_modules_beside_a_file_are_found_and_known_by_their_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "holder_b.py").write_text(_CLASS)
    (tmp_path / "uses.py").write_text("from holder_b import Mine\n")
    cls = load_file(tmp_path / "uses.py").Mine
    assert to_dict(cls())["class"] == f"{tmp_path}/holder_b.py:Mine"
    assert locate(f"{tmp_path}/holder_b.py:Mine") is cls

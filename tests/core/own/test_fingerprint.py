"""The fingerprint changes with every file that a person's file imports beside it."""

from importlib import machinery
from pathlib import Path

from foreworld.core.own.fingerprint import code_files, code_fingerprint


def _project(folder: Path) -> Path:
    files = {
        "world.py": "import helper\nfrom tools import deep\nimport json\n",
        "helper.py": "import again\nX = 1\n",
        "again.py": "import helper\n",
        "tools/__init__.py": "",
        "tools/deep.py": "from . import side\n",
        "tools/side.py": "Y = 1\n",
        "other.py": "raise SystemExit\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder / "world.py"


def test_what_is_imported_from_the_own_folder_is_in_it(tmp_path: Path) -> None:
    world = _project(tmp_path)
    names = {str(file.relative_to(tmp_path)) for file in code_files(world)}
    assert names == {
        "world.py",
        "helper.py",
        "again.py",
        "tools/__init__.py",
        "tools/deep.py",
        "tools/side.py",
    }


def test_it_changes_with_each_of_them_and_with_nothing_else(tmp_path: Path) -> None:
    world = _project(tmp_path / "a")
    known = {code_fingerprint(world)}
    (tmp_path / "a/other.py").write_text("changed")
    assert {code_fingerprint(world)} == known
    for file in code_files(world):
        file.write_text(file.read_text() + "# changed\n")
        known.add(code_fingerprint(world))
    assert len(known) == 7


def test_a_folder_that_was_moved_has_the_same(tmp_path: Path) -> None:
    first, second = _project(tmp_path / "a"), _project(tmp_path / "b")
    assert code_fingerprint(first) == code_fingerprint(second)


def test_files_that_cannot_be_parsed_import_nothing(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import helper\ndef (\n")
    (tmp_path / "helper.py").write_text("")
    assert code_files(tmp_path / "broken.py") == [(tmp_path / "broken.py").resolve()]


def test_a_file_that_looks_for_modules_counts_its_whole_folder(tmp_path: Path) -> None:
    first, lib = tmp_path / "a.py", tmp_path / "lib"
    lib.mkdir()
    (lib / "helper.py").write_text("x = 1\n")
    first.write_text("import os\nprint(os.path.sep)\n")
    assert code_files(first) == [first.resolve()]
    for text in (
        "import sys\nsys.path.insert(0, 'lib')\n",
        "from importlib import import_module\n",
        "exec('1')\n",
        "import runpy\nrunpy.run_module('helper')\n",
        "from importlib.machinery import SourceFileLoader\n",
        "import importlib.util as u\n",
        "import ctypes\n",
    ):
        first.write_text(text)
        before = code_fingerprint(first)
        (lib / "helper.py").write_text(f"x = {len(text)}\n")
        assert code_fingerprint(first) != before, text


def test_a_star_imports_the_modules_that_a_package_names(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "from parts import *\nfrom importlib import metadata\n"
    )
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/__init__.py").write_text("__all__ = ['physics']\n")
    (tmp_path / "parts/physics.py").write_text("from .law import G\n")
    (tmp_path / "parts/law.py").write_text("G = 1\n")
    (tmp_path / "other.py").write_text("")
    names = {file.name for file in code_files(tmp_path / "a.py")}
    assert names == {"a.py", "__init__.py", "physics.py", "law.py"}


def test_compiled_modules_are_in_it(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import fast\n")
    (tmp_path / "fast.py").write_text("x = 1\n")
    before = code_fingerprint(tmp_path / "a.py")
    # Python prefers it to the source.
    (tmp_path / f"fast{machinery.EXTENSION_SUFFIXES[0]}").write_bytes(b"\x7fELF")
    assert code_fingerprint(tmp_path / "a.py") != before

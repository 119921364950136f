"""Parts are found by their place, by entry point and by file."""

import contextlib
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import foreworld
from foreworld.core import registry
from foreworld.core.errors import ConfigError, UnknownNameError
from foreworld.core.parts.part import Part
from foreworld.worlds.base import AbstractWorld


def test_names_are_file_stems_and_nothing_is_imported():
    code = (
        "import sys; from foreworld.core import registry;"
        "names = list(registry.entries('worlds'));"
        "assert 'tmaze' in names and 'pendulum' in names, names;"
        "assert 'base' not in names and 'rollout' not in names, names;"
        "assert 'jax' not in sys.modules;"
        "assert not any(m.startswith('foreworld.worlds') for m in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_part_says_what_it_is_and_where_it_comes_from():
    for kind in ("worlds", "learners"):
        for entry in registry.entries(kind).values():
            assert entry.summary(), entry
            assert entry.source(), f"{entry.module} needs a line 'Source: ...'"


@pytest.mark.parametrize("name", ["tmaze", "TMaze", "TMAZE", "t_maze"])
def test_spellings_of_a_name(name):
    found = registry.find("worlds", name)
    assert found.__name__ == "TMaze"
    assert issubclass(found, AbstractWorld)


def test_parts_of_other_tools_are_found_and_stand_apart():
    found = registry.entries("worlds")
    names = [*found]
    apart = [name for name, entry in found.items() if entry.compat]
    assert "pobax_tmaze" in apart and "tmaze" not in apart
    assert names[-len(apart) :] == apart
    cls = registry.find("worlds", "PobaxTMaze")
    assert registry.address(cls) == "foreworld.compat:PobaxTMaze"
    assert registry.locate("foreworld.compat:PobaxTMaze") is cls
    assert "PobaxTMaze" in registry.names_in("foreworld.compat")
    assert "PobaxTMaze" not in registry.names_in("foreworld.worlds")
    with pytest.raises(AttributeError, match="has no attribute 'PobaxTMaze'"):
        _ = foreworld.worlds.PobaxTMaze


def test_no_part_of_another_tool_hides_one_of_ours():
    house = Path(foreworld.__file__).parent
    for kind in registry.KINDS:
        apart = {path.stem for path in (house / "compat" / kind).glob("[!_]*.py")}
        own = {path.stem for path in (house / kind).rglob("[!_]*.py")}
        assert not apart & own


def test_unknown_names_get_the_nearest_and_all():
    with pytest.raises(UnknownNameError) as caught:
        registry.find("worlds", "tmaz")
    assert str(caught.value).startswith(
        "unknown world 'tmaz'. Did you mean 'tmaze' or 'pobax_tmaze'? Known: "
    )
    assert "pendulum" in str(caught.value)


def concrete_parts() -> list[type]:
    """Every class of the package that can be written, in a worker that loads it all."""
    for module in pkgutil.walk_packages(foreworld.__path__, "foreworld."):
        if "_templates" not in module.name:
            with contextlib.suppress(ImportError):
                importlib.import_module(module.name)
    found, left = set[type](), [Part]
    while left:
        new = set(left.pop().__subclasses__()) - found
        found |= new
        left += new
    return sorted(
        (
            cls
            for cls in found
            if cls.__module__.startswith("foreworld.")
            and not cls.__name__.startswith("Abstract")
        ),
        key=lambda cls: cls.__name__,
    )


def test_every_part_has_a_public_name_and_is_found_by_it():
    parts = concrete_parts()
    assert len(parts) > 30
    for cls in parts:
        room = cls.__module__.split(".")[1]
        assert registry.address(cls) == f"foreworld.{room}:{cls.__name__}"
        assert registry.locate(registry.address(cls)) is cls


def test_an_address_from_before_the_format_was_fixed_is_refused():
    with pytest.raises(ConfigError) as caught:
        registry.locate("foreworld.worlds.dynamics.pendulum:Pendulum")
    assert str(caught.value) == (
        "'foreworld.worlds.dynamics.pendulum:Pendulum' names a module inside of "
        "foreworld.worlds, as configurations did before their format was fixed. Make "
        "anew what was written so; the class is now 'foreworld.worlds:Pendulum'."
    )


def test_a_class_without_a_public_name_cannot_be_written():
    cls = type("Hidden", (), {"__module__": "foreworld.worlds.dynamics._hidden"})
    with pytest.raises(
        ConfigError, match=r"Import it in foreworld/worlds/__init__\.pyi"
    ):
        registry.address(cls)


def test_an_unknown_name_of_a_room_gets_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'Pendulum'"):
        registry.locate("foreworld.worlds:Pendulun")


def test_a_file_that_is_missing_broken_or_without_the_class(tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        registry.find("worlds", f"{tmp_path}/nothing.py:World")
    with pytest.raises(ConfigError, match="names a file but no class"):
        registry.find("worlds", f"{tmp_path}/nothing.py")
    broken = tmp_path / "broken.py"
    broken.write_text("import nothing_of_that_name\n")
    with pytest.raises(ConfigError, match=r"ModuleNotFound.* \(line 1\)\. Correct"):
        registry.find("worlds", f"{broken}:World")
    (tmp_path / "mine.py").write_text("class Maze:\n    pass\n")
    with pytest.raises(UnknownNameError, match="Did you mean 'Maze'"):
        registry.find("worlds", f"{tmp_path}/mine.py:Mazes")
    with pytest.raises(ConfigError, match="cannot import 'no_such_package'"):
        registry.locate("no_such_package:World")


def test_a_class_that_is_not_complete_says_what_it_lacks(tmp_path):
    (tmp_path / "half.py").write_text(
        "from foreworld.worlds.base import AbstractWorld\n"
        "class Half(AbstractWorld):\n"
        "    discount: float = 1.0\n"
        "    def reset(self, key): ...\n"
        "    def step(self, state, action, key): ...\n"
        "    action_space = None\n"
    )
    with pytest.raises(ConfigError) as caught:
        registry.find("worlds", f"{tmp_path}/half.py:Half")
    assert str(caught.value) == (
        "class Half is not complete: it lacks max_episode_len, observation_space, "
        "render. Define what is missing; the interfaces it derives from say what each "
        "of them is."
    )

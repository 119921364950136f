"""Parts are found by their place, by entry point and by file."""

import subprocess
import sys

import pytest

from foreworld.core import registry
from foreworld.core.errors import ConfigError, UnknownNameError
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


def test_unknown_names_get_the_nearest_and_all():
    with pytest.raises(UnknownNameError) as caught:
        registry.find("worlds", "tmaz")
    assert str(caught.value).startswith(
        "unknown world 'tmaz'. Did you mean 'tmaze'? Known: "
    )
    assert "pendulum" in str(caught.value)


def test_address_and_back():
    cls = registry.find("worlds", "tmaze")
    assert registry.address(cls) == "foreworld.worlds.pomdp.tmaze:TMaze"
    assert registry.locate(registry.address(cls)) is cls


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

"""The package's table of contents."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import foreworld

ROOT = Path(foreworld.__file__).parent


def test_importing_takes_no_jax_and_no_optional_library():
    code = (
        "import sys, foreworld; dir(foreworld); foreworld.__version__;"
        "heavy = {'jax', 'numpy', 'h5py', 'matplotlib', 'torch', 'trackio'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


ROOMS = ["foreworld", *(f"foreworld.{p.parent.name}" for p in ROOT.glob("*/*.pyi"))]


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_is_there(room):
    package = importlib.import_module(room)
    stub = Path(str(package.__file__)).with_suffix(".pyi")
    imports = [n for n in ast.parse(stub.read_text()).body if hasattr(n, "names")]
    names = {alias.asname for node in imports for alias in node.names} - {None}
    assert names <= set(dir(package))
    for name in names:
        assert getattr(package, name) is not None


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = foreworld.nothing
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = foreworld.worlds.Nothing


def test_parts_are_public_names_of_their_room():
    assert "TMaze" in dir(foreworld.worlds) and "PPO" in dir(foreworld.learners)
    assert foreworld.worlds.TMaze.__name__ == "TMaze"
    with pytest.raises(AttributeError):
        _ = foreworld.worlds.tmaze_of_mine

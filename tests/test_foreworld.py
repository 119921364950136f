"""The package's table of contents."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import foreworld


def test_importing_takes_no_jax_and_no_optional_library():
    code = (
        "import sys, foreworld; dir(foreworld); foreworld.__version__;"
        "heavy = {'jax', 'numpy', 'h5py', 'matplotlib', 'torch', 'trackio'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", foreworld.__all__)
def test_every_public_name_is_there(name):
    assert getattr(foreworld, name) is not None


def test_the_stub_lists_the_same_names():
    stub = Path(foreworld.__file__).with_suffix(".pyi")
    imports = [n for n in ast.parse(stub.read_text()).body if hasattr(n, "names")]
    names = {alias.asname for node in imports for alias in node.names}
    assert names == set(foreworld.__all__)


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = foreworld.nothing
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = foreworld.worlds.Nothing


def test_the_public_checks_are_there_by_name():
    stub = Path(foreworld.testing.__file__).with_suffix(".pyi")
    imports = [n for n in ast.parse(stub.read_text()).body if hasattr(n, "names")]
    names = {alias.asname for node in imports for alias in node.names}
    assert names == set(foreworld.testing.__all__)
    for name in names:
        assert getattr(foreworld.testing, name).__name__ == name

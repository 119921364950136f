"""Arguments of public functions are documented, and rooms stay small."""

import pkgutil
from pathlib import Path

import pytest

import foreworld
from tests.documentation import documented, lacking

ROOT = Path(foreworld.__file__).parent
ROOMS = sorted(info.name for info in pkgutil.iter_modules([str(ROOT)]))
LONG = {
    "cli": "the verbs of the command line",
    "worlds/dynamics": "a family of worlds",
}
"""Folders of more than 15 files, and why they may be."""


@pytest.mark.parametrize("room", ROOMS)
def test_every_argument_is_documented(room):
    missing = lacking(room)
    assert not missing, "name these in a Parameters section:\n" + "\n".join(missing)


def test_names_are_read_from_a_parameters_section():
    doc = """One line.

    Parameters
    ----------
    first, second
        Both.
    third : float
        In metres.
    *rest
        Others.

    Returns
    -------
    fourth
        No argument.
    """
    assert documented(doc) == {"first", "second", "third", "rest"}


def test_no_module_is_longer_than_400_lines():
    long = [p for p in ROOT.rglob("*.py") if len(p.read_text().splitlines()) > 400]
    assert not long, "make rooms of these modules"


def test_no_folder_is_a_corridor():
    counts = {
        str(folder.relative_to(ROOT)): len(list(folder.glob("[!_]*.py")))
        for folder in (ROOT, *ROOT.rglob("*/"))
        if folder.is_dir()
    }
    long = {name for name, num in counts.items() if num > 15}
    assert long <= set(LONG), "give these folders rooms, or say why they may be long"
    assert set(LONG) <= set(counts)

"""Names of the package in prose and docstrings are names that exist.

Code blocks of the pages are run by the other tests of this folder.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

import foreworld
from tests.docs.blocks import ROOT

PACKAGE = Path(foreworld.__file__).parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MODULES = sorted(PACKAGE.rglob("*.py"))
ROOMS = "|".join(sorted(p.name for p in PACKAGE.iterdir() if p.is_dir()))
_DOTTED = re.compile(r"\bforeworld((?:\.[A-Za-z_]\w*)+)(?::([A-Za-z_]\w*)(?![\w/]))?")
_SHORT = re.compile(rf"`(?:src/foreworld/)?((?:{ROOMS})[./][\w./]*?)/?`")
_REFERENCE = re.compile(r":\w+:`~?foreworld((?:\.[A-Za-z_]\w*)+)")
FILES = {".npz", ".json", ".h5", ".md"}
EXAMPLES = {"lab", "my_world", "my_policy", "my_learner", "my_model", "my_launcher"}
"""Last parts of names that a person is told to make."""
EXAMPLES |= {"my_tracker", "my_verb"}


def exists(dotted: str) -> bool:
    """Whether a name below ``foreworld`` is a module or what a module holds."""
    found: Any = foreworld
    for i, name in enumerate(parts := [p for p in dotted.split(".") if p]):
        if hasattr(found, name):
            found = getattr(found, name)
            continue
        try:
            found = importlib.import_module(".".join(["foreworld", *parts[: i + 1]]))
        except ModuleNotFoundError:
            return name in getattr(found, "__annotations__", {})
    return True


def group(dotted: str) -> bool:
    """Whether it is a group of entry points, which is named like a module."""
    return dotted.lstrip(".") in ("worlds", "learners", "launch", "track", "sets")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_names_in_pages(page):
    text = page.read_text(encoding="utf-8")
    unknown = {
        f"foreworld{dotted}"
        for dotted, thing in _DOTTED.findall(text)
        if not group(dotted) and not exists(f"{dotted}.{thing}".rstrip("."))
    }
    for short in _SHORT.findall(text):
        file = short.removesuffix(".py").replace("/", ".")
        example = EXAMPLES & set(file.split("."))
        other = example or Path(short).suffix in FILES
        if not other and not (PACKAGE / short).exists() and not exists(file):
            unknown.add(short)
    assert not unknown, f"{page.name} names what is not there: {sorted(unknown)}"


def test_references_in_docstrings():
    unknown = {
        f"{path.relative_to(PACKAGE)}: foreworld{dotted}"
        for path in MODULES
        for dotted in _REFERENCE.findall(path.read_text(encoding="utf-8"))
        if not exists(dotted)
    }
    assert not unknown, f"docstrings refer to what is not there: {sorted(unknown)}"


@pytest.mark.parametrize(
    ("name", "there"),
    [
        (".core.parts.part", True),
        (".core.parts.part.Part", True),
        (".learners.base.AbstractLearner.init", True),
        (".core.part", False),
        (".core.parts.part.Parts", False),
    ],
)
def test_exists(name, there):
    assert exists(name) == there

"""One small data set for tests that only read, and copies for those that break it."""

import shutil
from pathlib import Path

import pytest

from foreworld.data.making.generate import generate
from tests.data.small import SIZES, family


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished data set; nobody writes into it."""
    folder = tmp_path_factory.mktemp("made") / "pendulum"
    generate(family(), folder, quiet=True, **SIZES)
    return folder


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    """A finished data set of one's own."""
    folder = tmp_path / "pendulum"
    shutil.copytree(made, folder)
    return folder

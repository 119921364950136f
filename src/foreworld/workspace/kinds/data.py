"""Folders of data sets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foreworld.core.errors import unknown_name
from foreworld.core.parts.part import Part
from foreworld.data.format.check import check_dataset
from foreworld.data.format.config import read_recipe
from foreworld.data.format.contents import contents, foreign, tasks_in
from foreworld.data.format.folder import account
from foreworld.data.reading.dataset import open_dataset
from foreworld.workspace.kinds.base import AbstractFolderKind

_OPTIONS = ("states", "num_columns")


class DataFolder(AbstractFolderKind):
    """A data set."""

    def open(self, folder: Path, options: Mapping[str, Any]) -> Any:
        """The data set."""
        for name in options:
            if name not in _OPTIONS:
                raise unknown_name("argument of load", name, _OPTIONS)
        return open_dataset(folder, None, **options)

    def check(self, folder: Path) -> list[str]:
        """Checksums first, then what the files hold."""
        return check_dataset(folder)

    def account(self, folder: Path) -> str:
        """Drift of energy, and draws that were made again."""
        return account(folder)

    def part(self, folder: Path) -> Part:
        """Its recipe; that of its only task, where there is one without a name."""
        recipe = read_recipe(folder)
        return recipe.tasks[""] if recipe.is_plain else recipe

    def contents(self, folder: Path) -> list[str]:
        """Shards, locks, logs."""
        return contents(tasks_in(folder))

    def foreign(self, folder: Path) -> list[str]:
        """All else."""
        return foreign(folder, tasks_in(folder))

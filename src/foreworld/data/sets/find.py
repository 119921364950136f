"""Finds named sets: ``slvm/pendulum3`` is ``pendulum3`` in the module ``slvm`` here.

Third parties join by entry points in the group ``foreworld.sets``: a module that holds
constants of type :class:`~foreworld.data.sets.base.NamedSet`. A person's own file is
named with it: ``./my_sets.py:my_set``. Listing reads files and imports nothing.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import itertools
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from foreworld.core.errors import ConfigError, unknown_name
from foreworld.core.own.files import load_file

if TYPE_CHECKING:
    from foreworld.data.sets.base import NamedSet

GROUP = "foreworld.sets"
_MACHINERY = ("base", "find")


@dataclass(frozen=True)
class SetEntry:
    """Where a named set is, and what the string under it says."""

    name: str
    module: str
    summary: str
    source: str

    def load(self) -> NamedSet:
        """Import the module and give the set."""
        module = importlib.import_module(self.module)
        return _checked(vars(module).get(self.name.rpartition("/")[2]), self.name)


def set_entries() -> dict[str, SetEntry]:
    """All named sets by name; nothing is imported."""
    here = Path(__file__).parent
    places = {
        path.stem: (f"{__package__}.{path.stem}", path)
        for path in sorted(here.glob("*.py"))
        if not path.stem.startswith("_") and path.stem not in _MACHINERY
    }
    for point in entry_points(group=GROUP):
        spec = importlib.util.find_spec(point.value)
        if spec is not None and spec.origin:
            places.setdefault(point.name, (point.value, Path(spec.origin)))
    entries = (_entries_in(prefix, *place) for prefix, place in places.items())
    return {entry.name: entry for some in entries for entry in some}


def names_set(word: str) -> bool:
    """Whether a word is meant as the name of a set: it has a step, and is no file."""
    return "/" in word and ":" not in word and not word.endswith(".py")


def make_set(name: str, legacy: bool = False) -> NamedSet:
    """A named set, or a person's own as ``./my_sets.py:my_set``.

    Parameters
    ----------
    name
        As ``foreworld list sets`` has it.
    legacy
        The peer's own behaviour, where it differs from ours.

    Raises
    ------
    UnknownNameError
        No set has that name; the message lists the nearest.
    ConfigError
        There is no other behaviour to bring back.
    """
    from foreworld.core.parts.types import checked

    file, _, constant = checked("name", name, str).rpartition(":")
    if file.endswith(".py"):
        found = _checked(vars(load_file(Path(file))).get(constant), name)
    else:
        known = set_entries()
        if name not in known:
            raise unknown_name("set", name, known)
        found = known[name].load()
    return found.replace(legacy=True) if legacy else found


def _entries_in(prefix: str, module: str, path: Path) -> list[SetEntry]:
    """Constants of a module with a string under them."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return []
    paragraphs = (ast.get_docstring(tree) or "").split("\n\n")
    sources = [p for p in paragraphs if p.startswith("Source:")]
    source = " ".join("".join(sources[:1]).removeprefix("Source:").split())
    entries = []
    for statement, after in itertools.pairwise([*tree.body, ast.Pass()]):
        match statement, after:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Call()),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                full, summary = f"{prefix}/{name}", " ".join(text.split())
                entries.append(SetEntry(full, module, summary, source))
    return entries


def _checked(found: object, name: str) -> NamedSet:
    from foreworld.data.sets.base import NamedSet

    if isinstance(found, NamedSet):
        return found
    raise ConfigError(
        f"{name} is no named set. It must be a constant of type "
        f"foreworld.data.sets.base.NamedSet, got {found!r}."
    )

"""Finds parts by their place: a part's name is the stem of the file it lives in.

``worlds/pomdp/tmaze.py`` holds ``TMaze`` and is the world ``tmaze``. Listing reads
file names only and imports nothing. Third parties join by entry points in the groups
``foreworld.worlds``, ``foreworld.learners``, ...; a person's own class is named by
file, ``./my_world.py:MyWorld``. Files whose name starts with an underscore, and
``base.py``, are not parts. Worlds and learners as other tools have them stand apart,
in ``compat/worlds/`` and ``compat/learners/``, and are found like the others.

What is written names a class by room, ``foreworld.worlds:TMaze``, and never by the
module in it, so that files may move. The public names of a room are its parts and what
the stub beside its ``__init__.py`` imports.
"""

from __future__ import annotations

import ast
import functools
import importlib
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from foreworld.core.errors import ConfigError, UnknownNameError, unknown_name
from foreworld.core.own import trusted
from foreworld.core.own.files import OWN_MODULES, is_beside, load_file, load_module
from foreworld.core.own.modules import trusted_module

KINDS = {
    "worlds": "world",
    "users": "user",
    "learners": "learner",
    "networks": "network",
    "launch": "launcher",
    "track": "tracker",
}
"""Folder of each kind of part, and the word for one of them."""

_IN_FAMILIES = ("worlds", "learners")
"""Kinds whose parts live one folder down; files beside ``base.py`` are machinery."""
_COMPAT = "compat"
"""Room of the parts of any kind that do as other tools do."""
_ROOT = Path(__file__).resolve().parent.parent
HOUSE = _ROOT.name
"""What modules of this package begin with."""


@dataclass(frozen=True)
class Entry:
    """Where one part lives: its name, its module and, inside the house, its file."""

    kind: str
    name: str
    module: str
    cls: str | None = None
    path: Path | None = None

    @property
    def compat(self) -> bool:
        """Whether the part does as another tool does, for comparisons with it."""
        return self.module.startswith(f"{HOUSE}.{_COMPAT}.")

    def summary(self) -> str:
        """First line of the module's docstring, read without importing it."""
        return self._doc().partition("\n")[0].strip()

    def source(self) -> str:
        """The paper or project named by the docstring's ``Source:`` line."""
        for paragraph in self._doc().split("\n\n"):
            if paragraph.startswith("Source:"):
                return " ".join(paragraph.removeprefix("Source:").split())
        return ""

    def load(self) -> type:
        """Import the module and return the part's class."""
        if self.path is None and trusted.ours_only():
            raise trusted.refusal(f"{self.module}:{self.cls or self.name}", None)
        module = importlib.import_module(self.module)
        if self.cls is not None:
            return _complete(getattr(module, self.cls))
        wanted = _letters(self.name)
        for name, value in vars(module).items():
            if isinstance(value, type) and name.lower() == wanted:
                return _complete(value)
        raise ConfigError(
            f"{self.module} holds no class for {self.kind} {self.name!r}: name the "
            f"class like the file without underscores, for example "
            f"{self.name.title().replace('_', '')}."
        )

    def _doc(self) -> str:
        if self.path is None:
            return f"from the installed package {self.module.partition('.')[0]}"
        tree = ast.parse(self.path.read_text(encoding="utf-8"))
        return ast.get_docstring(tree) or ""


def entries(kind: str) -> dict[str, Entry]:
    """All parts of a kind by name; nothing is imported.

    Parameters
    ----------
    kind
        A folder of :data:`KINDS`, such as ``"worlds"``.
    """
    if kind not in KINDS:
        raise unknown_name("kind of part", kind, KINDS)
    found: dict[str, Entry] = {}
    folder = _ROOT / kind
    files = sorted(folder.rglob("*.py"))
    if kind in _IN_FAMILIES:
        files = [path for path in files if path.parent != folder]
    # Behind ours, so that lists end with them.
    files += sorted((_ROOT / _COMPAT / kind).glob("*.py"))
    for path in files:
        if path.name.startswith("_") or path.stem == "base":
            continue
        relative = path.relative_to(_ROOT.parent).with_suffix("")
        module = ".".join(relative.parts)
        found[path.stem] = Entry(kind, path.stem, module, None, path)
    for point in entry_points(group=f"foreworld.{kind}"):
        module, _, cls = point.value.partition(":")
        found.setdefault(point.name, Entry(kind, point.name, module, cls or None))
    return found


def find(kind: str, name: str) -> type:
    """The class of a part, by name or as ``./my_file.py:MyClass``.

    Parameters
    ----------
    kind
        A folder of :data:`KINDS`, such as ``"worlds"``.
    name
        Any spelling of a part's name, or a class by file or module.

    Raises
    ------
    UnknownNameError
        Nothing of that kind answers to the name; the message lists the nearest.
    ConfigError
        It is no name.
    """
    if not isinstance(name, str):
        raise ConfigError(
            f"expected the name of a {KINDS[kind]}, got {name!r} "
            f"({type(name).__name__})."
        )
    if ":" in name or name.endswith(".py"):
        return locate(name)
    found = lookup(name, [kind])
    if found is not None:
        return found.load()
    known, other = entries(kind), lookup(name)
    if other is not None:
        raise UnknownNameError(
            f"{name!r} is a {KINDS[other.kind]}, and a {KINDS[kind]} is wanted here. "
            f"Known: {', '.join(sorted(known))}."
        )
    raise unknown_name(KINDS[kind], name, known)


def lookup(name: str, kinds: Iterable[str] = tuple(KINDS)) -> Entry | None:
    """The part of a name, however it is spelt; ``None`` where there is none.

    Parameters
    ----------
    name
        ``t_maze``, ``tmaze`` and ``TMaze`` are one name.
    kinds
        Folders of :data:`KINDS` to look in.
    """
    for kind in kinds:
        for entry in entries(kind).values():
            if _letters(entry.name) == _letters(name):
                return entry
    return None


@functools.cache
def address(cls: type) -> str:
    """``foreworld.room:Class``, ``module:Class`` or ``/path/file.py:Class``.

    A class of this package is named by its room, one of another package by its module,
    and one of a person's own by its file.

    Raises
    ------
    ConfigError
        The class is defined in ``__main__``, where no other process can find it, or is
        none of its room's public names.
    """
    if cls.__module__ == "__main__" or "<locals>" in cls.__qualname__:
        raise ConfigError(
            f"class {cls.__qualname__} is defined in {cls.__module__}, where no other "
            f"process can find it again. Move it to the top level of a file of its own "
            f"and use it as './my_file.py:{cls.__name__}' or import it from there."
        )
    if cls.__module__.startswith(OWN_MODULES) or is_beside(cls.__module__):
        return f"{sys.modules[cls.__module__].__file__}:{cls.__qualname__}"
    if cls.__module__.partition(".")[0] != HOUSE:
        return f"{cls.__module__}:{cls.__qualname__}"
    room = ".".join(cls.__module__.split(".")[:2])
    if getattr(importlib.import_module(room), cls.__name__, None) is not cls:
        raise ConfigError(
            f"class {cls.__name__} of {cls.__module__} has no public name, by which it "
            f"could be written. Import it in {room.replace('.', '/')}/__init__.pyi."
        )
    return f"{room}:{cls.__name__}"


def portable(where: str) -> str:
    """An :func:`address` without the folder of a person's file, for content hashes."""
    place, _, name = where.rpartition(":")
    return f"{Path(place).name}:{name}" if place.endswith(".py") else where


def name_at(where: str) -> str:
    """The name of the part at an :func:`address`, without importing it.

    It is the stem of its file, or of its class for a person's own.
    """
    place, _, cls = where.rpartition(":")
    if is_ours(place):
        found = lookup(cls)
        return cls.lower() if found is None else found.name
    stem = "" if place.endswith(".py") else place.rpartition(".")[2]
    return stem if stem.replace("_", "") == cls.lower() else cls.lower()


def code_of(cls: type) -> Path | None:
    """The file with the code of a class; ``None`` for Foreworld's, and without one."""
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    ours = cls.__module__.partition(".")[0] == HOUSE
    return None if ours or file is None else Path(file)


def is_ours(place: str) -> bool:
    """Whether a module is Foreworld's, by its name; a person's file never is.

    Parameters
    ----------
    place
        File or module, as it was written.
    """
    first, *rest = place.split(".")
    names = all(step.isidentifier() for step in rest)
    return first == HOUSE and bool(rest) and names and rest[-1] != "py"


def locate(where: str) -> type:
    """The class at an :func:`address`.

    One that a person names is imported; one that a folder names, only as
    :mod:`foreworld.core.own.trusted` says.

    Raises
    ------
    UntrustedError
        A folder names it and it may not be imported.
    ConfigError
        The file or module cannot be imported, or holds no such class.
    """
    place, _, name = where.rpartition(":")
    if not place:
        found = trusted.classes_in(Path(where))
        raise ConfigError(
            f"{where!r} names a file but no class. Write '{where}:"
            f"{found[0] if found else 'MyClass'}'."
            + (f" It holds: {', '.join(found)}." if found else "")
        )
    ours = is_ours(place)
    if ours and place.count(".") > 1:
        room = ".".join(place.split(".")[:2])
        raise ConfigError(
            f"{where!r} names a module inside of {room}, as configurations did before "
            f"their format was fixed. Make anew what was written so; the class is now "
            f"'{room}:{name}'."
        )
    if trusted.is_reading() and not ours:
        installed = [e.module for k in KINDS for e in entries(k).values() if not e.path]
        module = trusted_module(place, name, installed)
    elif place.endswith(".py"):
        module = load_file(Path(place))
    else:
        module = load_module(place, where)
    value: Any = module
    for step in name.split("."):
        # Rooms import what is asked for; of others a look must run nothing.
        look = getattr if ours else _look
        value = look(value, step, None)
    if isinstance(value, type):
        return _complete(value)
    classes = {n: v for n, v in vars(module).items() if isinstance(v, type)}
    own = [n for n, cls in classes.items() if cls.__module__ == module.__name__]
    own += names_in(place) if ours else []
    raise unknown_name(f"class in {place}", name, own)


def _complete(cls: type) -> type:
    """The class, if it can be made: interfaces and unfinished classes cannot."""
    lacking = set(getattr(cls, "__abstractmethods__", ()))
    lacking.update(getattr(cls, "__abstractvars__", ()))
    lacking.update(getattr(cls, "__abstractclassvars__", ()))
    if lacking:
        raise ConfigError(
            f"class {cls.__name__} is not complete: it lacks "
            f"{', '.join(sorted(lacking))}. Define what is missing; the interfaces it "
            f"derives from say what each of them is."
        )
    return cls


def _look(holder: Any, name: str, default: Any) -> Any:
    """What a module or class holds itself, without asking it."""
    return vars(holder).get(name, default) if holder is not None else default


def _letters(name: str) -> str:
    """What the spellings tmaze, t_maze, t-maze and TMaze have in common."""
    return name.replace("_", "").replace("-", "").lower()


def public_names(room: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a room: names are imported when first used.

    The stub beside its ``__init__.py`` is the table, the same for type checkers and for
    running programs; parts of registered kinds are found by their place besides.

    Parameters
    ----------
    room
        Name of the package, such as ``foreworld.worlds``.
    """

    def get(name: str) -> Any:
        if name in _table(room):
            module = importlib.import_module(_table(room)[name])
            # A name that is none of the module is a package in it.
            found = vars(module).get(name)
            value = found or importlib.import_module(f"{module.__name__}.{name}")
        else:
            value = _part_in(room, name)
        # Kept, so that the next use costs nothing.
        setattr(sys.modules[room], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[room]), *names_in(room)})

    return get, names


@functools.cache
def _table(room: str) -> dict[str, str]:
    """Module of each public name, read from a room's stub."""
    stub = Path(str(sys.modules[room].__file__)).with_suffix(".pyi")
    tree = ast.parse(stub.read_text(encoding="utf-8")) if stub.exists() else None
    return {
        alias.name: str(node.module)
        for node in (tree.body if tree else [])
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname == alias.name
    }


def names_in(room: str) -> list[str]:
    """The public names of a room, read without importing what they name."""
    parts = [
        cls
        for entry in _entries_in(room)
        for cls in (trusted.classes_in(entry.path) if entry.path else [])
        if cls.lower() == _letters(entry.name)
    ]
    return sorted({*_table(room), *parts})


def _entries_in(room: str) -> list[Entry]:
    """The parts that have their public names in a room."""
    name = room.rpartition(".")[2]
    kinds = KINDS if name == _COMPAT else [name] if name in KINDS else []
    found = [entry for kind in kinds for entry in entries(kind).values()]
    return [entry for entry in found if entry.compat == (name == _COMPAT)]


def _part_in(room: str, name: str) -> type:
    """The class ``TMaze`` of the part ``tmaze``."""
    if name[0].isupper():
        for entry in _entries_in(room):
            if _letters(entry.name) == name.lower():
                return entry.load()
    words = f"module {room!r} has no attribute {name!r}."
    if not name.startswith("_"):
        words += f" It has: {', '.join(names_in(room))}."
    raise AttributeError(words)

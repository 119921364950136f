"""Fields of parts as command-line options, read and explained by tyro.

A field is ``--name value``, nested ones ``--world.name value``, of which the parts on
the way may be left out where one field only has that name; lists are written with
commas, and a range of a family as ``low..high``. Each field takes exactly one word, so
that options can come in any order.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import io
import operator
import re
import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import tyro
from tyro.constructors import PrimitiveConstructorSpec

from foreworld.core.errors import ConfigError, unknown_name
from foreworld.core.parts.docs import field_docs
from foreworld.core.parts.part import (
    AbstractNamed,
    Bounded,
    Entries,
    FieldSpec,
    Part,
    field_specs,
)
from foreworld.core.parts.paths import whole_path
from foreworld.core.parts.types import type_node
from foreworld.train.parameters import part_name
from foreworld.worlds.ranges import AbstractRange, Uniform

RANGE = ".."
"""Stands between the ends of a range: ``--mass 0.5..1.0``."""
_LIKE_RANGE = re.compile(r"[\[(]?[\d.]+ *[-,:] *[\d.]+[\])]?")
"""How else people write ranges."""


@dataclass(frozen=True)
class Shown:
    """A part class whose fields are options.

    Attributes
    ----------
    cls
        The class.
    prefix
        What stands before its fields ("world"); empty for bare names.
    ranges
        Whether traced fields may be ranges (in families).
    preset
        A part whose values are the defaults, instead of those of the class.
    """

    cls: type[Part]
    prefix: str = ""
    ranges: bool = False
    preset: Part | None = None


@dataclass(frozen=True)
class _Option:
    path: str
    spec: FieldSpec
    owner: type[Part]
    doc: str
    default: Any
    ranges: bool


def read_fields(
    parts: Sequence[Shown], given: Sequence[tuple[str, str]], command: str
) -> dict[str, Any]:
    """The given fields as checked values, by dotted path.

    Parameters
    ----------
    parts
        Whose fields may be given.
    given
        (name, text) pairs from the command line.
    command
        The words before the fields, for messages.

    Raises
    ------
    ConfigError
        Unknown field (nearest names), or a value that is not allowed.
    """
    chosen_parts = {name.replace("-", "_"): text for name, text in given}
    options = _all_options(parts, chosen_parts)
    tokens, paths, entries = [], [], set[str]()
    plain: dict[str, Any] = {}
    for name, text in given:
        path = whole_path(name.replace("-", "_"), options)
        if (entry := _plain_entry(parts, path)) is not None:
            if path in plain:
                raise ConfigError(f"--{name} is given twice. Give it once.")
            plain[path] = _value(entry, text)
            continue
        if path not in options:
            found = _entry_options(parts, path, chosen_parts)
            entries.update(found)
            options.update(found)
        if path not in options:
            names = ", ".join(part.cls.__name__ for part in parts)
            raise unknown_name(f"field of {names}:", path, options)
        if path in paths or path in plain:
            raise ConfigError(f"--{name} is given twice. Give it once.")
        if options[path].spec.named:
            plain[path] = _value(options[path], text)
            continue
        paths.append(path)
        tokens.append(f"--{path}={text}")
    chosen = {path: options[path] for path in paths}
    try:
        tree = tyro.cli(_tree(chosen), args=tokens, prog=command, use_underscores=True)
    except _RefusedError as error:
        raise error.args[0] from None
    found = plain | {path: operator.attrgetter(path)(tree) for path in paths}
    # Entries start as other fields of their part, which must be set before, and a part
    # that is given by name is there before its fields are.
    order = sorted(found, key=lambda path: (path in entries, path.count(".")))
    return {path: found[path] for path in order}


def print_fields(
    parts: Sequence[Shown], command: str, given: Sequence[tuple[str, str]] = ()
) -> None:
    """Print the fields of parts: documentation, unit, limits, default and kind.

    Parameters
    ----------
    parts
        Whose fields.
    command
        The words before the fields.
    given
        Fields that were given: of parts by name the fields are shown, too.
    """
    chosen = {name.replace("-", "_"): text for name, text in given}
    options = _all_options(parts, chosen)
    names = ", ".join(part.cls.__name__ for part in parts)
    notes = (
        "Lists are written with commas: 32,64. Where one nested field only has a name, "
        "the name is enough: --image-size for --picture.image-size."
    )
    for part in parts:
        for path, spec in _dictionaries(part).items():
            field = ".FIELD" if isinstance(spec.mark, Entries) else " VALUE"
            notes += f" An entry of {path}: --{path}.NAME{field}."
    if any(part.ranges for part in parts):
        notes += " A range is written low..high: --mass 0.5..1.0 draws uniformly."
    # Kept back first: to a terminal it would send colours, which are no plain text.
    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(said):
        tyro.cli(
            _tree(options),
            args=["--help"],
            prog=f"{command} [--field VALUE ...]",
            description=f"Fields of {names}. {notes}",
        )
    said.seek(0)
    print(said.read(), end="")


@functools.cache
def describe_field(spec: FieldSpec, doc: str) -> str:
    """One line on a field: documentation, unit, limits, kind."""
    mark = spec.mark if isinstance(spec.mark, Bounded) else Bounded()
    notes = [mark.unit, mark.describe(), spec.kind]
    return f"{' '.join(doc.split())} ({'; '.join(note for note in notes if note)})"


class _RefusedError(Exception):
    """Carries our error through tyro, which would print a ``ValueError`` itself."""


def _all_options(parts: Sequence[Shown], chosen: dict[str, str]) -> dict[str, _Option]:
    found = (option for part in parts for option in _options(part, chosen))
    return {option.path: option for option in found}


def _options(part: Shown, chosen: dict[str, str]) -> list[_Option]:
    """The fields of a part, and of the parts that they hold.

    Parameters
    ----------
    part
        The class, and its defaults.
    chosen
        What was given by path: names of parts decide which fields there are.
    """
    docs = field_docs(part.cls)
    found = []
    for spec in field_specs(part.cls):
        path = f"{part.prefix}.{spec.name}" if part.prefix else spec.name
        if spec.kind == "data" or typing.get_origin(spec.type.bare) is dict:
            continue
        bare = spec.type.bare
        if isinstance(bare, type) and issubclass(bare, Part):
            inner = None if spec.required else spec.default()
            inner = getattr(part.preset, spec.name, inner)
            doc, default = docs.get(spec.name, ""), inner or dataclasses.MISSING
            option = _Option(path, spec, part.cls, doc, default, part.ranges)
            # Which fields follow depends on what it is.
            of_any = spec.named or issubclass(bare, AbstractNamed)
            if of_any:
                found.append(option)
                inner = _value(option, chosen[path]) if path in chosen else inner
            if inner is not None or not of_any:
                cls = bare if inner is None else type(inner)
                found += _options(Shown(cls, path, part.ranges, inner), chosen)
            continue
        default = dataclasses.MISSING if spec.required else spec.default()
        if part.preset is not None:
            default = getattr(part.preset, spec.name)
        doc = docs.get(spec.name, "")
        found.append(_Option(path, spec, part.cls, doc, default, part.ranges))
    return found


def _dictionaries(part: Shown) -> dict[str, FieldSpec]:
    """Fields that hold values or parts by name, by path."""
    lead = f"{part.prefix}." if part.prefix else ""
    return {
        lead + spec.name: spec
        for spec in field_specs(part.cls)
        if typing.get_origin(spec.type.bare) is dict
    }


def _entry_options(
    parts: Sequence[Shown], path: str, chosen: dict[str, str]
) -> dict[str, _Option]:
    """The options of the part in a dictionary that a path is in, if it is in any."""
    for lead, name, rest, spec in _entries(parts, path):
        if isinstance(spec.mark, Entries) and rest and name.isidentifier():
            item = typing.get_args(spec.type.bare)[1]
            return _all_options([Shown(item, f"{lead}.{name}")], chosen)
    return {}


def _plain_entry(parts: Sequence[Shown], path: str) -> _Option | None:
    """A value in a dictionary as an option of its own, if a path names one."""
    for lead, name, rest, spec in _entries(parts, path):
        if not isinstance(spec.mark, Entries) and name and not rest:
            item = type_node(typing.get_args(spec.type.bare)[1])
            owner = next(p.cls for p in parts if lead in _dictionaries(p))
            one = FieldSpec(f"{spec.name}.{name}", item, None, spec.field)
            return _Option(path, one, owner, "", dataclasses.MISSING, ranges=False)
    return None


def _entries(
    parts: Sequence[Shown], path: str
) -> Iterator[tuple[str, str, str, FieldSpec]]:
    """Dictionaries that a path leads into: their path, the entry, what follows."""
    for part in parts:
        for lead, spec in _dictionaries(part).items():
            if path.startswith(f"{lead}."):
                name, _, rest = path.removeprefix(f"{lead}.").partition(".")
                yield lead, name, rest, spec


def _tree(options: dict[str, _Option], prefix: str = "") -> type:
    """Options as nested dataclasses of plain types, which tyro understands."""
    fields: list[Any] = []
    groups: dict[str, dict[str, _Option]] = {}
    for path, option in options.items():
        # A part by name stands among its own fields, under no name of its own.
        own = f"{path}." == prefix
        inner = path.rpartition(".")[2] if own else path.removeprefix(prefix)
        name, _, rest = inner.partition(".")
        if rest or (option.spec.named and not own):
            groups.setdefault(name, {})[path] = option
            continue
        hint = Annotated[
            Any,
            _constructor(option),
            tyro.conf.arg(
                help=describe_field(option.spec, option.doc),
                name="" if own else None,
            ),
        ]
        default = option.default
        if isinstance(default, Part):
            # As text: tyro would take a part for something that can be changed.
            default = part_name(default)
        missing = default is dataclasses.MISSING
        field = () if missing else (dataclasses.field(default=default),)
        fields.append((name, hint, *field))
    # Fields without a default go first.
    fields.sort(key=len)
    nested = [
        (name, _tree(group, f"{prefix}{name}.")) for name, group in groups.items()
    ]
    return dataclasses.make_dataclass("Fields", [*fields, *nested], kw_only=True)


def _constructor(option: _Option) -> PrimitiveConstructorSpec[Any]:
    def read(words: list[str]) -> Any:
        try:
            return _value(option, words[0])
        except ConfigError as error:
            raise _RefusedError(error) from error

    return PrimitiveConstructorSpec(
        nargs=1,
        metavar=option.spec.type.metavar,
        instance_from_str=read,
        is_instance=lambda _: True,
        str_from_instance=lambda value: [_text(value)],
    )


def _value(option: _Option, text: str) -> Any:
    spec, where = option.spec, f"{option.owner.__name__}.{option.spec.name}"
    if RANGE in text and spec.type.bare in (int, float):
        if spec.kind != "traced":
            raise ConfigError(
                f"{where}={text} cannot be a range: only fields that 'foreworld show' "
                f"calls traced can. Give one value."
            )
        if not option.ranges:
            raise ConfigError(
                f"{where}={text} cannot be a range here: ranges are for 'foreworld "
                f"generate'. Give one value, or sweep several in a study."
            )
    if RANGE not in text or spec.kind != "traced" or not option.ranges:
        try:
            value = spec.type.parse(text, where)
        except ConfigError as error:
            if _LIKE_RANGE.fullmatch(text):
                raise ConfigError(f"{error} A range is written 0.5..1.0.") from None
            raise
        return spec.canonical(value, where)
    try:
        low, high = (float(end) for end in text.split(RANGE))
    except ValueError:
        raise ConfigError(
            f"{where}: expected a range low{RANGE}high, such as 0.5{RANGE}1.0, got "
            f"{text!r}."
        ) from None
    if low > high:
        raise ConfigError(
            f"{where}: the range {text} runs backwards. Write the smaller number "
            f"first: {high:g}{RANGE}{low:g}."
        )
    return Uniform(*(spec.canonical(end, where) for end in (low, high)))


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(_text(item) for item in value)
    if isinstance(value, AbstractRange):
        low, high = value.ends()
        return f"{low}{RANGE}{high}"
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)

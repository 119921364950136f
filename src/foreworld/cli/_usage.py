"""A verb's own options (argparse), kept apart from the fields of parts.

Names must be known before fields can be read, and words may come in any order, so every
option that a verb does not know is set aside as a field with exactly one value.
"""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from foreworld.core.errors import ConfigError, unknown_name
from foreworld.core.parts.limits import Bounded

Fields = list[tuple[str, str]]
"""Options that are fields of parts: (name without dashes, text of the value)."""


@dataclass(frozen=True)
class _Number:
    """Reads the number of an option."""

    name: str
    kind: type
    limits: Bounded

    def __call__(self, text: str) -> int | float:
        """The number."""
        try:
            value = self.kind(text)
        except ValueError:
            word = "a whole number" if self.kind is int else "a number"
            raise ConfigError(f"{self.name}: expected {word}, got {text!r}.") from None
        if not self.limits.allows(value):
            raise ConfigError(f"{self.name}={text} must be {self.limits.describe()}.")
        return value


@dataclass(frozen=True)
class _Choice:
    """Reads the choice of an option."""

    name: str
    choices: tuple[str, ...]

    def __call__(self, text: str) -> str:
        """The choice."""
        if text not in self.choices:
            raise unknown_name(f"choice for {self.name}:", text, self.choices)
        return text


STUDY = "a study's file, its name under studies/, or its folder"
"""What is meant by STUDY, and by RUN."""


def seed_option(usage: Usage, what: str = "root seed") -> None:
    """Declare ``--seed``."""
    usage.add(
        "--seed",
        type=int,
        default=0,
        low=0,
        high=2**32 - 1,
        metavar="S",
        help=f"{what} (default: 0)",
    )


class Usage:
    """The options of one verb.

    Parameters
    ----------
    verb
        Its name.
    doc
        Docstring of its module, shown by ``-h``.
    takes_fields
        Whether unknown options are fields of parts, or mistakes.
    """

    def __init__(self, verb: str, doc: str, takes_fields: bool) -> None:
        self.verb = verb
        self._takes_fields = takes_fields
        self._parser = argparse.ArgumentParser(
            prog=f"foreworld {verb}",
            description=doc.strip(),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            add_help=False,
            allow_abbrev=False,
            exit_on_error=False,
        )
        self._prefixes: list[str] = []
        self._takes_value: dict[str, bool] = {}
        self._readers: dict[str, _Number | _Choice] = {}

    def add(
        self,
        *names: str,
        low: float | None = None,
        high: float | None = None,
        **settings: Any,
    ) -> None:
        """Declare an option or a positional word, as argparse does.

        ``low`` and ``high`` limit the numbers of a ``type``. What is wrong with a
        number or a choice is said in our words.
        """
        name = names[0] if names[0].startswith("-") else settings.get("metavar", "")
        kind, choices = settings.pop("type", None), settings.pop("choices", None)
        reader: _Number | _Choice | None = None
        if kind is not None:
            reader = _Number(name, kind, Bounded(low, high))
        elif choices is not None:
            reader = _Choice(name, tuple(choices))
            settings.setdefault("metavar", "|".join(reader.choices))
        action = self._parser.add_argument(*names, **settings)
        for name in action.option_strings:
            self._takes_value[name] = action.nargs != 0
        if reader is not None:
            self._readers[action.dest] = reader

    def add_fields(self, name: str, dest: str) -> None:
        """Declare that ``--name.field value`` are fields of what ``--name`` names.

        They come as (name, text) pairs in ``dest``.
        """
        self._prefixes.append(f"--{name}.")
        self._parser.add_argument(
            f"--{name}.",
            dest=dest,
            action="append",
            default=[],
            help=argparse.SUPPRESS,
        )

    def quiet(self) -> None:
        """Declare ``--quiet``."""
        self.add("--quiet", action="store_true", help="print errors only")

    def json(self) -> None:
        """Declare ``--json``."""
        self.add("--json", action="store_true", help="print JSON, for programs")

    def text(self) -> str:
        """The help text."""
        return self._parser.format_help()

    def parse(self, words: Sequence[str]) -> tuple[argparse.Namespace, Fields]:
        """The verb's own options, and the fields.

        Raises
        ------
        ConfigError
            An option that does not exist, lacks its value, or has a wrong one.
        """
        own, fields = self._split(words)
        if fields and not self._takes_fields:
            known = [name.lstrip("-") for name in self._takes_value]
            raise unknown_name(f"option of {self.verb}:", fields[0][0], known)
        args, extra = self._read(own)
        if extra:
            self._refuse(f"unexpected {' '.join(extra)!r}")
        return args, fields

    def parse_names(self, words: Sequence[str]) -> argparse.Namespace | None:
        """The same for help: ``None`` while names are missing."""
        own, _ = self._split(words)
        try:
            return self._read(own)[0]
        except ConfigError:
            return None

    def _split(self, words: Sequence[str]) -> tuple[list[str], Fields]:
        own: list[str] = []
        fields: Fields = []
        stream = iter(words)
        for word in stream:
            name, equals, value = word.partition("=")
            if not word.startswith("--") or word == "--":
                own.append(word)
            elif prefix := next((p for p in self._prefixes if name.startswith(p)), ""):
                value = value if equals else self._value(name, next(stream, None))
                # One word, as a value may begin with a dash.
                own += [f"{prefix}={name[2:]}={value}"]
            elif name in self._takes_value:
                own.append(word)
                if self._takes_value[name] and not equals:
                    own.append(self._value(name, next(stream, None)))
            elif not self._takes_fields:
                fields.append((name[2:], value))
            else:
                value = value if equals else self._value(name, next(stream, None))
                fields.append((name[2:], value))
        return own, fields

    def _value(self, name: str, value: str | None) -> str:
        if value is None or value.startswith("--"):
            self._refuse(f"{name} needs a value")
        return value

    def _read(self, own: list[str]) -> tuple[argparse.Namespace, list[str]]:
        said = io.StringIO()
        try:
            # argparse prints and exits in some cases whatever exit_on_error says.
            with contextlib.redirect_stderr(said):
                args, extra = self._parser.parse_known_args(own)
        except argparse.ArgumentError as error:
            self._refuse(str(error))
        except SystemExit:
            self._refuse(said.getvalue().rpartition("error: ")[2].strip())
        for name, reader in self._readers.items():
            text = getattr(args, name)
            if isinstance(text, str):
                setattr(args, name, reader(text))
        return args, extra

    def _refuse(self, why: str) -> NoReturn:
        usage = self._parser.format_usage().strip()
        raise ConfigError(f"{why}.\n{usage}\n'foreworld {self.verb} -h' explains it.")

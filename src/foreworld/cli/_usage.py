"""A verb's own options (argparse), kept apart from the fields of parts.

Names must be known before fields can be read, and words may come in any order, so every
option that a verb does not know is set aside as a field with exactly one value.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NoReturn

from foreworld.core.disk.places import expanded
from foreworld.core.errors import ConfigError, unknown_name
from foreworld.core.parts.limits import Bounded

Args = argparse.Namespace
"""Values of a verb's own options by name."""
Fields = list[tuple[str, str]]
"""Options that are fields of parts: (name without dashes, text of the value)."""


STUDY = "a study's file, its name under studies/, or its folder"
"""What is meant by STUDY, and by RUN."""


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
        self.takes_fields = takes_fields
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
        self._readers: dict[str, Callable[[str], Any]] = {}

    def add(
        self,
        spec: str,
        help: str,
        number: type[int] | type[float] | None = None,
        *,
        low: float | None = None,
        high: float | None = None,
        above: float | None = None,
        choices: Iterable[str] = (),
        **settings: Any,
    ) -> None:
        """Declare an option or a positional word. What is wrong is said in our words.

        Parameters
        ----------
        spec
            ``"--name METAVAR"``, ``"--name"`` for a flag, ``"name METAVAR"`` for a
            positional word.
        help
            Its line in the help.
        number
            Kind of the number that it is, if it is one.
        low, high, above
            Limits of the number.
        choices
            What it may be; also its metavar where ``spec`` has none.
        **settings
            Further ones of argparse: ``default``, ``nargs``, ``required``.
        """
        name, _, metavar = spec.partition(" ")
        metavar = metavar or "|".join(choices)
        if metavar:
            settings["metavar"] = metavar
        else:
            settings["action"] = "store_true"
        action = self._parser.add_argument(name, help=help, **settings)
        if action.option_strings:
            self._takes_value[name] = bool(metavar)
        shown = name if action.option_strings else metavar
        if number is not None:
            limits = Bounded(low, high, above)
            self._readers[action.dest] = partial(_number, shown, number, limits)
        elif choices:
            self._readers[action.dest] = partial(_choice, shown, tuple(choices))

    def add_fields(self, name: str, dest: str) -> None:
        """Declare that ``--name.field value`` are fields of what ``--name`` names.

        They come as (name, text) pairs in ``dest``.
        """
        self._prefixes.append(f"--{name}.")
        self._parser.add_argument(
            f"--{name}.", dest=dest, action="append", default=[], help=argparse.SUPPRESS
        )

    def quiet(self) -> None:
        """Declare ``--quiet``."""
        self.add("--quiet", "print errors only")

    def json(self) -> None:
        """Declare ``--json``."""
        self.add("--json", "print JSON, for programs")

    def seed(
        self, what: str = "root seed", default: int | None = 0, own: str = ""
    ) -> None:
        """Declare ``--seed``.

        Parameters
        ----------
        what
            It is good for.
        default
            Its value where it is not given.
        own
            What is said of the default beside 0.
        """
        help = f"{what} (default: 0{own})"
        self.add("--seed S", help, int, default=default, low=0, high=2**32 - 1)

    def page(self) -> None:
        """Declare where a page is served, and whether the browser opens it."""
        help = "port on 127.0.0.1 (default: the first free one from 8750 on)"
        self.add("--port N", help, int)
        self.add("--no-open", "do not open a browser")

    def text(self) -> str:
        """The help text."""
        return self._parser.format_help()

    def parse(self, words: Sequence[str]) -> tuple[Args, Fields]:
        """The verb's own options, and the fields.

        Raises
        ------
        ConfigError
            An option that does not exist, lacks its value, or has a wrong one.
        """
        own, fields = self._split(words)
        if fields and not self.takes_fields:
            known = [name.lstrip("-") for name in self._takes_value]
            raise unknown_name(f"option of {self.verb}:", fields[0][0], known)
        args, extra = self._read(own)
        if extra:
            self._refuse(f"unexpected {' '.join(extra)!r}")
        return args, fields

    def parse_names(self, words: Sequence[str]) -> Args | None:
        """The same for help: ``None`` while names are missing."""
        own, _ = self._split(words)
        try:
            return self._read(own)[0]
        except ConfigError:
            return None

    def fields_of(self, words: Sequence[str]) -> Fields:
        """The words that are fields."""
        return self._split(words)[1]

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
                    value = self._value(name, next(stream, None))
                    own.append(value)
                if self._takes_value[name] and not value:
                    self._refuse(f"{name} needs a value, and got an empty one")
            else:
                if self.takes_fields and not equals:
                    value = self._value(name, next(stream, None))
                fields.append((name[2:], value))
        return own, fields

    def _value(self, name: str, value: str | None) -> str:
        if value is None or value.startswith("--"):
            self._refuse(f"{name} needs a value")
        return value

    def _read(self, own: list[str]) -> tuple[Args, list[str]]:
        said = io.StringIO()
        try:
            # argparse prints and exits in some cases whatever exit_on_error says.
            with contextlib.redirect_stderr(said):
                args, extra = self._parser.parse_known_args(own)
        except argparse.ArgumentError as error:
            self._refuse(str(error))
        except SystemExit:
            self._refuse(said.getvalue().rpartition("error: ")[2].strip())
        if str(getattr(args, "out", "") or "").startswith("~"):
            args.out = str(expanded(args.out))
        for name, reader in self._readers.items():
            text = getattr(args, name)
            if isinstance(text, str):
                setattr(args, name, reader(text))
        return args, extra

    def _refuse(self, why: str) -> NoReturn:
        usage = self._parser.format_usage().strip()
        raise ConfigError(f"{why}.\n{usage}\n'foreworld {self.verb} -h' explains it.")


def _number(name: str, kind: type, limits: Bounded, text: str) -> int | float:
    try:
        value = kind(text)
    except ValueError:
        word = "a whole number" if kind is int else "a number"
        raise ConfigError(f"{name}: expected {word}, got {text!r}.") from None
    if not limits.allows(value):
        raise ConfigError(f"{name}={text} must be {limits.describe()}.")
    if not math.isfinite(value):
        raise ConfigError(f"{name}={text} must be a finite number.")
    return value


def _choice(name: str, choices: tuple[str, ...], text: str) -> str:
    if text not in choices:
        raise unknown_name(f"choice for {name}:", text, choices)
    return text

"""A verb's own options (argparse), kept apart from the fields of parts.

Names must be known before fields can be read, and words may come in any order, so every
option that a verb does not know is set aside as a field with exactly one value.
"""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Sequence
from typing import Any, NoReturn

from foreworld.core.errors import ConfigError, unknown_name

Fields = list[tuple[str, str]]
"""Options that are fields of parts: (name without dashes, text of the value)."""


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
        self._takes_value: dict[str, bool] = {}

    def add(self, *names: str, **settings: Any) -> None:
        """Declare an option or a positional word, as argparse does."""
        action = self._parser.add_argument(*names, **settings)
        for name in action.option_strings:
            self._takes_value[name] = action.nargs != 0

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
                return self._parser.parse_known_args(own)
        except argparse.ArgumentError as error:
            self._refuse(str(error))
        except SystemExit:
            self._refuse(said.getvalue().rpartition("error: ")[2].strip())

    def _refuse(self, why: str) -> NoReturn:
        usage = self._parser.format_usage().strip()
        raise ConfigError(f"{why}.\n{usage}\n'foreworld {self.verb} -h' explains it.")

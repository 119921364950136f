"""Errors a user can meet: what was wrong, the value, what is allowed, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from foreworld.core.plain import plain


class ForeworldError(Exception):
    """Base of all errors that a user's input or files can cause.

    The command line prints the message without a traceback (``--debug`` shows it).
    Names and values in it may come from others' files: it is shown as plain text.
    """

    def __str__(self) -> str:
        return plain(super().__str__())


class ConfigError(ForeworldError, ValueError):
    """A field, a size or a name that cannot be used."""


class UnknownNameError(ConfigError):
    """A name that nothing answers to; the message lists the nearest ones."""


class FitError(ForeworldError, ValueError):
    """A learner that does not fit a world or a data set; names the mismatch."""


class DamagedError(ForeworldError):
    """A file that is missing, truncated or altered."""


class OccupiedError(ForeworldError, FileExistsError):
    """An output folder that holds something else."""


def unknown_name(what: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """The error for an unknown name: nearest names first, then the full list.

    Parameters
    ----------
    what
        Kind of the name, such as ``"world"``.
    name
        What was given.
    known
        All names that there are.
    """
    names = sorted(known)
    near = difflib.get_close_matches(str(name).lower(), names, n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
    listing = ", ".join(names) if names else "none"
    return UnknownNameError(f"unknown {what} {name!r}.{hint} Known: {listing}.")

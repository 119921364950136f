"""Errors of Python functions that programs call back: their words are kept.

A program that calls back ends with an error of JAX's runtime whatever went wrong; the
error itself is remembered here, and found again where words for people are made.
"""

from __future__ import annotations

import contextlib
import site
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path

_SIGN = "CpuCallback"
"""What the runtime's error says of a function that was called back."""


class _Last:
    """The latest error of a function that a program called back."""

    error: Exception | None = None


@contextlib.contextmanager
def remembered() -> Iterator[None]:
    """Remember an error that leaves a function that programs call back."""
    try:
        yield
    except Exception as error:
        _Last.error = error
        raise


def cause(error: Exception) -> Exception:
    """The error of the function that a program called back; else the error itself."""
    if _Last.error is None or _SIGN not in str(error):
        return error
    return _Last.error


def origin(error: BaseException) -> str:
    """The innermost line outside of installed packages and Foreworld, in brackets.

    Empty where there is none.
    """
    paths = sysconfig.get_paths()
    packages = [*site.getsitepackages(), paths["stdlib"], paths["purelib"]]
    outside = (*packages, str(Path(__file__).parent.parent))
    frames = reversed(traceback.extract_tb(error.__traceback__))
    frame = next((f for f in frames if not f.filename.startswith(outside)), None)
    if frame is None:
        return ""
    return f" ({frame.filename}, line {frame.lineno}, in {frame.name})"

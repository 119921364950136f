"""How types and shapes are checked while tests run (jaxtyping's import hook)."""

from collections.abc import Callable
from typing import Any

from beartype import BeartypeConf, beartype

_check = beartype(conf=BeartypeConf(is_pep484_tower=True))


def check(function: Callable[..., Any]) -> Callable[..., Any]:
    """Check a function's types; constructors check their fields themselves."""
    if function.__qualname__.endswith("__init__"):
        return function
    return _check(function)

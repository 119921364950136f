"""JSON from files and browsers, read strictly: what is no plain data is refused.

Python's own reader takes NaN, makes an infinity of ``1e999``, and reads integers and
nested lists of any size, on which whatever reads the result fails in its own way.
"""

from __future__ import annotations

import json
import math
from itertools import chain
from typing import Any, NoReturn

MAX_DEPTH = 64
"""Lists and objects in each other, at most."""
MAX_ENTRIES = 3_000_000
"""Values in all, at most: a second's reading."""
_LOWEST, _BEYOND = -(2**63), 2**64


def parse(text: str | bytes) -> Any:
    """The plain values in a JSON text.

    Raises
    ------
    ValueError
        It is not JSON, holds a number that is not finite or an integer of more than 64
        bits, half a surrogate pair, too many values, or is nested too deeply; says
        which.
    """
    if text.count("," if isinstance(text, str) else b",") >= MAX_ENTRIES:  # type: ignore[arg-type]
        raise ValueError(f"it holds more than {MAX_ENTRIES:,} values")
    try:
        data = json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise _too_deep() from None
    level = [data]
    for _ in range(MAX_DEPTH + 1):
        for value in level:
            if isinstance(value, float | int) and not _fits(value):
                raise ValueError("a number in it is too large")
        inner = [value for value in level if isinstance(value, list | dict)]
        if not inner:
            break
        level = list(chain.from_iterable(map(_items, inner)))
    else:
        raise _too_deep()
    escape = "\\ud" if isinstance(text, str) else b"\\ud"
    if escape in text.lower():  # type: ignore[operator]
        # Half a surrogate pair is legal JSON that no file or screen can take.
        json.dumps(data, ensure_ascii=False).encode()
    return data


def _fits(value: float) -> bool:
    # Integers first: of a large one there is no float that could be asked.
    return _LOWEST <= value < _BEYOND if type(value) is int else math.isfinite(value)


def _items(value: list[Any] | dict[str, Any]) -> Any:
    return value.values() if isinstance(value, dict) else value


def _too_deep() -> ValueError:
    return ValueError(f"it is nested more than {MAX_DEPTH} deep")


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")

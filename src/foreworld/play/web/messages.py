"""What a browser may say: small JSON texts, each checked before anything acts on it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, get_args

from foreworld.core import strict_json
from foreworld.core.errors import ForeworldError

MAX_LEN = 4096
"""Characters of a message; longer ones end the connection."""
LARGEST = 3.4e38
"""Numbers that worlds can hold, of 32 bits, reach to here."""
FARTHEST = 100.0
"""Shares of the picture at which a hand can be."""
SLOWEST, FASTEST = 0.5, 60.0
"""Steps a second."""


class MessageError(ForeworldError, ValueError):
    """Something that our page never sends."""


@dataclass(frozen=True)
class Ack:
    """Frame number ``frame`` has been drawn."""

    frame: int


@dataclass(frozen=True)
class Play:
    """Let time run, or stop it."""

    on: bool


@dataclass(frozen=True)
class Rate:
    """Steps a second."""

    value: float


@dataclass(frozen=True)
class Tick:
    """One step."""


@dataclass(frozen=True)
class Restart:
    """A new episode."""


@dataclass(frozen=True)
class Truth:
    """Show the model the true frames again and predict from there."""


@dataclass(frozen=True)
class Act:
    """One step with an action."""

    action: int


@dataclass(frozen=True)
class Hold:
    """An action's key is held down while time runs; -1 when it is let go."""

    action: int


@dataclass(frozen=True)
class Agent:
    """Let the agent act, or take over."""

    on: bool


@dataclass(frozen=True)
class Set:
    """Move a slider."""

    name: str
    value: float


@dataclass(frozen=True)
class Grab:
    """Drag the picture; from the left and from the top, as shares of its size."""

    x: float
    y: float


@dataclass(frozen=True)
class Release:
    """Let the picture go."""


@dataclass(frozen=True)
class Nudge:
    """Add to a number of the state."""

    column: int
    amount: float


@dataclass(frozen=True)
class Choose:
    """Choose a field of the seat's next action; the field of a lone choice is empty."""

    field: str
    action: int


@dataclass(frozen=True)
class Enter:
    """Give the numbers of a field of the seat's next action."""

    field: str
    numbers: tuple[float, ...]


@dataclass(frozen=True)
class Sit:
    """Take an agent's seat in a game."""

    seat: str


@dataclass(frozen=True)
class Stand:
    """Leave the seat."""


_OfTime = Ack | Play | Rate | Tick | Restart | Truth
_OfHands = Act | Hold | Agent | Set | Grab | Release | Nudge
_OfSeats = Choose | Enter | Sit | Stand
Message = _OfTime | _OfHands | _OfSeats

_KINDS: dict[str, type] = {cls.__name__.lower(): cls for cls in get_args(Message)}


def parse(text: str) -> Message:
    """The message in a text such as ``{"type": "rate", "value": 10}``.

    Raises
    ------
    MessageError
        Too long, no JSON, an unknown type, or fields that are missing, too many, of
        another type or out of their range.
    """
    if len(text) > MAX_LEN:
        raise MessageError(f"a message of {len(text)} characters; at most {MAX_LEN}.")
    try:
        data = strict_json.parse(text)
    except ValueError as error:
        raise MessageError(f"not JSON: {error}.") from error
    if not isinstance(data, dict) or not isinstance(data.get("type"), str):
        raise MessageError("a message is an object with a 'type'.")
    cls = _KINDS.get(data["type"])
    if cls is None:
        raise MessageError(f"unknown message type {data['type'][:20]!r}.")
    wanted = {field.name: field.type for field in dataclasses.fields(cls)}
    if set(data) - {"type"} != set(wanted):
        raise MessageError(f"{data['type']} takes {', '.join(wanted) or 'nothing'}.")
    message = cls(**{name: _typed(kind, data[name]) for name, kind in wanted.items()})
    if isinstance(message, Rate) and not SLOWEST <= message.value <= FASTEST:
        raise MessageError(f"rate {message.value} is not in [{SLOWEST}, {FASTEST}].")
    if isinstance(message, Grab) and max(abs(message.x), abs(message.y)) > FARTHEST:
        raise MessageError("a hand that is far outside the picture.")
    return message


def _typed(kind: Any, value: Any) -> Any:
    # Annotations are texts in this module.
    if kind == "float" and type(value) in (int, float):
        if abs(value) <= LARGEST:
            return float(value)
        raise MessageError(f"expected a number of 32 bits, got {value:g}.")
    if kind == "tuple[float, ...]" and type(value) is list:
        return tuple(_typed("float", one) for one in value)
    if kind == type(value).__name__ and kind != "float":
        return value
    raise MessageError(f"expected {kind}, got {type(value).__name__}.")

"""What a folder says of a part whose class is not trusted, gone, or another by now.

It is plain data: everything that only reads goes on, and what would have to run the
class raises the error that says why it is not at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from foreworld.core import registry
from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.core.parts.settings import Settings


class NotAtHandError(ConfigError, AttributeError):
    """A class that would have to run is not at hand; says why.

    It is an :class:`AttributeError` too, so that asking whether there is a method goes
    on.
    """


def class_name(part: Any) -> str:
    """The name of a part's class, also where that is not at hand."""
    is_one = isinstance(part, StandIn)
    return part.address.rpartition(":")[2] if is_one else type(part).__name__


class StandIn:
    """The fields of a part without its class.

    Parameters
    ----------
    address
        Class that was written, as in :func:`foreworld.core.registry.address`.
    version
        Version that was written; ``None`` where none was.
    fields
        Values by field, which are attributes too.
    why
        Why the class is not at hand.
    """

    def __init__(
        self, address: str, version: Any, fields: Mapping[str, Any], why: ForeworldError
    ) -> None:
        self.address, self.version, self.why = address, version, why
        self.fields = Settings(fields)

    @property
    def name(self) -> str:
        """What such a part is called; see :func:`registry.name_at`."""
        return registry.name_at(self.address)

    def replace(self, **changes: Any) -> StandIn:
        """A copy with other values, which nobody can check."""
        fields = {**self.fields, **changes}
        return StandIn(self.address, self.version, fields, self.why)

    def refuse(self) -> NoReturn:
        """Raise why the class is not at hand."""
        raise NotAtHandError(str(self.why)) from self.why

    def __getattr__(self, name: str) -> Any:
        # Names of protocols: asked for by copying, pickling, displaying.
        if name.startswith("_") or "fields" not in vars(self):
            raise AttributeError(name)
        if name in self.fields:
            return self.fields[name]
        return self.refuse()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StandIn) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(self.address)

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.fields.items())
        return f"{self.address.rpartition(':')[2]}({fields})"

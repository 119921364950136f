"""What actions and observations may be: choices, boxes of numbers, records of both.

Which actions are allowed is told by a mask: for a number of choices one flag each, for
a record a dictionary of the masks of its fields, and ``None`` where all are allowed
(always so in a box). A field that a record's mask does not name is not restricted.
"""

from __future__ import annotations

import abc
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key, Num

from foreworld.core.errors import ConfigError
from foreworld.core.keys import named_key

Allowed = Any
"""A mask of actions, by the kind of their space: flags, masks by field, ``None``."""


_PART_NAME = re.compile(r"[^\x00-\x1f\x7f/]{1,64}")


def check_part_name(name: object, what: str) -> None:
    """Refuse names that could not name a column of a data set.

    Parameters
    ----------
    name
        Of an agent or of a field of a record.
    what
        What it names, for the message.

    Raises
    ------
    ConfigError
        It is no text, too long, or holds a slash or a control character.
    """
    good = isinstance(name, str) and _PART_NAME.fullmatch(name)
    if not good or name in (".", ".."):
        raise ConfigError(
            f"{what} is named by 1 to 64 letters, digits and signs without '/', got "
            f"{name!r}."
        )


class AbstractSpace(abc.ABC):
    """What values may be. Spaces are compared by what they say, and can be hashed."""

    @property
    @abc.abstractmethod
    def like(self) -> Any:
        """Shape and dtype of every array of an element."""

    @property
    @abc.abstractmethod
    def flat_size(self) -> int:
        """How many numbers :meth:`flatten` makes of one element."""

    @abc.abstractmethod
    def sample(self, key: Key[Array, ""], allowed: Allowed = None) -> Any:
        """A random element, one of those that are allowed.

        Parameters
        ----------
        key
            Random key.
        allowed
            Mask of this space; ``None`` where everything is allowed.
        """

    @abc.abstractmethod
    def contains(self, x: Any, allowed: Allowed = None) -> Bool[Array, ""]:
        """Whether something is an element, and an allowed one.

        Parameters
        ----------
        x
            Anything.
        allowed
            As in :meth:`sample`.
        """

    @abc.abstractmethod
    def fault(self, allowed: Allowed) -> str:
        """What is wrong with a mask; empty where nothing is.

        Parameters
        ----------
        allowed
            A mask whose values are known, not one of a program that is being compiled.
        """

    @abc.abstractmethod
    def flatten(self, x: Any) -> Float[Array, "*batch size"]:
        """Elements as float32 rows: one-hot codes of choices, entries of boxes.

        Parameters
        ----------
        x
            Elements, with any leading axes.
        """


@dataclass(frozen=True, repr=False)
class Discrete(AbstractSpace):
    """The integers ``0 .. num - 1`` (int32 scalars).

    Attributes
    ----------
    num
        Number of choices.
    names
        What each choice does, for people; empty where it is not said. Choices called
        up, down, left and right are chosen with the arrow keys in live play.
    """

    num: int
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.num < 1:
            raise ConfigError(f"Discrete needs at least 1 choice, got num={self.num}.")
        if self.names and len(self.names) != self.num:
            raise ConfigError(
                f"Discrete has {self.num} choices but {len(self.names)} names for "
                f"them: {', '.join(self.names)}. Name each of them, or none."
            )

    def __repr__(self) -> str:
        names = f", names={self.names}" if self.names else ""
        return f"Discrete(num={self.num}{names})"

    @property
    def shape(self) -> tuple[int, ...]:
        """An element is a scalar."""
        return ()

    @property
    def dtype(self) -> str:
        """Elements are int32."""
        return "int32"

    @property
    def like(self) -> jax.ShapeDtypeStruct:
        """A whole number."""
        return jax.ShapeDtypeStruct((), jnp.int32)

    @property
    def flat_size(self) -> int:
        """Width of the one-hot code of an element."""
        return self.num

    def sample(self, key: Key[Array, ""], allowed: Allowed = None) -> Num[Array, ""]:
        """Uniform over the choices, or over those that are allowed."""
        if allowed is None:
            return jax.random.randint(key, (), 0, self.num, dtype=jnp.int32)
        draws = jax.random.uniform(key, (self.num,), jnp.float32)
        return jnp.argmax(jnp.where(allowed, draws, -1.0)).astype(jnp.int32)

    def contains(
        self, x: Num[Array, "..."], allowed: Allowed = None
    ) -> Bool[Array, ""]:
        """Whether ``x`` is one of the choices, and an allowed one."""
        x = jnp.asarray(x)
        if x.shape != () or not jnp.issubdtype(x.dtype, jnp.integer):
            return jnp.asarray(False)
        inside = (x >= 0) & (x < self.num)
        if allowed is None:
            return inside
        return inside & jnp.asarray(allowed)[jnp.clip(x, 0, self.num - 1)]

    def fault(self, allowed: Allowed) -> str:
        """What is wrong with a mask of known values; empty where nothing is."""
        flags = np.asarray(allowed)
        if (flags.shape, flags.dtype) != ((self.num,), np.bool_):
            return (
                f"it must have one flag (bool) for each of {self.num} choices, got "
                f"{flags.dtype}{list(flags.shape)}"
            )
        if not flags.any():
            return f"it forbids all {self.num} choices, and one has to be allowed"
        return ""

    def flatten(self, x: Num[Array, "*batch"]) -> Num[Array, "*batch num"]:
        """One-hot float32 code."""
        return jax.nn.one_hot(x, self.num, dtype=jnp.float32)


@dataclass(frozen=True)
class Box(AbstractSpace):
    """Arrays of one shape whose entries all lie in ``[low, high]``."""

    low: float
    high: float
    shape: tuple[int, ...]
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ConfigError(f"Box needs low <= high, got [{self.low}, {self.high}].")

    @property
    def like(self) -> jax.ShapeDtypeStruct:
        """An array."""
        return jax.ShapeDtypeStruct(self.shape, jnp.dtype(self.dtype))

    @property
    def flat_size(self) -> int:
        """Number of entries."""
        return math.prod(self.shape)

    def sample(self, key: Key[Array, ""], allowed: Allowed = None) -> Num[Array, "..."]:
        """Uniform where bounded on both sides, standard normal otherwise."""
        if math.isfinite(self.low) and math.isfinite(self.high):
            if jnp.issubdtype(jnp.dtype(self.dtype), jnp.integer):
                high = int(self.high) + 1
                x = jax.random.randint(key, self.shape, int(self.low), high, jnp.int32)
                return x.astype(self.dtype)
            x = jax.random.uniform(
                key, self.shape, jnp.float32, minval=self.low, maxval=self.high
            )
        else:
            x = jax.random.normal(key, self.shape, jnp.float32)
            x = jnp.clip(x, self.low, self.high)
        return x.astype(self.dtype)

    def contains(
        self, x: Num[Array, "..."], allowed: Allowed = None
    ) -> Bool[Array, ""]:
        """Whether ``x`` has the shape and lies within the bounds."""
        x = jnp.asarray(x)
        if x.shape != self.shape:
            return jnp.asarray(False)
        return jnp.all((x >= self.low) & (x <= self.high))

    def fault(self, allowed: Allowed) -> str:
        """What is wrong with a mask: that there is one."""
        return "" if allowed is None else "a box of numbers has no mask, only None"

    def flatten(self, x: Num[Array, "..."]) -> Num[Array, "..."]:
        """Entries in one float32 row, leading batch axes kept."""
        x = jnp.asarray(x)
        batch = x.shape[: x.ndim - len(self.shape)]
        return x.reshape(*batch, self.flat_size).astype(jnp.float32)


@dataclass(frozen=True, init=False, repr=False)
class Record(AbstractSpace):
    """Named fields, each with a space of its own; elements are dictionaries.

    ``Record({"message": Discrete(8), "decision": Discrete(2)})``. Fields keep the order
    in which they are written.

    Attributes
    ----------
    items
        Name and space of each field.
    """

    items: tuple[tuple[str, Space], ...]

    def __init__(
        self,
        fields: Mapping[str, Space] | Iterable[tuple[str, Space]],
    ) -> None:
        items = tuple(dict(fields).items())
        if not items:
            raise ConfigError("Record needs at least one field, got none.")
        for name, space in items:
            check_part_name(name, "a field of a Record")
            if not isinstance(space, Discrete | Box | Record):
                raise ConfigError(
                    f"field {name!r} of a Record is a Discrete, a Box or a Record, got "
                    f"{space!r}."
                )
        object.__setattr__(self, "items", items)

    def __repr__(self) -> str:
        return f"Record({dict(self.items)!r})"

    @property
    def fields(self) -> dict[str, Space]:
        """Space of each field by its name."""
        return dict(self.items)

    @property
    def like(self) -> dict[str, Any]:
        """One of each field, by name."""
        return {name: space.like for name, space in self.items}

    @property
    def flat_size(self) -> int:
        """Width of all fields side by side."""
        return sum(space.flat_size for _, space in self.items)

    def sample(self, key: Key[Array, ""], allowed: Allowed = None) -> dict[str, Any]:
        """Every field by itself; a field's draw depends on its name only."""
        masks = self._masks(allowed)
        return {
            name: space.sample(named_key(key, name), masks.get(name))
            for name, space in self.items
        }

    def contains(self, x: Any, allowed: Allowed = None) -> Bool[Array, ""]:
        """Whether ``x`` has these fields, each within its space."""
        if not isinstance(x, Mapping) or set(x) != set(self.fields):
            return jnp.asarray(False)
        masks = self._masks(allowed)
        inside = [space.contains(x[n], masks.get(n)) for n, space in self.items]
        return jnp.all(jnp.stack(inside))

    def _masks(self, allowed: Allowed) -> Mapping[str, Any]:
        if allowed is not None and not isinstance(allowed, Mapping):
            raise ConfigError(
                f"the mask of {', '.join(self.fields)} has shape {np.shape(allowed)}: "
                f"of a record it is a dictionary of masks by field."
            )
        return allowed or {}

    def fault(self, allowed: Allowed) -> str:
        """What is wrong with a mask of known values; empty where nothing is."""
        names = ", ".join(self.fields)
        if not isinstance(allowed, Mapping):
            return f"it must be a dictionary of masks by field ({names}), got {allowed}"
        for name, mask in allowed.items():
            if name not in self.fields:
                return f"it names the field {name!r}; there are {names}"
            found = "" if mask is None else self.fields[name].fault(mask)
            if found:
                return f"in field {name!r} {found}"
        return ""

    def flatten(self, x: Mapping[str, Any]) -> Float[Array, "*batch size"]:
        """Codes of all fields side by side, in the order of the fields."""
        return jnp.concatenate([one.flatten(x[n]) for n, one in self.items], axis=-1)


Space = Discrete | Box | Record


@dataclass(frozen=True)
class Sequence:
    """Any number of elements of a space, one after the other: rows of ragged columns.

    It is no space of actions or observations, whose shapes are fixed.

    Attributes
    ----------
    entry
        What each of them may be.
    max_len
        How many there are at most.
    """

    entry: Discrete | Box
    max_len: int

    def __post_init__(self) -> None:
        if not isinstance(self.entry, Discrete | Box):
            raise ConfigError(
                f"a Sequence is of a Discrete or of a Box, got {self.entry!r}."
            )
        if self.max_len < 0:
            raise ConfigError(
                f"a Sequence has 0 elements at least, got max_len={self.max_len}."
            )


ColumnSpace = Space | Sequence
"""What values of a column of data may be."""

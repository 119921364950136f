"""References: small names of what is too large to copy, opened once a process.

A field marked ``Shared()`` holds a reference: a place and an identity. The identity is
part of the content hash, the place is not, so that what was moved is found again and
what was altered is refused. Code that uses the field sees what the reference yields:
arrays, or a policy made of arrays.
"""

from __future__ import annotations

import abc
import functools
import hashlib
import inspect
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from foreworld.core import registry
from foreworld.core.disk.folder import CONFIG, MANIFEST
from foreworld.core.disk.kind import kind_of
from foreworld.core.disk.places import expanded
from foreworld.core.errors import ConfigError
from foreworld.core.keys import pinned
from foreworld.core.parts.part import AbstractNamed, Place, field_specs, is_array

SPLITS = ("train", "val", "test")
"""What a reference can be opened for."""
_IN_FOLDERS = {"data set": "foreworld.data:DataRef", "study": "foreworld.sweeps:RunRef"}
"""The reference to a folder, by what the folder says that it holds."""
_TO_FILES = "foreworld.data:FileRef"
_ON_DEVICE: weakref.WeakValueDictionary[Any, jax.Array] = weakref.WeakValueDictionary()
"""Arrays that are in use, by their content."""
_R = TypeVar("_R", bound="AbstractRef")
_MOST_OPEN = 16
"""References and splits that stay open, those used last."""


class UnopenedError(ConfigError, AttributeError):
    """A reference was used as if it were what it refers to."""


class AbstractRef(AbstractNamed):
    """Interface of references; a subclass says where something lies and which it is.

    Fields that say where it lies are marked ``Place()``; all others are its identity,
    which a subclass fills in from the target where it is left out.

    Attributes
    ----------
    path
        The folder or the file.
    known_by
        Name of the field that is filled in from the target: its hash.
    chosen_by
        Names of the fields that say what is meant: with another value of one, the hash
        is read anew.
    """

    path: eqx.AbstractVar[str]
    known_by: eqx.AbstractClassVar[str]
    chosen_by: ClassVar[tuple[str, ...]] = ("path",)

    @abc.abstractmethod
    def read(self, split: str) -> Any:
        """Read what is referred to, and refuse another thing than was meant.

        Parameters
        ----------
        split
            ``"train"``, ``"val"`` or ``"test"``; what has no splits ignores it.

        Returns
        -------
        pytree
            Arrays, or a policy that holds some.

        Raises
        ------
        ConfigError
            It is another one than was meant.
        DamagedError
            It is gone, unfinished or damaged.
        """

    def open(self, split: str = "train") -> Any:
        """What is referred to, with arrays on the device; read once a process.

        Parameters
        ----------
        split
            ``"train"``, ``"val"`` or ``"test"``.
        """
        if split not in SPLITS:
            raise ConfigError(f"split={split!r} is not one of {', '.join(SPLITS)}.")
        return _opened(_Wanted(self, (*_values(self, True), _stamps(self.path))), split)

    @classmethod
    def at(cls, path: str | Path) -> AbstractRef:
        """The reference to what lies at a path, of this class or by what lies there.

        Parameters
        ----------
        path
            A folder or a file.

        Raises
        ------
        ConfigError
            Nothing lies there, or nothing to refer to.
        """
        if not inspect.isabstract(cls):
            return cls(path=str(path))  # type: ignore[call-arg]
        place = expanded(path)
        if not place.exists():
            raise ConfigError(
                f"there is nothing at {path} to refer to. Name the folder of a data "
                f"set or of a run, or a file of arrays."
            )
        name = _IN_FOLDERS.get(kind_of(place)) if place.is_dir() else _TO_FILES
        if name is None:
            raise ConfigError(f"{path} holds a {kind_of(place)}: nothing to refer to.")
        return registry.locate(name).at(path)  # type: ignore[attr-defined]

    def replace(self: _R, **changes: Any) -> _R:
        """A copy with other fields; one to something else is known by that.

        Parameters
        ----------
        **changes
            Values by field.
        """
        chosen = (n for n in self.chosen_by if n in changes)
        if any(changes[n] != getattr(self, n) for n in chosen):
            changes = {self.known_by: "", **changes}
        return super().replace(**changes)

    def known_as(self) -> tuple[Any, ...]:
        """Which thing is meant, wherever it lies; hashable."""
        return _values(self, False)

    # For type checkers anything, as code that uses a reference sees what it yields.
    def __getattr__(self, name: str) -> Any:
        raise UnopenedError(
            f"{type(self).__name__} is a reference and has no {name!r}: open it first. "
            f"foreworld.core.opened(part) gives a part with arrays in the place of its "
            f"references."
        )

    def __getitem__(self, name: Any) -> Any:
        return self.__getattr__(str(name))


@dataclass(frozen=True)
class _Wanted:
    """A reference that counts as equal to another one to the same."""

    ref: AbstractRef = field(compare=False)
    key: tuple[Any, ...]


@functools.lru_cache(maxsize=_MOST_OPEN)
def _opened(wanted: _Wanted, split: str) -> Any:
    # Whatever program asks first, the arrays are those of float32 programs.
    with jax.ensure_compile_time_eval(), pinned(wide=False):
        found = wanted.ref.read(split)
        return jax.tree.map(lambda x: _on_device(x) if is_array(x) else x, found)


def _on_device(array: Any) -> jax.Array:
    """One copy of equal arrays, such as those that splits have in common."""
    host = np.asarray(array)
    digest = hashlib.sha256(host.tobytes()).hexdigest()
    key = host.shape, str(host.dtype), digest
    found = _ON_DEVICE.get(key)
    if found is None:
        found = _ON_DEVICE[key] = jnp.asarray(host)
    return found


def _stamps(path: str) -> tuple[tuple[int, ...], ...]:
    """What changes when a target is replaced, which is then read and checked again."""
    place = expanded(path)
    files = [place / CONFIG, place / MANIFEST] if place.is_dir() else [place]
    found = [file.stat() for file in files if file.exists()]
    return tuple((one.st_size, one.st_mtime_ns, one.st_ino) for one in found)


def _values(ref: AbstractRef, places: bool) -> tuple[Any, ...]:
    specs = [s for s in field_specs(type(ref)) if places or s.mark != Place()]
    return (type(ref), *((spec.name, getattr(ref, spec.name)) for spec in specs))

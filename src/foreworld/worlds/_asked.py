"""Methods of a person's world, called so that what goes wrong is said in words."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from foreworld.core.callbacks import origin
from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.worlds._compare import numpy_random, same
from foreworld.worlds.base import AbstractWorld

TWICE = (
    "two calls with the same arguments differ. It must depend on its arguments alone; "
    "all randomness comes from the key."
)
_GLOBAL = (
    "it draws from the global random numbers of Python or NumPy, which a program draws "
    "once for ever. Draw with the key: jax.random."
)


class Asked:
    """A world whose methods are called.

    Parameters
    ----------
    world
        A world or game, opened.
    """

    def __init__(self, world: AbstractWorld) -> None:
        self.world, self.name = world, type(world).__name__

    def refuse(self, method: str, what: str) -> ConfigError:
        """The error that names the world and the method.

        Parameters
        ----------
        method, what
            Where, and what is wrong.
        """
        return ConfigError(f"{self.name}.{method}: {what}")

    def of_agents(
        self, method: str, field: str, value: Any, spaces: Any
    ) -> Iterator[tuple[str, Any, Any]]:
        """Words for the agent, its space and its value; one for a single agent.

        Parameters
        ----------
        method, field
            What gave the value, for errors.
        value
            A dictionary by agent where the spaces are one.
        spaces
            Of observations or actions.
        """
        if not isinstance(spaces, dict):
            yield "", spaces, value
            return
        if not isinstance(value, dict) or set(value) != set(spaces):
            raise self.refuse(
                method,
                f"{field} must be a dictionary by agent ({', '.join(spaces)}), got "
                f"{value!r}.",
            )
        for agent, space in spaces.items():
            yield f"[{agent!r}]", space, value[agent]

    def check_finite(self, method: str, what: str, numbers: Any) -> None:
        """Refuse NaN and infinity.

        Parameters
        ----------
        method, what
            What gave the numbers, and their name.
        numbers
            One array.
        """
        found = np.asarray(numbers)
        if not np.isfinite(found).all():
            wrong = found[~np.isfinite(found)].flat[0]
            raise self.refuse(method, f"{what} is {wrong}; it must be finite.")

    def twice(self, method: str, *args: Any) -> Any:
        """What a method gives, which must be the same when it is called again.

        Parameters
        ----------
        method
            Its name.
        *args
            What it is given.
        """
        before = random.getstate()
        first = self.call(method, *args)
        drawn = random.getstate() != before
        if not same(first, self.call(method, *args)):
            # Others may draw too, such as checkers of types: only a difference tells.
            if drawn:
                raise self.refuse(method, _GLOBAL)
            raise self.refuse(method, TWICE)
        return first

    def call(self, method: str, *args: Any) -> Any:
        """What a method gives; it may not draw from NumPy's global random numbers.

        Parameters
        ----------
        method
            Its name.
        *args
            What it is given.
        """
        before = numpy_random()
        with self.words(method):
            made = getattr(self.world, method)(*args)
            jax.block_until_ready(jax.tree.leaves(made))
        if numpy_random() != before:
            raise self.refuse(method, _GLOBAL)
        return made

    @contextlib.contextmanager
    def words(
        self, method: str, what: str = "", compiled: bool = False
    ) -> Iterator[None]:
        """Say which method an error came from, and the person's own line.

        Parameters
        ----------
        method
            Its name.
        what
            What is wrong where anything is; by default that it raised an error.
        compiled
            It is made part of a program.
        """
        try:
            yield
        except ForeworldError:
            raise
        except Exception as error:
            lines = str(error).strip().splitlines()
            said = f"{type(error).__name__}: {lines[0] if lines else ''}"
            if compiled:
                what = (
                    "it cannot be part of a program, where values are not known yet "
                    "(jnp.where takes the place of 'if', jnp that of np)"
                )
            what = what or "it raised an error"
            raise self.refuse(method, f"{what}: {said}{origin(error)}") from error

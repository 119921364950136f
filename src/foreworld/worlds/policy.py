"""The contract of everything that acts in a world."""

from __future__ import annotations

import abc
from typing import Any

import equinox as eqx
from jaxtyping import Array, Key

from foreworld.worlds.base import Action, Observation


class AbstractPolicy(eqx.Module):
    """Whatever acts: a script, a simulated person, a trained learner.

    Memory is a pytree of arrays with fixed shapes, ``None`` for a policy without.
    """

    @abc.abstractmethod
    def init_memory(self) -> Any:
        """Memory at the start of an episode."""

    @abc.abstractmethod
    def act(
        self, memory: Any, obs: Observation, key: Key[Array, ""]
    ) -> tuple[Any, Action]:
        """Choose an action for an observation and update the memory.

        Parameters
        ----------
        memory
            As :meth:`init_memory` or the last call gave it.
        obs
            One observation, without leading axes.
        key
            Random key of this choice.
        """

    def acted(self, memory: Any, action: Action) -> Any:
        """The memory when the last action was chosen by others, such as a person.

        Parameters
        ----------
        memory
            After :meth:`act`.
        action
            What was done in place of what it chose.
        """
        return memory

    def think(self, memory: Any, obs: Observation) -> Any:
        """What it thinks of an observation: ``probabilities`` of actions, ``value``.

        Parameters
        ----------
        memory, obs
            As for :meth:`act`.

        Returns
        -------
        NamedTuple or None
            ``None`` for a policy that does not tell.
        """
        return None

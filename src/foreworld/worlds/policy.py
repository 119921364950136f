"""The contract of everything that acts in a world."""

from __future__ import annotations

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Key

from foreworld.core.errors import ConfigError
from foreworld.core.keys import named_key
from foreworld.worlds.base import AbstractWorld, Action, Observation, Turn
from foreworld.worlds.game import AbstractGame

Turns = Turn | dict[str, Turn] | None
"""Of :meth:`AbstractWorld.turn`."""


class AbstractPolicy(eqx.Module):
    """Whatever acts: a script, a simulated person, a trained learner.

    It never does what its turn forbids. Memory is a pytree of arrays with fixed shapes,
    ``None`` for a policy without.
    """

    @property
    def seats(self) -> tuple[str, ...]:
        """The agents of a game for which it acts; none for a world of one agent."""
        return ()

    @abc.abstractmethod
    def init_memory(self) -> Any:
        """Memory at the start of an episode."""

    @abc.abstractmethod
    def act(
        self, memory: Any, obs: Observation, key: Key[Array, ""], turn: Turns = None
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
        turn
            What the world says of the state: whether it acts and what is allowed. For a
            policy with seats a dictionary by agent, as are observations and actions.
            ``None`` where it acts and all is allowed.
        """

    def acted(self, memory: Any, action: Action, turn: Turns = None) -> Any:
        """The memory when the last action was chosen by others, such as a person.

        Parameters
        ----------
        memory
            After :meth:`act`.
        action
            What was done in place of what it chose.
        turn
            As for :meth:`act`: an agent that did not act did nothing.
        """
        return memory

    def think(self, memory: Any, obs: Observation, turn: Turns = None) -> Any:
        """What it thinks of an observation: ``probabilities`` of actions, ``value``.

        Probabilities are one a choice, a dictionary by field for a record, ``None`` for
        a box.

        Parameters
        ----------
        memory, obs, turn
            As for :meth:`act`.

        Returns
        -------
        NamedTuple or None
            ``None`` for a policy that does not tell.
        """
        return None


class JointPolicy(AbstractPolicy):
    """Policies of several agents of a game as one, with dictionaries by agent.

    Attributes
    ----------
    policies
        Policy of each agent by its name.
    """

    policies: dict[str, AbstractPolicy]

    @property
    def seats(self) -> tuple[str, ...]:
        """The agents that are named."""
        return tuple(self.policies)

    def init_memory(self) -> dict[str, Any]:
        """The memory of each agent."""
        return {name: one.init_memory() for name, one in self.policies.items()}

    def act(
        self,
        memory: dict[str, Any],
        obs: dict[str, Observation],
        key: Key[Array, ""],
        turn: Any = None,
    ) -> tuple[dict[str, Any], dict[str, Action]]:
        """An action of each agent, drawn with a key of its own.

        Who does not act keeps its memory as it was.
        """
        memories, actions, turns = {}, {}, turn or {}
        for name, one in self.policies.items():
            own, before = turns.get(name), memory[name]
            after, actions[name] = one.act(before, obs[name], named_key(key, name), own)
            memories[name] = after if own is None else _if(own.acting, after, before)
        return memories, actions

    def acted(
        self, memory: dict[str, Any], action: dict[str, Action], turn: Any = None
    ) -> dict[str, Any]:
        """The memories with the actions that were done.

        Who does not act keeps its memory as it was.
        """
        memories, turns = {}, turn or {}
        for name, one in self.policies.items():
            own, before = turns.get(name), memory[name]
            after = one.acted(before, action[name], own)
            memories[name] = after if own is None else _if(own.acting, after, before)
        return memories

    def think(
        self, memory: dict[str, Any], obs: dict[str, Observation], turn: Any = None
    ) -> dict[str, Any]:
        """What each agent thinks."""
        turns = turn or {}
        return {
            name: one.think(memory[name], obs[name], turns.get(name))
            for name, one in self.policies.items()
        }


def _if(acting: Bool[Array, ""], after: Any, before: Any) -> Any:
    return jax.tree.map(lambda new, old: jnp.where(acting, new, old), after, before)


def check_seats(world: AbstractWorld, policy: AbstractPolicy) -> None:
    """Refuse a policy that does not act for the agents of a world.

    Parameters
    ----------
    world
        A world or a game.
    policy
        What is to act in it.

    Raises
    ------
    ConfigError
        Names the agents that lack a policy, or that the world does not have.
    """
    agents = world.agents if isinstance(world, AbstractGame) else ()
    if set(policy.seats) == set(agents):
        return
    has = ", ".join(policy.seats) or "one agent, without a name"
    needs = ", ".join(agents) or "one agent, without a name"
    raise ConfigError(
        f"{type(policy).__name__} acts for {has}; {type(world).__name__} has {needs}. "
        f"JointPolicy({{agent: policy}}) makes one policy of one for each agent."
    )

"""The contract of games: worlds of several agents."""

from __future__ import annotations

import abc

from jaxtyping import Array, UInt8

from foreworld.worlds.base import AbstractWorld, State, Turn


class AbstractGame(AbstractWorld):
    """A world of several agents.

    Actions, observations, rewards, ends and spaces are dictionaries keyed by agent.
    The actions of agents that are not acting are ignored.

    An agent whose own end has come does not act any more, gets no reward and is not
    counted: code that runs episodes sees to that, whatever the game says of it later.
    The episode is over when all agents have ended. An agent with a memory observes
    when it acts: what it sees in silence does not reach its memory.
    """

    @property
    @abc.abstractmethod
    def agents(self) -> tuple[str, ...]:
        """Names of the agents, in a fixed order."""

    @abc.abstractmethod
    def turns(self, state: State) -> dict[str, Turn]:
        """Who acts in a state, and what each is allowed to do."""

    @property
    def period(self) -> tuple[tuple[str, ...], ...]:
        """For each round the agents that may act in it, where the order is fixed.

        Round ``i`` is every step whose number in its episode, from 0, leaves ``i``
        when divided by the number of rounds. Rollouts and learners then evaluate those
        agents only, with the same result. :meth:`turns` says the same: who is not named
        never acts in that round. Episodes end with the last round of a period only, so
        the time limit is a multiple of it. By default all agents in every step.
        """
        return (self.agents,)

    def keys(self, agent: str) -> tuple[str, ...]:
        """The key of each action of an agent in live play, as browsers call keys.

        Of a record it is the key of each choice of each field, in their order. By
        default none is stated: arrows where actions are called up, down, left and
        right, else digits and then letters.

        Parameters
        ----------
        agent
            One of the agents.
        """
        return ()

    def render_for(
        self, state: State, agent: str
    ) -> UInt8[Array, "height width channels"]:
        """Draw a state for a person who plays an agent: what that agent may know.

        By default all that :meth:`render` draws. A game whose picture shows what an
        agent does not observe leaves that out here, in a picture of the same size.

        Parameters
        ----------
        state
            The state to draw.
        agent
            One of the agents.
        """
        return self.render(state)

    def turn(self, state: State) -> dict[str, Turn]:
        """The turns of all agents."""
        return self.turns(state)

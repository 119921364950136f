"""One game that all browsers share: who has which seat, and when it steps.

A step waits until every person whose turn it is has chosen; a policy acts for the
agents without a person. Where no person is to act, the browsers' clocks step. What was
chosen stays here until the step is made, and what a policy thinks until it has acted,
so that nobody sees a move before it counts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from foreworld.core.spaces import Box, Discrete, Space
from foreworld.play.hands.keys import names_of
from foreworld.play.stage.base import Bar
from foreworld.play.stage.episode import OWN_CHOICE, Episode
from foreworld.worlds.base import Turn

Guest = Hashable
"""A browser at the table."""
REST = 1.0
"""Seconds for which the end of an episode stays in sight where policies play alone."""


class Table:
    """A game under way, its seats, and what persons have chosen.

    Methods may be called from any thread; those that a person asks for return why they
    did nothing, or an empty text.

    Parameters
    ----------
    episode
        The game, with a policy for all its agents.
    playable
        Agents whose seats persons can take.
    first_seat
        The seat that the first browser gets; empty for none.

    Attributes
    ----------
    episode
        The game.
    seats
        The browsers that have a seat, by agent.
    pending
        What persons have chosen for the next step, by agent.
    last_actions
        What each agent did last, for people.
    last_bars
        Probabilities of its actions when it last acted, for agents with a policy.
    lock
        Held while the above are read together.
    """

    def __init__(
        self, episode: Episode, playable: tuple[str, ...], first_seat: str = ""
    ) -> None:
        self.episode, self._playable, self._first = episode, playable, first_seat
        self.seats: dict[str, Guest] = {}
        self.pending: dict[str, int] = {}
        self.last_actions: dict[str, str] = {}
        self.last_bars: dict[str, tuple[Bar, ...]] = {}
        self.lock = threading.RLock()
        self._wakes: dict[Guest, Callable[[], None]] = {}
        self._seen: dict[Guest, int] = {}
        self._changes, self._ended_at = 0, 0.0

    def join(self, guest: Guest, wake: Callable[[], None]) -> None:
        """A browser arrives, to watch.

        Parameters
        ----------
        guest
            The browser.
        wake
            Called where others changed what it sees.
        """
        with self.lock:
            self._wakes[guest] = wake
            agent, self._first = self._first, ""
            if agent:
                self.sit(guest, agent)

    def leave(self, guest: Guest) -> None:
        """A browser goes; the policy takes over its seat."""
        with self.lock:
            self._wakes.pop(guest, None)
            self._seen.pop(guest, None)
            self.stand(guest)

    def seat_of(self, guest: Guest) -> str:
        """The agent that a browser plays; empty for one that watches."""
        return next((agent for agent, one in self.seats.items() if one is guest), "")

    def sit(self, guest: Guest, agent: str) -> str:
        """Take a seat, in exchange for another one. The first to sit begins anew.

        Parameters
        ----------
        guest
            The browser.
        agent
            Whose seat.
        """
        with self.lock:
            if agent not in self._playable:
                can = ", ".join(self._playable) or "none"
                return f"a person cannot play {agent[:64]!r}. Seats for persons: {can}."
            if agent in self.seats:
                mine = self.seats[agent] is guest
                taken = f"{agent} is taken. Choose a free seat, or watch."
                return "" if mine else taken
            was_alone = not self.seats
            self._free(guest)
            self.seats[agent] = guest
            self.last_bars.pop(agent, None)
            if was_alone:
                self._begin()
            self._go_on(guest)
            return ""

    def stand(self, guest: Guest) -> str:
        """Leave the seat; the policy acts there from now on."""
        with self.lock:
            if self._free(guest):
                self._go_on(guest)
            return ""

    def choose(self, guest: Guest, action: int) -> str:
        """Choose the next action of one's agent; may be changed until the step.

        Parameters
        ----------
        guest
            The browser.
        action
            Index of the action.
        """
        with self.lock:
            agent = self.seat_of(guest)
            if not agent:
                return "you watch: take a free seat to play."
            if self.episode.ended:
                return "the episode is over: begin a new one."
            if self.has_ended(agent):
                return f"{agent} has ended: it acts no more in this episode."
            if not self.acts(agent):
                return f"it is not the turn of {agent}."
            if action not in self.choices(agent):
                return "this action is not allowed here"
            self.pending[agent] = action
            self._go_on(guest)
            return ""

    def restart(self, guest: Guest) -> str:
        """Begin a new episode, for all."""
        with self.lock:
            if self.seats and not self.seat_of(guest):
                return "those who have a seat begin new episodes."
            self._begin()
            self._tell(guest)
            return ""

    def step(self, guest: Guest) -> str:
        """One step of the policies, where no person is to act."""
        with self.lock:
            waiting = self.waiting_for()
            if waiting:
                return f"the game waits for {', '.join(waiting)}."
            if self.seats and not self.seat_of(guest):
                return "those who have a seat step the game."
            if not self.episode.ended:
                self._step()
                self._tell(guest)
            return ""

    def tick(self, guest: Guest) -> bool:
        """A browser's clock says that a step is due; returns whether it was made.

        It counts only where nothing has changed since the last tick of this clock:
        several clocks then make no more steps than one, and a person's move is in sight
        before a policy answers.
        """
        with self.lock:
            before, self._seen[guest] = self._seen.get(guest, 0), self._changes
            if before != self._changes or self.waiting_for():
                return False
            if self.seats and not self.seat_of(guest):
                return False
            if self.episode.ended:
                rested = time.monotonic() - self._ended_at >= REST
                if self.seats or not rested:
                    return False
                self._begin()
            else:
                self._step()
            self._seen[guest] = self._changes
            self._tell(guest)
            return True

    def acts(self, agent: str) -> bool:
        """Whether it is an agent's turn."""
        return not self.episode.ended and bool(self._turns[agent].acting)

    def can_seat(self, agent: str) -> bool:
        """Whether a person can play an agent at all."""
        return agent in self._playable

    def has_ended(self, agent: str) -> bool:
        """Whether an agent's own end has come."""
        lasted = self.episode.view.scene.running.lasted or {}
        return bool(lasted[agent] > 0)

    def choices(self, agent: str) -> tuple[int, ...]:
        """Actions among which an agent may choose now; none out of turn."""
        space: Any = self.episode.world.action_space
        if not self.acts(agent) or not isinstance(space[agent], Discrete):
            return ()
        allowed = self._turns[agent].allowed
        known = range(space[agent].num)
        return tuple(known if allowed is None else np.flatnonzero(allowed).tolist())

    def waiting_for(self) -> list[str]:
        """Agents of persons that are to choose."""
        seated = [agent for agent in self._turns if agent in self.seats]
        return [one for one in seated if self.acts(one) and one not in self.pending]

    @property
    def _turns(self) -> dict[str, Turn]:
        turns: Any = self.episode.view.turn
        return turns

    def _free(self, guest: Guest) -> bool:
        agent = self.seat_of(guest)
        self.seats.pop(agent, None)
        self.pending.pop(agent, None)
        return bool(agent)

    def _go_on(self, guest: Guest) -> None:
        """Step, if persons were to act and all have chosen."""
        if self.pending and not self.waiting_for():
            self._step()
        self._changes += 1
        self._tell(guest)

    def _begin(self) -> None:
        self.episode.restart()
        self.pending.clear()
        self.last_actions.clear()
        self.last_bars.clear()
        self._changes += 1

    def _step(self) -> None:
        acting = [agent for agent in self._turns if self.acts(agent)]
        thoughts = self.episode.view.thought or {}
        chosen = dict.fromkeys(self._turns, OWN_CHOICE) | self.pending
        self.episode.step(chosen)
        self.pending.clear()
        self._changes += 1
        self._ended_at = time.monotonic()
        spaces: Any = self.episode.world.action_space
        done: Any = self.episode.view.action
        for agent in acting:
            self.last_actions[agent] = said(spaces[agent], done[agent])
            self.last_bars.pop(agent, None)
            if agent not in self.seats:
                self.last_bars[agent] = _bars(spaces[agent], thoughts.get(agent))

    def _tell(self, guest: Guest) -> None:
        for one, wake in self._wakes.items():
            if one is not guest:
                wake()


def said(space: Space, action: Any) -> str:
    """An action in words.

    Parameters
    ----------
    space
        Its space.
    action
        An element of it.
    """
    if isinstance(space, Discrete):
        return names_of(space)[int(action)]
    if isinstance(space, Box):
        flat = np.asarray(action).reshape(-1)
        more = ", ..." if flat.size > 4 else ""
        return ", ".join(f"{x:.3g}" for x in flat[:4].tolist()) + more
    return ", ".join(f"{name}: {said(one, action[name])}" for name, one in space.items)


def _bars(space: Space, thought: Any) -> tuple[Bar, ...]:
    known = None if thought is None else thought.probabilities
    if known is None or not isinstance(space, Discrete):
        return ()
    shares = np.asarray(known).tolist()
    return tuple(Bar(*one) for one in zip(names_of(space), shares, strict=True))

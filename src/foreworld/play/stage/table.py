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
from foreworld.play.hands.fields import element_of, part_of, parts_of
from foreworld.play.hands.keys import names_of
from foreworld.play.stage.base import Bar, Seat
from foreworld.play.stage.episode import Episode
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
    seats
        The agents, and how a person acts in the place of each.
    first_seat
        The seat that the first browser gets; empty for none.

    Attributes
    ----------
    episode
        The game.
    seats
        The browsers that have a seat, by agent.
    chosen
        What persons have chosen for the next step, by agent and field of its action.
    last_actions
        What each agent did last, for people.
    last_bars
        Probabilities of its actions when it last acted, for agents with a policy.
    lock
        Held while the above are read together.
    """

    def __init__(
        self, episode: Episode, seats: tuple[Seat, ...], first_seat: str = ""
    ) -> None:
        self.episode, self._first = episode, first_seat
        self._known = {seat.name: seat for seat in seats}
        self.seats: dict[str, Guest] = {}
        self.chosen: dict[str, dict[str, Any]] = {}
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
            if not self.can_seat(agent):
                return self._refusal(agent)
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

    def choose(self, guest: Guest, field: str, value: int | tuple[float, ...]) -> str:
        """Choose a part of one's agent's next action; may be changed until the step.

        Parameters
        ----------
        guest
            The browser.
        field
            Which part; empty where the action has one alone.
        value
            Index of a choice, or the numbers of a box.
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
            if not self._may(agent, field, value):
                return "this action is not allowed here"
            self.chosen.setdefault(agent, {})[field] = value
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
        return agent in self._known and bool(self._known[agent].fields)

    def has_ended(self, agent: str) -> bool:
        """Whether an agent's own end has come."""
        lasted = self.episode.view.scene.running.lasted or {}
        return bool(lasted[agent] > 0)

    def choices(self, agent: str) -> dict[str, tuple[int, ...]]:
        """What an agent may choose now, by field of its action; none out of turn.

        A field of numbers has no choices.
        """
        if not self.acts(agent):
            return {}
        allowed, found = self._turns[agent].allowed, {}
        for field in self._known[agent].fields:
            mask, known = part_of(allowed, field.name), range(len(field.keys))
            free = known if mask is None else np.flatnonzero(mask).tolist()
            found[field.name] = tuple(free)
        return found

    def missing(self, agent: str) -> list[str]:
        """Fields of its next action that the person has not chosen yet."""
        chosen = self.chosen.get(agent, {})
        return [f.name for f in self._known[agent].fields if f.name not in chosen]

    def has_chosen(self, agent: str) -> bool:
        """Whether a person has chosen all of its agent's next action."""
        return agent in self.chosen and not self.missing(agent)

    def waiting_for(self) -> list[str]:
        """Agents of persons that are to choose."""
        seated = [agent for agent in self._turns if agent in self.seats]
        return [one for one in seated if self.acts(one) and not self.has_chosen(one)]

    @property
    def _turns(self) -> dict[str, Turn]:
        turns: Any = self.episode.view.turn
        return turns

    def _refusal(self, agent: str) -> str:
        why = self._known[agent].refusal if agent in self._known else "no such agent"
        can = ", ".join(one for one in self._known if self.can_seat(one)) or "none"
        return f"a person cannot play {agent[:64]!r}: {why}. Seats for persons: {can}."

    def _may(self, agent: str, field: str, value: int | tuple[float, ...]) -> bool:
        if isinstance(value, int):
            return value in self.choices(agent).get(field, ())
        known = {one.name: one.sliders for one in self._known[agent].fields}
        ends = known.get(field, ())
        return (
            bool(ends)
            and len(ends) == len(value)
            and all(
                one.low <= x <= one.high and (not one.whole or x == int(x))
                for one, x in zip(ends, value, strict=True)
            )
        )

    def _free(self, guest: Guest) -> bool:
        agent = self.seat_of(guest)
        self.seats.pop(agent, None)
        self.chosen.pop(agent, None)
        return bool(agent)

    def _go_on(self, guest: Guest) -> None:
        """Step, if persons were to act and all have chosen."""
        if self.chosen and not self.waiting_for():
            self._step()
        self._changes += 1
        self._tell(guest)

    def _begin(self) -> None:
        self.episode.restart()
        self.chosen.clear()
        self.last_actions.clear()
        self.last_bars.clear()
        self._changes += 1

    def _step(self) -> None:
        acting = [agent for agent in self._turns if self.acts(agent)]
        thoughts = self.episode.view.thought or {}
        spaces: Any = self.episode.world.action_space
        made = {one: element_of(spaces[one], x) for one, x in self.chosen.items()}
        self.episode.step(made)
        self.chosen.clear()
        self._changes += 1
        self._ended_at = time.monotonic()
        done: Any = self.episode.view.action
        for agent in acting:
            self.last_actions[agent] = said(spaces[agent], done[agent])
            self.last_bars.pop(agent, None)
            if agent not in self.seats:
                self.last_bars[agent] = bars_of(spaces[agent], thoughts.get(agent))

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


def bars_of(space: Space, thought: Any) -> tuple[Bar, ...]:
    """Probabilities of all choices, by field; none of a box, or of what does not tell.

    Parameters
    ----------
    space
        Of actions.
    thought
        What a policy thinks of an observation; see :meth:`AbstractPolicy.think`.
    """
    made = []
    for field, one in parts_of(space).items():
        known = None if thought is None else part_of(thought.probabilities, field)
        if known is not None and isinstance(one, Discrete):
            shares = zip(names_of(one), np.asarray(known).tolist(), strict=True)
            made += [Bar(name, share, field) for name, share in shares]
    return tuple(made)

"""A trained agent acting live: what it thinks, and a keyboard to take over with.

Pressing an action's key takes over; the agent watches and remembers what was done, so
that it can go on from there.
"""

from __future__ import annotations

import time

import numpy as np

from foreworld.core.keys import named_key, root_key
from foreworld.core.parts.opening import opened
from foreworld.play.hands.hands import Hands
from foreworld.play.hands.keys import keys
from foreworld.play.hands.sliders import sliders
from foreworld.play.stage.base import (
    AbstractSession,
    AbstractStage,
    Bar,
    Frame,
    Number,
    Page,
)
from foreworld.play.stage.episode import OWN_CHOICE, Episode
from foreworld.play.stage.world import AGAIN, end_of, natural_rate
from foreworld.play.web.messages import Act, Agent, Hold, Message, Tick
from foreworld.worlds.base import AbstractWorld
from foreworld.worlds.policy import AbstractPolicy

REST = 1.0
"""Seconds for which the end of an episode stays in sight."""


class AgentStage(AbstractStage):
    """An agent in its world.

    Parameters
    ----------
    world
        The world it was trained in.
    policy
        How it acts. Probabilities and value are shown if it has ``think``.
    title
        Name of the agent.
    seed
        Root seed of all episodes.

    Raises
    ------
    ConfigError
        The world cannot be played with keys; says why.
    """

    def __init__(
        self,
        world: AbstractWorld,
        policy: AbstractPolicy,
        title: str = "Agent",
        seed: int = 0,
    ) -> None:
        self._world, self._policy = opened(world), policy
        self._title, self._seed = title, seed
        self._keys = keys(self._world)

    def page(self) -> Page:
        """Bars, keys and sliders."""
        world = self._world
        return Page(
            title=f"{self._title} in {type(world).__name__}",
            summary="Bars show what it will do next, and how likely.",
            pictures=("",),
            hint="Press a key to take over.",
            keys=self._keys,
            sliders=sliders(world),
            has_agent=True,
            playing=True,
            rate=natural_rate(world),
        )

    def session(self, index: int) -> AgentSession:
        """An episode of its own."""
        key = named_key(root_key(self._seed), "browser", index)
        return AgentSession(Episode(self._world, key, self._policy))


class AgentSession(AbstractSession):
    """An agent acting, until the person does."""

    def __init__(self, episode: Episode) -> None:
        self._episode = episode
        self._names = [key.name for key in keys(episode.world)]
        self._hands = Hands(episode, len(self._names))
        self._agent_acts = True
        self._ended_at: float | None = None

    def advance(self) -> bool:
        """The agent's step, or the held key's."""
        if self._episode.ended:
            return self._agent_acts and self._after_end()
        self._ended_at = None
        action = OWN_CHOICE if self._agent_acts else self._hands.take()
        if action is None:
            return False
        self._episode.step(action)
        return True

    def handle(self, message: Message) -> None:
        """Steps, taking over and handing back, sliders."""
        if isinstance(message, Agent):
            self._agent_acts = message.on
        elif isinstance(message, Tick):
            if self._agent_acts:
                self._episode.step()
        else:
            known = range(self._hands.num_actions)
            if isinstance(message, Act | Hold) and message.action in known:
                self._agent_acts = False
            self._hands.handle(message)

    def frame(self) -> Frame:
        """The picture, the agent's thoughts and the episode's numbers."""
        numbers, bars = list(self._episode.numbers()), ()
        thought = self._episode.view.thought
        if thought is not None and not self._episode.ended:
            shares = np.asarray(thought.probabilities).tolist()
            bars = tuple(Bar(*one) for one in zip(self._names, shares, strict=True))
            numbers.append(Number("value", float(thought.value), curve=True))
        return Frame(
            pictures=(self._episode.frame,),
            numbers=tuple(numbers),
            bars=bars,
            fields=self._episode.knobs.values(),
            banner=end_of(self._episode, "" if self._agent_acts else AGAIN),
            notice=self._hands.notice(),
            targets=self._hands.targets(),
            agent_acts=self._agent_acts,
        )

    def _after_end(self) -> bool:
        """Let the end be seen for a while, then begin anew."""
        now = time.monotonic()
        if self._ended_at is None:
            self._ended_at = now
        if now - self._ended_at < REST:
            return False
        self._episode.restart()
        return True

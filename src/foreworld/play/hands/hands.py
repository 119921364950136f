"""What keys, mouse and sliders do to an episode, in every kind of session."""

from __future__ import annotations

import time

from foreworld.core.errors import ConfigError
from foreworld.play.stage.episode import Episode
from foreworld.play.stage.numbers import StateNumbers
from foreworld.play.stage.pace import natural_pace
from foreworld.play.web.messages import (
    Act,
    Grab,
    Hold,
    Message,
    Nudge,
    Release,
    Restart,
    Set,
)
from foreworld.worlds.base import State
from foreworld.worlds.dynamics.base import AbstractDynamics

SWING = 0.15
"""Seconds before letting go from which the speed of a throw is taken."""


class Hands:
    """A person at the controls of an episode.

    Parameters
    ----------
    episode
        The episode that is played.
    num_actions
        Actions that there are; 0 in a passive world.

    Attributes
    ----------
    num_actions
        Actions that there are.
    numbers
        The numbers of a system's state; ``None`` in other worlds.
    """

    def __init__(self, episode: Episode, num_actions: int) -> None:
        self._episode, self.num_actions = episode, num_actions
        self._held: int | None = None
        self._tapped: int | None = None
        self._points: list[tuple[float, float, float]] = []
        self._which = 0
        scene = episode.view.scene
        self.numbers: StateNumbers | None = None
        if isinstance(episode.world, AbstractDynamics):
            self.numbers = StateNumbers(scene.state, scene.obs)
        self._notice = ""

    @property
    def dragging(self) -> bool:
        """Whether the mouse holds the picture."""
        return bool(self._points)

    def take(self) -> int | None:
        """The action for the next step: the held key's, or of one tapped since."""
        action = self._tapped if self._held is None else self._held
        self._tapped = None
        return action

    def drag(self) -> bool:
        """Put the world where the mouse holds it; returns whether it does."""
        if not self._points:
            return False
        episode, (_, x, y) = self._episode, self._points[-1]
        state = episode.view.scene.state
        self._put(episode.world.grab(state, x, y, self._which))
        return True

    def handle(self, message: Message) -> None:
        """Do what is the same in every kind of session."""
        if isinstance(message, Restart):
            self._episode.restart()
        elif isinstance(message, Act) and 0 <= message.action < self.num_actions:
            self._episode.step(message.action)
        elif isinstance(message, Hold):
            known = 0 <= message.action < self.num_actions
            self._held = message.action if known else None
            self._tapped = self._held if known else self._tapped
        elif isinstance(message, Grab):
            self._grab(message)
        elif isinstance(message, Release):
            self._release()
        elif isinstance(message, Nudge):
            self._nudge(message)
        elif isinstance(message, Set):
            self._set(message)

    def notice(self) -> str:
        """What is to be said once."""
        notice, self._notice = self._notice, ""
        return notice

    def _grab(self, message: Grab) -> None:
        if not self._points:
            episode = self._episode
            state = episode.view.scene.state
            self._which = episode.world.nearest(state, message.x, message.y)
        now = time.monotonic()
        recent = [point for point in self._points if now - point[0] <= SWING]
        self._points = [*recent, (now, message.x, message.y)]

    def _release(self) -> None:
        if not self.drag():
            return
        episode, points = self._episode, self._points
        (begun, left, top), (_, x, y) = points[0], points[-1]
        # A mouse that rested before it let go throws nothing.
        passed = max(time.monotonic() - begun, 1e-3)
        moved = passed <= 2 * SWING
        pace = passed * natural_pace(episode.world)
        if moved and len(points) > 1:
            state = episode.view.scene.state
            speed = (x - left) / pace, (y - top) / pace
            self._put(episode.world.throw(state, *speed))
        self._points = []

    def _nudge(self, message: Nudge) -> None:
        state, numbers = self._episode.view.scene.state, self.numbers
        if numbers is None or not 0 <= message.column < numbers.size:
            return
        world = self._episode.world
        if not numbers.can_change:
            self._notice = (
                f"{type(world).__name__} keeps its state in another form than it is "
                f"observed in: it cannot be nudged."
            )
            return
        self._put(numbers.add(world, state, message.column, message.amount))

    def _put(self, state: State) -> None:
        obs = self._episode.view.scene.obs
        if self.numbers is not None:
            obs = self.numbers.observe(state, obs)
        self._episode.put(state, obs)

    def _set(self, message: Set) -> None:
        try:
            self._episode.knobs.set(message.name, message.value)
        except ConfigError as error:
            self._notice = str(error)
        else:
            self._episode.redraw()

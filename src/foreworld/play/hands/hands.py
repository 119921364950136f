"""What keys, mouse and sliders do to an episode, in every kind of session."""

from __future__ import annotations

import time

import numpy as np

from foreworld.core.errors import ConfigError
from foreworld.play.hands.targets import targets_of
from foreworld.play.stage.base import Target
from foreworld.play.stage.episode import Episode
from foreworld.play.stage.numbers import StateNumbers
from foreworld.play.stage.pace import natural_pace
from foreworld.play.web import messages
from foreworld.worlds.base import State, Turn
from foreworld.worlds.dynamics.base import AbstractDynamics

SWING = 0.15
"""Seconds before letting go from which the speed of a throw is taken."""

_FORBIDDEN = "this action is not allowed here"


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
        self._put(episode.world.grab(episode.view.scene.state, x, y, self._which))
        return True

    def handle(self, message: messages.Message) -> None:
        """Do what is the same in every kind of session."""
        episode = self._episode
        match message:
            case messages.Restart():
                episode.restart()
            case messages.Act(action) if 0 <= action < self.num_actions:
                if not episode.step(action):
                    self._notice = _FORBIDDEN
            case messages.Hold(action):
                known = 0 <= action < self.num_actions
                self._held = action if known else None
                self._tapped = self._held if known else self._tapped
            case messages.Grab(x, y):
                if not self._points:
                    self._which = episode.world.nearest(episode.view.scene.state, x, y)
                now = time.monotonic()
                recent = [point for point in self._points if now - point[0] <= SWING]
                self._points = [*recent, (now, x, y)]
            case messages.Release():
                self._release()
            case messages.Nudge(column, amount):
                self._nudge(column, amount)
            case messages.Set(name, value):
                try:
                    episode.knobs.set(name, value)
                except ConfigError as error:
                    self._notice = str(error)
                else:
                    episode.redraw()

    def notice(self) -> str:
        """What is to be said once."""
        notice, self._notice = self._notice, ""
        return notice

    def targets(self) -> tuple[Target, ...]:
        """Where a click means an action that is allowed now."""
        view, num = self._episode.view, self.num_actions
        if view.targets is None or self._episode.ended:
            return ()
        allowed = view.turn.allowed if isinstance(view.turn, Turn) else None
        known = range(num) if allowed is None else np.flatnonzero(allowed).tolist()
        return targets_of(view.targets, known)

    def _release(self) -> None:
        if not self.drag():
            return
        episode, points = self._episode, self._points
        (begun, left, top), (_, x, y) = points[0], points[-1]
        # A mouse that rested before it let go throws nothing.
        passed = max(time.monotonic() - begun, 1e-3)
        if passed <= 2 * SWING and len(points) > 1:
            pace = passed * natural_pace(episode.world)
            speed = (x - left) / pace, (y - top) / pace
            self._put(episode.world.throw(episode.view.scene.state, *speed))
        self._points = []

    def _nudge(self, column: int, amount: float) -> None:
        state, numbers = self._episode.view.scene.state, self.numbers
        if numbers is None or not 0 <= column < numbers.size:
            return
        world = self._episode.world
        if numbers.can_change:
            self._put(numbers.add(world, state, column, amount))
        else:
            self._notice = (
                f"{type(world).__name__} keeps its state in another form than it is "
                f"observed in: it cannot be nudged."
            )

    def _put(self, state: State) -> None:
        obs = self._episode.view.scene.obs
        if self.numbers is not None:
            obs = self.numbers.observe(state, obs)
        self._episode.put(state, obs)

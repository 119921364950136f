"""What keys, mouse and sliders do to an episode, in every kind of session."""

from __future__ import annotations

from foreworld.core.errors import ConfigError
from foreworld.play.episode import Episode
from foreworld.play.messages import Act, Grab, Hold, Message, Release, Restart, Set
from foreworld.play.touch import grab


class Hands:
    """A person at the controls of an episode.

    Attributes
    ----------
    num_actions
        Actions that there are.
    dragging
        Whether the mouse holds the picture.
    """

    def __init__(self, episode: Episode, num_actions: int) -> None:
        self._episode, self.num_actions = episode, num_actions
        self._held: int | None = None
        self._tapped: int | None = None
        self._point: tuple[float, float] | None = None
        self._notice = ""

    @property
    def dragging(self) -> bool:
        """Whether the mouse holds the picture."""
        return self._point is not None

    def take(self) -> int | None:
        """The action for the next step: the held key's, or of one tapped since."""
        action = self._tapped if self._held is None else self._held
        self._tapped = None
        return action

    def drag(self) -> bool:
        """Put the world where the mouse holds it; returns whether it does."""
        if self._point is None:
            return False
        episode = self._episode
        episode.put(grab(episode.world, episode.view.scene.state, *self._point))
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
            self._point = (message.x, message.y)
        elif isinstance(message, Release):
            self.drag()
            self._point = None
        elif isinstance(message, Set):
            self._set(message)

    def notice(self) -> str:
        """What is to be said once."""
        notice, self._notice = self._notice, ""
        return notice

    def _set(self, message: Set) -> None:
        try:
            self._episode.knobs.set(message.name, message.value)
        except ConfigError as error:
            self._notice = str(error)
        else:
            self._episode.redraw()

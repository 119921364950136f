"""Any world by hand: keys choose actions, the mouse drags, sliders change its numbers.

A world with actions waits for keys: each press is one step. With time running it goes
on while a key is held. A passive world simply runs.
"""

from __future__ import annotations

import numpy as np

from foreworld.core.keys import named_key, root_key
from foreworld.core.parts.opening import opened
from foreworld.core.plain import counted
from foreworld.play.hands.hands import Hands
from foreworld.play.hands.keys import keys
from foreworld.play.hands.sliders import sliders
from foreworld.play.hands.targets import check_targets
from foreworld.play.stage.base import AbstractSession, AbstractStage, Frame, Page
from foreworld.play.stage.episode import Episode
from foreworld.play.stage.numbers import axes, plane
from foreworld.play.stage.pace import natural_rate
from foreworld.play.web.messages import Message, Tick
from foreworld.worlds.base import AbstractWorld
from foreworld.worlds.look import look_at

AGAIN = " Press a key for the next."


class WorldStage(AbstractStage):
    """A world to be played by hand.

    Parameters
    ----------
    world
        The world as it is at the start.
    seed
        Root seed of all episodes.

    Raises
    ------
    ConfigError
        The world cannot be played with keys, or breaks its contract; says why.
    """

    def __init__(self, world: AbstractWorld, seed: int = 0) -> None:
        look_at(world)
        self._world, self._seed = opened(world), seed
        check_targets(self._world)
        self._keys = keys(self._world)

    def page(self) -> Page:
        """Keys or a mouse, and sliders."""
        world, active = self._world, bool(self._keys)
        return Page(
            title=type(world).__name__,
            summary=summary(type(world)),
            pictures=("",),
            hint=_hint(world, active),
            keys=self._keys,
            sliders=sliders(world),
            draggable=world.can_grab,
            axes=axes(world),
            plane=plane(world),
            nudges=bool(axes(world)),
            playing=not active,
            rate=natural_rate(world),
        )

    def session(self, index: int) -> WorldSession:
        """A world of its own."""
        key = named_key(root_key(self._seed), "browser", index)
        return WorldSession(Episode(self._world, key), len(self._keys))


class WorldSession(AbstractSession):
    """A person's hands on a world.

    Parameters
    ----------
    episode
        The episode that is played.
    num_actions
        Actions that keys stand for; 0 in a passive world.
    """

    def __init__(self, episode: Episode, num_actions: int) -> None:
        self._episode = episode
        self._hands = Hands(episode, num_actions)

    def advance(self) -> bool:
        """A passive world goes on; another one if an action's key is held."""
        if self._hands.dragging:
            return False
        if not self._hands.num_actions:
            self._episode.step()
            return True
        action = self._hands.take()
        if action is None or self._episode.ended:
            return False
        self._episode.step(action)
        return True

    def handle(self, message: Message) -> None:
        """Keys, mouse and sliders."""
        if isinstance(message, Tick):
            if not self._hands.num_actions:
                self._episode.step()
        else:
            self._hands.handle(message)

    def frame(self) -> Frame:
        """The picture, and the episode's numbers."""
        self._hands.drag()
        obs = self._episode.view.scene.obs
        state = np.asarray(obs, float).reshape(-1).tolist()
        return Frame(
            pictures=(self._episode.frame,),
            numbers=self._episode.numbers(),
            fields=self._episode.knobs.values(),
            state=tuple(state) if self._hands.numbers else (),
            banner=end_of(self._episode, AGAIN),
            notice=self._hands.notice(),
            targets=self._hands.targets(),
        )


def end_of(episode: Episode, after: str = "") -> str:
    """What is said over the picture of an episode that has ended.

    Parameters
    ----------
    episode
        The episode that is shown.
    after
        What follows when it has ended: how to go on.
    """
    if not episode.ended:
        return ""
    scene = episode.view.scene
    total, steps = float(scene.total), int(scene.num_steps)
    return f"Episode over: return {total:.3g} after {counted(steps, 'step')}.{after}"


def summary(cls: type) -> str:
    """First line of a class's docstring, without its marks of code."""
    first = (cls.__doc__ or "").partition("\n")[0].replace("``", "")
    # Dataclasses without one are given their signature.
    return "" if first.startswith(f"{cls.__name__}(") else first


def _hint(world: AbstractWorld, active: bool) -> str:
    if active:
        return "Each key is one step. With time running, hold a key to go on."
    if world.can_grab:
        return "Drag the picture. Sliders and nudges work while it moves."
    return f"Sliders{' and nudges' if axes(world) else ''} work while it moves."

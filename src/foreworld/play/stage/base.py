"""What live play is made of: stages, sessions, and what a page shows.

A stage is what is played: a world, an agent in its world, a learned model beside its
world, a game. It is compiled once. Every browser gets a session of its own, with its
own episode and its own sliders, and all sessions of a stage share its programs. Only in
a game all browsers share one episode.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import UInt8

from foreworld.play.web.messages import Message

Picture = UInt8[np.ndarray, "height width channels"]


@dataclass(frozen=True)
class Key:
    """A key that chooses an action, also a button for fingers.

    Attributes
    ----------
    code
        What the browser calls the key (``KeyboardEvent.key``); empty for a button
        alone.
    label
        What is written on the button.
    action
        Index of the action.
    name
        What the action does.
    """

    code: str
    label: str
    action: int
    name: str


@dataclass(frozen=True)
class Slider:
    """A number that can be changed: of a world while it runs, or of an action.

    Attributes
    ----------
    name
        Name of the world's field, or of the entry of an action.
    value, low, high
        Where it stands and where its ends are. The box beside a world's number goes
        beyond the ends where the field allows it.
    unit
        For people.
    whole
        Whether it is a whole number.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str = ""
    whole: bool = False


@dataclass(frozen=True)
class Axis:
    """One number of a system's state."""

    name: str
    unit: str = ""


@dataclass(frozen=True)
class Field:
    """A part of an action that is chosen by itself.

    Attributes
    ----------
    name
        Path of a record's field, such as ``body/left``; empty for an action that is no
        record.
    keys
        One for each choice; none where numbers are chosen.
    sliders
        One for each entry of a box; none where there are choices.
    """

    name: str
    keys: tuple[Key, ...] = ()
    sliders: tuple[Slider, ...] = ()


@dataclass(frozen=True)
class Seat:
    """An agent of a game.

    Attributes
    ----------
    name
        Name of the agent.
    fields
        How a person acts there; none where only a policy can.
    refusal
        Why only a policy can; empty where a person can, too.
    """

    name: str
    fields: tuple[Field, ...]
    refusal: str = ""


@dataclass(frozen=True)
class Page:
    """What a page is made of; sent once when a browser connects.

    Attributes
    ----------
    title, summary
        What is played.
    pictures
        Captions, one a picture.
    hint
        What to do, in a sentence.
    keys, sliders
        See there.
    draggable
        Whether the picture follows the mouse.
    axes
        The numbers of a system's state, in their order.
    plane
        Two of them, drawn against each other at first.
    nudges
        Whether these numbers can be changed.
    has_agent
        Whether an agent can act, so that it can be taken over and let go on.
    has_model
        Whether a model predicts, so that it can be set back to the truth.
    seats
        The agents of a game, in its order.
    playing, rate
        Whether time runs at the start, and steps a second.
    """

    title: str
    summary: str
    pictures: tuple[str, ...]
    hint: str
    keys: tuple[Key, ...] = ()
    sliders: tuple[Slider, ...] = ()
    draggable: bool = False
    axes: tuple[Axis, ...] = ()
    plane: tuple[int, ...] = ()
    nudges: bool = False
    has_agent: bool = False
    has_model: bool = False
    seats: tuple[Seat, ...] = ()
    playing: bool = False
    rate: float = 10.0


@dataclass(frozen=True)
class Number:
    """A number on the page; with ``curve`` its course is drawn too."""

    name: str
    value: float
    unit: str = ""
    curve: bool = False


@dataclass(frozen=True)
class Bar:
    """A share from 0 to 1, drawn as a bar; ``field`` is that of a record's choice."""

    name: str
    value: float
    field: str = ""


@dataclass(frozen=True)
class Sight:
    """A part of what an agent observes: a picture, or a text.

    Attributes
    ----------
    name
        Field of a record and number of an entry; empty for an observation of one part.
    text
        A number, or the name of a choice.
    picture
        ``None`` for a text.
    """

    name: str
    text: str = ""
    picture: Picture | None = None


@dataclass(frozen=True)
class Panel:
    """What is told of an agent of a game.

    Attributes
    ----------
    name
        Name of the agent.
    player
        Who plays it.
    free
        Whether a person may take the seat.
    status
        Whether it is to move, has chosen, is silent or has ended.
    action
        What it did last; empty before that.
    reward, total
        Of the last step, and their sum in this episode.
    bars
        Probabilities of its actions when it last acted, of a policy that tells.
    sights
        What it observes now; nothing where that is hidden from this browser.
    """

    name: str
    player: str
    free: bool
    status: str
    action: str
    reward: float
    total: float
    bars: tuple[Bar, ...] = ()
    sights: tuple[Sight, ...] = ()


@dataclass(frozen=True)
class Target:
    """A region of the picture that means an action; ends as shares of the picture."""

    action: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Frame:
    """What there is to see at one moment.

    Attributes
    ----------
    pictures
        In the order of the page's captions, 1 or 3 channels each.
    numbers, bars
        See there.
    fields
        Where the sliders stand.
    state
        The numbers of the page's axes.
    banner
        Said over the picture, such as the end of an episode.
    notice
        Said once, such as why a value is refused.
    agent_acts
        Whether the agent acts, not the keyboard.
    panels
        One for each agent of a game.
    seat
        The agent that this browser plays; empty for one that watches.
    choices, chosen
        By field of the action: what this browser may choose now, and what it has chosen
        in a step that waits for other fields or for others. A field of numbers has no
        choices. Both are empty out of turn.
    targets
        Where a click means one of these choices.
    turn
        Who is to move, said below the picture.
    """

    pictures: tuple[Picture, ...]
    numbers: tuple[Number, ...] = ()
    bars: tuple[Bar, ...] = ()
    fields: dict[str, float] = field(default_factory=dict)
    state: tuple[float, ...] = ()
    banner: str = ""
    notice: str = ""
    agent_acts: bool = False
    panels: tuple[Panel, ...] = ()
    seat: str = ""
    choices: dict[str, tuple[int, ...]] = field(default_factory=dict)
    chosen: dict[str, int | tuple[float, ...]] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    turn: str = ""


class AbstractSession(abc.ABC):
    """What one browser plays. Its methods are called one at a time.

    A session that shares something with others overrides ``join`` and ``leave``.
    """

    def join(self, wake: Callable[[], None]) -> None:
        """The browser is there.

        Parameters
        ----------
        wake
            To be called, from any thread, where another browser changed what is seen.
        """
        return

    def leave(self) -> None:
        """The browser has gone."""
        return

    @abc.abstractmethod
    def advance(self) -> bool:
        """Let a step's time pass; returns whether there is anything new to see."""

    @abc.abstractmethod
    def handle(self, message: Message) -> None:
        """Do what the person asked for; what does not apply here is ignored."""

    @abc.abstractmethod
    def frame(self) -> Frame:
        """What there is to see now."""


class AbstractStage(abc.ABC):
    """What is played; shared by all browsers, and only in a game changed by any."""

    @abc.abstractmethod
    def page(self) -> Page:
        """What the page is made of."""

    @abc.abstractmethod
    def session(self, index: int) -> AbstractSession:
        """A new session. The first one compiles the programs of all.

        Parameters
        ----------
        index
            Counts the sessions from 1; each index has random numbers of its own. 0 is
            for compiling: it shares nothing that browsers see.
        """

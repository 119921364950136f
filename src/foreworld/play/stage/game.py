"""A game of several agents, whose seats persons take; a policy plays the others.

All browsers share one table. Each shows it from its own seat, or watches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from foreworld.core.errors import ConfigError, unknown_name
from foreworld.core.keys import named_key, root_key
from foreworld.core.parts.opening import opened
from foreworld.core.plain import counted
from foreworld.play.hands.fields import seat_of
from foreworld.play.hands.targets import check_targets, targets_of
from foreworld.play.stage.base import (
    AbstractSession,
    AbstractStage,
    Frame,
    Page,
    Panel,
    Sight,
)
from foreworld.play.stage.episode import Episode
from foreworld.play.stage.pace import natural_rate
from foreworld.play.stage.sights import sights_of
from foreworld.play.stage.table import Table
from foreworld.play.stage.world import summary
from foreworld.play.web.messages import (
    Choose,
    Enter,
    Message,
    Restart,
    Sit,
    Stand,
    Tick,
)
from foreworld.users.random_policy import RandomPolicy
from foreworld.worlds.game import AbstractGame
from foreworld.worlds.look import look_at
from foreworld.worlds.policy import AbstractPolicy, check_seats

AT_RANDOM = "a random policy"
"""What the policy is called that plays where none is given."""


class GameStage(AbstractStage):
    """A game whose seats persons may take.

    Parameters
    ----------
    game
        The game.
    policy
        Plays the agents without a person; ``None`` for one that acts at random.
    title
        Name of the policy.
    seed
        Root seed of all episodes.
    seat
        The agent that the first browser plays; empty to choose on the page.

    Raises
    ------
    ConfigError
        The game breaks its contract, the policy does not act for its agents, or there
        is no such seat; says why.
    """

    def __init__(
        self,
        game: AbstractGame,
        policy: AbstractPolicy | None = None,
        title: str = "",
        seed: int = 0,
        seat: str = "",
    ) -> None:
        if policy is None:
            look_at(game)
        self._game, self._seed = opened(game), seed
        self._policy = RandomPolicy(self._game) if policy is None else policy
        self._title = title or AT_RANDOM
        check_seats(self._game, self._policy)
        check_targets(self._game)
        self._seats = tuple(seat_of(self._game, agent) for agent in game.agents)
        can = [one.name for one in self._seats if one.fields]
        if seat and seat not in game.agents:
            raise unknown_name(f"seat of {type(game).__name__}", seat, game.agents)
        if seat and seat not in can:
            refusal = next(one.refusal for one in self._seats if one.name == seat)
            raise ConfigError(
                f"--seat={seat}: a person cannot play {seat} in {type(game).__name__}: "
                f"{refusal}. Seats for persons: {', '.join(can) or 'none'}."
            )
        self._table = self._laid(1, seat)

    def page(self) -> Page:
        """Seats with their keys."""
        game = self._game
        return Page(
            title=type(game).__name__,
            summary=summary(type(game)),
            pictures=("",),
            hint=(
                f"Agents without a person are played by {self._title}. A step "
                f"waits for all persons whose turn it is; nobody sees a move before."
            ),
            seats=self._seats,
            playing=True,
            rate=natural_rate(game),
        )

    def session(self, index: int) -> GameSession:
        """A place at the table that all browsers share; of index 0 at another one."""
        return GameSession(self._table if index else self._laid(0), self._title)

    def _laid(self, index: int, seat: str = "") -> Table:
        key = named_key(root_key(self._seed), "table", index)
        return Table(Episode(self._game, key, self._policy), self._seats, seat)


class GameSession(AbstractSession):
    """One browser at a table.

    Parameters
    ----------
    table
        The table.
    title
        Name of the policy that plays there.
    """

    def __init__(self, table: Table, title: str) -> None:
        self._table, self._title, self._notice = table, title, ""

    def join(self, wake: Callable[[], None]) -> None:
        """Come to the table."""
        self._table.join(self, wake)

    def leave(self) -> None:
        """Go; the policy takes over."""
        self._table.leave(self)

    def advance(self) -> bool:
        """Policies act, where no person is to."""
        return self._table.tick(self)

    def handle(self, message: Message) -> None:
        """Seats, choices, and new episodes."""
        table, why = self._table, ""
        match message:
            case Sit(seat):
                why = table.sit(self, seat)
            case Stand():
                why = table.stand(self)
            case Choose(field, value) | Enter(field, value):
                why = table.choose(self, field, value)
            case Tick():
                why = table.step(self)
            case Restart():
                why = table.restart(self)
        self._notice = why

    def frame(self) -> Frame:
        """The picture, the agents, and what this browser may do."""
        table = self._table
        notice, self._notice = self._notice, ""
        with table.lock:
            episode, seat = table.episode, table.seat_of(self)
            choices = table.choices(seat) if seat else {}
            rows = (episode.view.targets or {}).get(seat)
            return Frame(
                pictures=(episode.frame_for(seat),),
                numbers=episode.numbers(),
                banner=_end_of(episode, bool(seat)),
                notice=notice,
                panels=tuple(self._panel(agent) for agent in _agents(table)),
                seat=seat,
                choices=choices,
                chosen=dict(table.chosen.get(seat, {})),
                targets=targets_of(rows, choices.get("", ())),
                turn=_turn_of(table, seat),
            )

    def _panel(self, agent: str) -> Panel:
        table = self._table
        scene, person = table.episode.view.scene, table.seats.get(agent)
        who = "you" if person is self else "another person"
        return Panel(
            name=agent,
            player=self._title if person is None else who,
            free=person is None and table.can_seat(agent),
            status=_status(table, agent),
            action=table.last_actions.get(agent, ""),
            reward=float(scene.reward[agent]),
            total=float(scene.total[agent]),
            bars=table.last_bars.get(agent, ()),
            sights=self._sights(agent),
        )

    def _sights(self, agent: str) -> tuple[Sight, ...]:
        """What an agent observes: hidden from those who play another one."""
        episode, seat = self._table.episode, self._table.seat_of(self)
        if seat not in ("", agent):
            return ()
        spaces: Any = episode.world.observation_space
        return sights_of(spaces[agent], episode.view.scene.obs[agent])


def _agents(table: Table) -> tuple[str, ...]:
    game: Any = table.episode.world
    return game.agents


def _status(table: Table, agent: str) -> str:
    if table.has_ended(agent):
        return "ended"
    if table.has_chosen(agent):
        return "has chosen"
    return "to move" if table.acts(agent) else "silent"


def _turn_of(table: Table, seat: str) -> str:
    """Who is to move, for one seat."""
    if table.episode.ended:
        return ""
    if not seat:
        free = any(
            table.can_seat(one) for one in _agents(table) if one not in table.seats
        )
        return f"You watch{'. Take a free seat to play.' if free else '.'}"
    if table.has_ended(seat):
        return f"{seat} has ended. The others go on."
    waiting = " and ".join(table.waiting_for())
    if table.has_chosen(seat):
        return f"You have chosen. Waiting for {waiting}."
    if table.acts(seat):
        missing = " and ".join(table.missing(seat))
        return f"Your move: choose {missing}." if missing else "Your move."
    others = " and ".join(one for one in _agents(table) if table.acts(one))
    return f"Waiting for {others or 'the next step'}."


def _end_of(episode: Episode, seated: bool) -> str:
    if not episode.ended:
        return ""
    steps = int(episode.view.scene.num_steps)
    after = " 'New episode' begins the next." if seated else ""
    return f"Episode over after {counted(steps, 'step')}.{after}"

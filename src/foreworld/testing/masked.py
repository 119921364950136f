"""Small worlds and a game with rules: in each state only some actions are allowed.

Each counts the forbidden moves that were made in it; a policy that keeps the rules
makes none.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, UInt8

from foreworld.core.keys import named_key
from foreworld.core.parts.part import Bounded, Traced
from foreworld.core.spaces import Box, Discrete, Record
from foreworld.worlds.base import AbstractWorld, EpisodeLen, Step, Turn
from foreworld.worlds.game import AbstractGame


class CardsState(NamedTuple):
    """Cards in hand and what was done.

    Attributes
    ----------
    held
        Which cards are still in hand.
    last
        Card played last; -1 before the first.
    num_forbidden
        Cards played that were not in hand.
    """

    held: Bool[Array, " num_cards"]
    last: Int[Array, ""]
    num_forbidden: Int[Array, ""]


class Cards(AbstractWorld):
    """Play every card of a hand once; the higher the card, the better to play it early.

    A card that was played is forbidden from then on. The reward of a card is its
    number; that of a forbidden one is -100. The best discounted return plays them from
    the highest down.
    """

    num_cards: Annotated[int, Bounded(low=2)] = 4
    """cards in the deck"""
    discount: Annotated[float, Traced(low=0, high=1)] = 0.9
    """discount factor of returns"""
    max_episode_len: EpisodeLen = 20
    """steps after which an episode is cut off; 0 for never"""

    @property
    def action_space(self) -> Discrete:
        """Which card."""
        return Discrete(self.num_cards)

    @property
    def observation_space(self) -> Box:
        """Which cards are in hand."""
        return Box(0.0, 1.0, (self.num_cards,))

    def reset(
        self, key: Key[Array, ""]
    ) -> tuple[CardsState, Float[Array, " num_cards"]]:
        """A hand of half the deck at least."""
        rank = jax.random.permutation(named_key(key, "rank"), self.num_cards)
        least = self.num_cards - self.num_cards // 2
        number = jax.random.randint(
            named_key(key, "number"), (), least, self.num_cards + 1, jnp.int32
        )
        state = CardsState(rank < number, jnp.int32(-1), jnp.int32(0))
        return state, state.held.astype(jnp.float32)

    def allowed(self, state: CardsState) -> Bool[Array, " num_cards"]:
        """Those in hand."""
        return state.held

    def targets(self, state: CardsState) -> Float[Array, "num_cards 4"]:
        """The block of each card."""
        left = jnp.arange(self.num_cards)
        ends = [left / self.num_cards, 0 * left, (left + 1) / self.num_cards, left >= 0]
        return jnp.stack([end.astype(jnp.float32) for end in ends], axis=1)

    def step(
        self, state: CardsState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> Step:
        """Play a card."""
        chosen = jnp.arange(self.num_cards) == action
        wrong = ~jnp.any(chosen & state.held)
        held = state.held & ~chosen
        new = CardsState(held, jnp.int32(action), state.num_forbidden + wrong)
        reward = jnp.where(wrong, -100.0, action).astype(jnp.float32)
        return Step(
            new, held.astype(jnp.float32), reward, ~jnp.any(held), jnp.asarray(False)
        )

    def measures(self, state: CardsState) -> dict[str, Float[Array, ""]]:
        """Forbidden moves of the episode."""
        return {"num_forbidden": state.num_forbidden.astype(jnp.float32)}

    def render(self, state: CardsState) -> UInt8[Array, "8 width 1"]:
        """A white block for every card in hand."""
        row = jnp.repeat(jnp.where(state.held, 255, 0), 8).astype(jnp.uint8)
        return jnp.broadcast_to(row[None, :, None], (8, row.shape[0], 1))


class LetterState(NamedTuple):
    """What is asked for, steps taken and forbidden moves.

    Attributes
    ----------
    wanted
        Number of the word to say.
    num_steps
        Steps taken.
    num_forbidden
        Moves that were forbidden.
    """

    wanted: Int[Array, ""]
    num_steps: Int[Array, ""]
    num_forbidden: Int[Array, ""]


class Letter(AbstractWorld):
    """Say a word, point somewhere and decide whether to send: actions are a record.

    The word just below the wanted one is forbidden, and sending is before the second
    step. Sending ends the episode, with reward 1 for the right word, less the distance
    of where it points from the middle.
    """

    num_words: Annotated[int, Bounded(low=2)] = 4
    """words to choose from"""
    discount: Annotated[float, Traced(low=0, high=1)] = 0.9
    """discount factor of returns"""
    max_episode_len: EpisodeLen = 6
    """steps after which an episode is cut off; 0 for never"""

    @property
    def action_space(self) -> Record:
        """A word, a direction, and whether to send."""
        word, aim = Discrete(self.num_words), Box(-1.0, 1.0, (2,))
        return Record({"word": word, "aim": aim, "send": Discrete(2)})

    @property
    def observation_space(self) -> Record:
        """The wanted word and the time."""
        return Record({"wanted": Discrete(self.num_words), "time": Box(0.0, 1.0, ())})

    def reset(self, key: Key[Array, ""]) -> tuple[LetterState, dict[str, Any]]:
        """A word is asked for."""
        wanted = jax.random.randint(key, (), 0, self.num_words, jnp.int32)
        state = LetterState(wanted, jnp.int32(0), jnp.int32(0))
        return state, self._observe(state)

    def allowed(self, state: LetterState) -> dict[str, Any]:
        """By field; any direction is allowed."""
        words = jnp.arange(self.num_words) != (state.wanted - 1) % self.num_words
        return {
            "word": words,
            "send": jnp.stack([jnp.asarray(True), state.num_steps > 0]),
        }

    def step(
        self, state: LetterState, action: dict[str, Any], key: Key[Array, ""]
    ) -> Step:
        """Wait or send."""
        wrong = ~self.action_space.contains(action, self.allowed(state))
        send = action["send"] == 1
        right = (action["word"] == state.wanted).astype(jnp.float32)
        off = jnp.sqrt(jnp.sum(jnp.square(action["aim"])))
        new = LetterState(
            state.wanted, state.num_steps + 1, state.num_forbidden + wrong
        )
        reward = jnp.where(send, right - off, 0.0).astype(jnp.float32)
        return Step(new, self._observe(new), reward, send, jnp.asarray(False))

    def measures(self, state: LetterState) -> dict[str, Float[Array, ""]]:
        """Forbidden moves of the episode."""
        return {"num_forbidden": state.num_forbidden.astype(jnp.float32)}

    def render(self, state: LetterState) -> UInt8[Array, "8 8 1"]:
        """Grey, brighter with the number of the word."""
        shade = (255 * (state.wanted + 1)) // self.num_words
        return jnp.broadcast_to(shade.astype(jnp.uint8), (8, 8, 1))

    def _observe(self, state: LetterState) -> dict[str, Any]:
        share = jnp.minimum(state.num_steps.astype(jnp.float32) / 8.0, 1.0)
        return {"wanted": state.wanted, "time": share}


class NimState(NamedTuple):
    """Matches on the table, whose turn it is, and forbidden moves.

    Attributes
    ----------
    matches
        Matches left.
    second
        Whether the second agent is to move.
    num_forbidden
        Forbidden moves.
    """

    matches: Int[Array, ""]
    second: Bool[Array, ""]
    num_forbidden: Int[Array, ""]


class Nim(AbstractGame):
    """Two agents take one to three matches in turn; the one that takes the last wins.

    More than are left may not be taken. Both observe how many are left.
    """

    num_matches: Annotated[int, Bounded(low=4)] = 7
    """most matches at the start"""
    discount: Annotated[float, Traced(low=0, high=1)] = 1.0
    """discount factor of returns"""
    max_episode_len: EpisodeLen = 20
    """steps after which an episode is cut off; 0 for never"""

    @property
    def agents(self) -> tuple[str, ...]:
        """In the order in which they move."""
        return ("first", "second")

    @property
    def action_space(self) -> dict[str, Discrete]:
        """How many are taken, less one."""
        return dict.fromkeys(self.agents, Discrete(3, ("one", "two", "three")))

    @property
    def observation_space(self) -> dict[str, Discrete]:
        """How many are left."""
        return dict.fromkeys(self.agents, Discrete(self.num_matches + 1))

    def reset(self, key: Key[Array, ""]) -> tuple[NimState, dict[str, Any]]:
        """Some matches, four at least."""
        matches = jax.random.randint(key, (), 4, self.num_matches + 1, jnp.int32)
        state = NimState(matches, jnp.asarray(False), jnp.int32(0))
        return state, dict.fromkeys(self.agents, matches)

    def turns(self, state: NimState) -> dict[str, Turn]:
        """One after the other; no more than are left."""
        allowed = jnp.arange(3) < state.matches
        movers = dict(zip(self.agents, (~state.second, state.second), strict=True))
        return {name: Turn(moves, allowed) for name, moves in movers.items()}

    def step(
        self, state: NimState, action: dict[str, Any], key: Key[Array, ""]
    ) -> Step:
        """Take some."""
        first, second = self.agents
        taken = 1 + jnp.where(state.second, action[second], action[first])
        wrong = taken > state.matches
        left = jnp.maximum(state.matches - taken, 0).astype(jnp.int32)
        new = NimState(left, ~state.second, state.num_forbidden + wrong)
        won = jnp.where(left == 0, jnp.where(state.second, -1.0, 1.0), 0.0)
        won = won.astype(jnp.float32)
        return Step(
            new,
            dict.fromkeys(self.agents, left),
            {first: won, second: -won},
            dict.fromkeys(self.agents, left == 0),
            dict.fromkeys(self.agents, jnp.asarray(False)),
        )

    def measures(self, state: NimState) -> dict[str, Float[Array, ""]]:
        """Forbidden moves of the episode."""
        return {"num_forbidden": state.num_forbidden.astype(jnp.float32)}

    def render(self, state: NimState) -> UInt8[Array, "4 width 1"]:
        """A white column for every match."""
        lit = jnp.arange(2 * self.num_matches) < 2 * state.matches
        row = jnp.where(lit & (jnp.arange(lit.shape[0]) % 2 == 0), 255, 0)
        return jnp.broadcast_to(
            row.astype(jnp.uint8)[None, :, None], (4, *row.shape, 1)
        )

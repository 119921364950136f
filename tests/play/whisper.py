"""A game whose actions and observations have several parts, and secrets."""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from foreworld.core.spaces import Box, Discrete, Record
from foreworld.worlds.base import EpisodeLen, Step, Turn
from foreworld.worlds.game import AbstractGame

SIGNS = ("sun", "moon", "star")
TELLER, GUESSER = "teller", "guesser"


class Said(NamedTuple):
    """The secret, what was last said of it, and steps taken."""

    secret: Int[Array, ""]
    word: Int[Array, ""]
    loud: Int[Array, ""]
    num_steps: Int[Array, ""]


class Whisper(AbstractGame):
    """A teller sees a secret and hints at it; a guesser hears it, guesses, and aims.

    The teller says another word than the secret. They act in turn, twice each.
    """

    aim: float = 1.0
    """how far the guesser can aim; 0 for no end"""
    discount: float = 1.0
    """discount factor"""
    max_episode_len: EpisodeLen = 4
    """steps"""

    @property
    def agents(self):
        return (TELLER, GUESSER)

    @property
    def action_space(self):
        how = Record({"loud": Discrete(2, ("low", "high"))})
        far = self.aim or math.inf
        aim = Box(-far, far, (2,))
        return {
            TELLER: Record({"word": Discrete(3, SIGNS), "how": how}),
            GUESSER: Record({"guess": Discrete(3, SIGNS), "aim": aim}),
        }

    @property
    def observation_space(self):
        card = Box(0, 255, (4, 4, 3), "uint8")
        heard = {"word": Discrete(3, SIGNS), "heard": Box(-1.0, 2.0, (2,))}
        return {
            TELLER: Record({"secret": Discrete(3, SIGNS), "card": card}),
            GUESSER: Record(heard),
        }

    def reset(self, key):
        secret = jax.random.randint(key, (), 0, 3, jnp.int32)
        state = Said(secret, jnp.int32(0), jnp.int32(0), jnp.int32(0))
        return state, self._observe(state)

    def turns(self, state):
        telling = state.num_steps % 2 == 0
        words = {"word": jnp.arange(3) != state.secret}
        return {TELLER: Turn(telling, words), GUESSER: Turn(~telling)}

    def step(self, state, action, key):
        telling = state.num_steps % 2 == 0
        told, guess = action[TELLER], action[GUESSER]
        new = Said(
            state.secret,
            jnp.where(telling, told["word"], state.word),
            jnp.where(telling, told["how"]["loud"], state.loud),
            state.num_steps + 1,
        )
        right = ~telling & (guess["guess"] == state.secret)
        far = jnp.where(telling, 0.0, jnp.sum(guess["aim"]))
        reward = {TELLER: right.astype(jnp.float32), GUESSER: far.astype(jnp.float32)}
        both = dict.fromkeys
        over, no = jnp.asarray(new.num_steps >= 4), jnp.asarray(False)
        return Step(
            new, self._observe(new), reward, both(reward, over), both(reward, no)
        )

    def render(self, state):
        return jnp.full((8, 8, 1), 60 * state.num_steps, jnp.uint8)

    def render_for(self, state, agent):
        # The corner of who knows the secret tells it.
        corner = 200 + state.secret if agent == TELLER else 0
        return self.render(state).at[0, 0, 0].set(jnp.uint8(corner))

    def _observe(self, state):
        heard = jnp.stack([state.word, state.loud]).astype(jnp.float32)
        card = jnp.zeros((4, 4, 3), jnp.uint8).at[:, :, state.secret].set(200)
        return {
            TELLER: {"secret": state.secret, "card": card},
            GUESSER: {"word": state.word, "heard": heard},
        }

"""What the contract check asks of games alone."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from foreworld.core.keys import named_key
from foreworld.testing.checks import leaves, require
from foreworld.users.random_policy import RandomPolicy
from foreworld.worlds.episode import Running, advance, begin, turn_of
from foreworld.worlds.game import AbstractGame

_NUM_STEPS, _NUM_LANES = 24, 8


def check_silence(game: AbstractGame, key: Key[Array, ""]) -> None:
    """What an agent does that does not act, or has ended, must change nothing.

    Parameters
    ----------
    game
        Any game, opened.
    key
        Episodes and actions are drawn from it.

    Raises
    ------
    CheckError
        Names the agent and what it changes.
    """
    policy = RandomPolicy(game)

    def one(running: Running, key: Key[Array, ""]) -> tuple[Running, Any]:
        turns: Any = turn_of(game, running)
        mine, other = (
            policy.act(None, running.obs, named_key(key, name), turns)[1]
            for name in ("act", "other")
        )
        step_key = named_key(key, "step")
        after, step = advance(game, running, mine, step_key)
        changed = {}
        for agent, turn in turns.items():
            told = {**mine, agent: other[agent]}
            there = advance(game, running, told, step_key)[1]
            changed[agent] = jax.tree.map(
                lambda a, b, acts=turn.acting: ~acts & jnp.any(a != b), step, there
            )
        fresh = begin(game, named_key(key, "reset"))
        after = jax.tree.map(
            lambda new, old: jnp.where(after.ended, new, old), fresh, after
        )
        return after, changed

    def play(key: Key[Array, ""]) -> Any:
        keys = jax.random.split(key, _NUM_STEPS)
        return jax.lax.scan(one, begin(game, named_key(key, "start")), keys)[1]

    found = jax.jit(jax.vmap(play))(jax.random.split(key, _NUM_LANES))
    for agent, changed in found.items():
        for path, flags in leaves(changed):
            require(
                not np.asarray(flags).any(),
                f"{type(game).__name__}.step: an action of {agent!r} changes "
                f"{path[1:]} in a step in which it does not act. Ignore it there, for "
                f"example by jnp.where.",
            )

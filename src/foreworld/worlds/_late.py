"""What only long random episodes show of a world: ends, and numbers that come late."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Int, Key

from foreworld.core.errors import ConfigError
from foreworld.worlds._asked import Asked
from foreworld.worlds._compare import leaves_of
from foreworld.worlds._played import (
    LONGEST,
    NUM_LANES,
    Played,
    Restarts,
    play,
    starts_of,
)
from foreworld.worlds.rounds import rounds_of

_SHORTEST = 5
"""Steps of an episode that may have a time limit; fewer are rounds of a game."""


def check_episodes(asked: Asked, key: Key[Array, ""], ends: bool) -> list[str]:
    """Play random episodes in a program, and look at all that they give.

    Parameters
    ----------
    asked
        The world; one step of it was found good.
    key
        All randomness.
    ends
        Whether episodes have to end and observations to be finite.

    Returns
    -------
    list of str
        What is no fault, and perhaps not meant.

    Raises
    ------
    ConfigError
        Names the world, the method and what is wrong.
    """
    world = asked.world
    with asked.words("reset", compiled=True):
        starts = starts_of(world, key)
    restarts, lengths = Restarts(starts.state), []
    acts = world.action_space is not None
    to_an_end = ends and acts and not world.max_episode_len
    with asked.words("step", compiled=True):
        for played in play(world, starts, key, to_an_end):
            _check(asked, played, ends)
            restarts.add(played)
            lengths.append(np.asarray(played.num_steps)[np.asarray(played.ended)])
    if restarts.found():
        raise asked.refuse(
            "step",
            "it seems to start a new episode where one ends. Return the state that "
            "was reached: code that runs episodes resets the world.",
        )
    ended = np.concatenate(lengths)
    if to_an_end and not len(ended):
        raise ConfigError(
            f"{asked.name}.max_episode_len=0 sets no time limit, and nothing else "
            f"ended any of {NUM_LANES} episodes of {LONGEST} random steps. Give the "
            f"longest episode, for example max_episode_len=1000."
        )
    return _remarks(asked, ended) if acts and not world.truncates else []


def _remarks(asked: Asked, lengths: Int[np.ndarray, " episode"]) -> list[str]:
    """Whether many episodes terminate after one number of steps, and none later.

    That may be a rule of the world, or a count of its own.
    """
    if len(lengths) < NUM_LANES // 2:
        return []
    longest = lengths.max()
    num = int((lengths == longest).sum())
    if longest < _SHORTEST or num < len(lengths) / 4:
        return []
    return [
        f"{asked.name}.step: {num} of {len(lengths)} random episodes terminate after "
        f"{longest} steps, and none later. Where that is a time limit, set "
        f"max_episode_len={longest} and leave the count out: what a time limit cuts "
        f"off has not terminated."
    ]


def _check(asked: Asked, played: Played, ends: bool) -> None:
    """Some steps of all lanes."""
    step, spaces = played.step, asked.world.observation_space
    num_steps = np.asarray(played.num_steps)
    for agent, _, cut in asked.of_agents("step", "truncated", step.truncated, spaces):
        if np.asarray(cut).any() and not asked.world.truncates:
            when = num_steps[np.asarray(cut)].min()
            raise asked.refuse(
                "step",
                f"truncated{agent} is True in step {when} of an episode. Leave it "
                f"False, and give a time limit as max_episode_len={when}: code that "
                f"runs episodes counts it.",
            )
    for agent, _, reward in asked.of_agents("step", "reward", step.reward, spaces):
        asked.check_finite("step", f"reward{agent}", reward)
    _check_masks(asked, played.turns)
    _check_period(asked, played)
    for agent, space, obs in asked.of_agents("step", "obs", step.obs, spaces):
        rows = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), obs)
        finite = np.ones(num_steps.size, bool)
        for path, leaf in leaves_of(rows):
            if ends:
                asked.check_finite("step", f"obs{agent}{path}", leaf)
            finite &= np.isfinite(leaf).reshape(len(finite), -1).all(1)
        inside = np.asarray(jax.vmap(space.contains)(rows))
        for at in np.flatnonzero(finite & ~inside)[:1]:
            shown = jax.tree.map(lambda x, at=at: np.asarray(x[at]), rows)
            raise asked.refuse(
                "step",
                f"obs{agent} {shown} is outside of {space}, in step "
                f"{num_steps.flat[at]} of an episode.",
            )


def _check_period(asked: Asked, played: Played) -> None:
    """Who acts in which round of a game's period, and where episodes end."""
    if not isinstance(played.turns, dict):
        return
    rounds, num_steps = rounds_of(asked.world), np.asarray(played.num_steps)
    for agent, turn in played.turns.items():
        for i, speakers in enumerate(rounds):
            now = (num_steps - 1) % len(rounds) == i
            wrong = num_steps[now & np.asarray(turn.acting)]
            if agent not in speakers and wrong.size:
                raise asked.refuse(
                    "turns",
                    f"{agent} acts in step {wrong.min()} of an episode, which is round "
                    f"{i} of the period, where only {', '.join(speakers) or 'nobody'} "
                    f"may act.",
                )
    late = num_steps[np.asarray(played.ended)] % len(rounds)
    if late.any():
        raise asked.refuse(
            "step",
            f"an episode ends {late.max()} steps into a period of {len(rounds)} "
            f"rounds. Let it end with a period, or leave the period out.",
        )


def _check_masks(asked: Asked, turns: Any) -> None:
    """Masks of all steps in which the agent acts."""
    game, spaces = isinstance(turns, dict), asked.world.action_space
    method = "turns" if game else "allowed"
    if turns is None:
        return
    for agent, space, turn in asked.of_agents(method, "it", turns, spaces):
        if turn.allowed is None:
            continue
        acting = np.flatnonzero(np.asarray(turn.acting).ravel())
        masks = jax.tree.map(
            lambda x, rows=acting: np.asarray(x).reshape(-1, *x.shape[2:])[rows],
            turn.allowed,
        )
        flat = [x.reshape(len(acting), -1) for x in jax.tree.leaves(masks)]
        # Few of them differ.
        once = np.unique(np.concatenate(flat, axis=1), axis=0, return_index=True)[1]
        for at in once:
            one = jax.tree.map(lambda x, at=at: x[at], masks)
            if fault := space.fault(one):
                raise asked.refuse(method, f"{agent}{': ' * bool(agent)}{fault}.")

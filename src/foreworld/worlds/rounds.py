"""Who speaks when in a game whose order is fixed: the rounds of its period."""

from __future__ import annotations

from foreworld.core.errors import ConfigError, unknown_name
from foreworld.worlds.base import AbstractWorld
from foreworld.worlds.game import AbstractGame

Rounds = tuple[tuple[str, ...], ...]
"""For each round of a period the agents that may act in it; none in a plain world."""


def rounds_of(world: AbstractWorld) -> Rounds:
    """The rounds of a game's period; one round of nobody by name in a plain world.

    Parameters
    ----------
    world
        A world or a game.

    Raises
    ------
    ConfigError
        The period names an agent that the game lacks, is empty, or does not divide the
        time limit.
    """
    if not isinstance(world, AbstractGame):
        return ((),)
    name, rounds = type(world).__name__, tuple(tuple(one) for one in world.period)
    if not rounds:
        raise ConfigError(
            f"{name}.period is empty. It names the agents of each round, for example "
            f"({world.agents[:1]!r}, {world.agents[-1:]!r})."
        )
    for agent in (agent for one in rounds for agent in one):
        if agent not in world.agents:
            raise unknown_name(f"agent in {name}.period", agent, world.agents)
    named = {agent for one in rounds for agent in one}
    if silent := [agent for agent in world.agents if agent not in named]:
        raise ConfigError(
            f"{name}.period never lets {', '.join(silent)} act. It names every agent."
        )
    if len(rounds) > 1 and world.max_episode_len % len(rounds):
        raise ConfigError(
            f"{name}.max_episode_len={world.max_episode_len} must be a multiple of its "
            f"{len(rounds)} rounds (period), because episodes end with a period."
        )
    if len(rounds) > 1 and world.truncates:
        raise ConfigError(
            f"{name} has a period of {len(rounds)} rounds and cuts episodes off itself "
            f"(truncates), so they might end within a period. Leave the period out."
        )
    return rounds


def whole_periods(world: AbstractWorld, num_steps: int, what: str) -> Rounds:
    """The rounds, where a number of steps is whole periods.

    Parameters
    ----------
    world
        A world or a game.
    num_steps
        How many steps are made at a time.
    what
        The name of that number, for errors.

    Raises
    ------
    ConfigError
        It is not; says what is allowed.
    """
    rounds = rounds_of(world)
    num = len(rounds)
    if num_steps % num:
        raise ConfigError(
            f"{what}={num_steps} must be a multiple of the {num} rounds of "
            f"{type(world).__name__} (its period), for example "
            f"{num_steps + num - num_steps % num}."
        )
    return rounds

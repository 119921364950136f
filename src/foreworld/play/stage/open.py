"""From a word or a folder to what is played."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foreworld.core.errors import ConfigError
from foreworld.core.own.in_parts import demand_code
from foreworld.learners.forward.base import AbstractForwardModel
from foreworld.play.stage.agent import AgentStage
from foreworld.play.stage.base import AbstractStage
from foreworld.play.stage.game import GameStage
from foreworld.play.stage.model import ModelStage
from foreworld.play.stage.world import WorldStage
from foreworld.sweeps.folder import StudyFolder
from foreworld.train.sources import family_of
from foreworld.workspace.load import load
from foreworld.worlds.base import AbstractWorld
from foreworld.worlds.game import AbstractGame


def open_run(path: str | Path, seed: int = 0, seat: str = "") -> AbstractStage:
    """What a run or a study has trained: the only run, or the best of the best point.

    Parameters
    ----------
    path
        The folder.
    seed
        Root seed of what is played.
    seat
        The agent of a game that the first browser plays; empty to choose on the page.

    Raises
    ------
    ConfigError
        The folder holds no run, or its world cannot be played.
    DamagedError
        The run is not finished or was altered.
    FitError
        What was trained neither acts nor predicts frames.
    """
    folder = load(path)
    if not isinstance(folder, StudyFolder):
        raise ConfigError(
            f"{path} holds a data set, which cannot be played. Play the world it was "
            f"made of, or a run trained on it; 'foreworld preview {path}' shows it."
        )
    point = run = 0
    if len(folder.points) > 1 or folder.study.seeds > 1:
        best = folder.best()
        point, run = best.point, best.seed
    parameters: Any = folder.points[point].parameters
    demand_code(parameters)
    learner = parameters.learner
    name = type(learner).__name__
    if isinstance(learner, AbstractForwardModel):
        # Of several tasks, the first one's world is the one beside the model.
        family: Any = family_of(parameters)
        if family is None:
            raise ConfigError(
                f"{name} in {path} learned from a file of arrays or from what a "
                f"generator made, and no world is known that could be shown beside it."
            )
        demand_code(family)
        refuse_seat(seat, f"the run in {path}")
        return ModelStage(family, learner, folder.state(point, run), name, seed)
    if parameters.world is None:
        raise ConfigError(f"{name} in {path} has no world to act in.")
    world, policy = parameters.world, folder.policy_of(point, run)
    if isinstance(world, AbstractGame):
        return GameStage(world, policy, name, seed, seat)
    refuse_seat(seat, type(world).__name__)
    return AgentStage(world, policy, name, seed)


def open_world(world: AbstractWorld, seed: int = 0, seat: str = "") -> AbstractStage:
    """A world by hand, or a game against policies that act at random.

    Parameters
    ----------
    world
        The world or game.
    seed
        Root seed of what is played.
    seat
        The agent of a game that the first browser plays; empty to choose on the page.

    Raises
    ------
    ConfigError
        It cannot be played, or has no such seat; says why.
    """
    if isinstance(world, AbstractGame):
        return GameStage(world, seed=seed, seat=seat)
    refuse_seat(seat, type(world).__name__)
    return WorldStage(world, seed)


def refuse_seat(seat: str, what: str) -> None:
    """Refuse a seat where there are none.

    Parameters
    ----------
    seat
        What was asked for; empty for nothing.
    what
        What is played, for the message.

    Raises
    ------
    ConfigError
        A seat was asked for.
    """
    if seat:
        raise ConfigError(
            f"--seat={seat}: {what} is no game of several agents, so it has no seats. "
            f"Leave --seat out."
        )

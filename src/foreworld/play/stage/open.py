"""From a word or a folder to what is played."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foreworld.core.errors import ConfigError
from foreworld.core.own.in_parts import demand_code
from foreworld.learners.forward.base import AbstractForwardModel
from foreworld.play.stage.agent import AgentStage
from foreworld.play.stage.base import AbstractStage
from foreworld.play.stage.model import ModelStage
from foreworld.sweeps.folder import StudyFolder
from foreworld.train.sources import family_of
from foreworld.workspace.load import load


def open_run(path: str | Path, seed: int = 0) -> AbstractStage:
    """What a run or a study has trained: the only run, or the best of the best point.

    Parameters
    ----------
    path
        The folder.
    seed
        Root seed of what is played.

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
                f"{name} in {path} learned from a file of arrays, which says of no "
                f"world that could be shown beside it."
            )
        demand_code(family)
        return ModelStage(family, learner, folder.state(point, run), name, seed)
    if parameters.world is None:
        raise ConfigError(f"{name} in {path} has no world to act in.")
    return AgentStage(parameters.world, folder.policy_of(point, run), name, seed)

"""The best point again on fresh seeds: the ones that selected it are biased upwards."""

from __future__ import annotations

import dataclasses
from typing import Any

from foreworld.core.errors import ConfigError
from foreworld.core.own.in_parts import demand_code
from foreworld.launch.base import AbstractLauncher
from foreworld.sweeps.results.selection import Best, best
from foreworld.sweeps.run.sweep import run_experiment
from foreworld.sweeps.study.find import read_study, study_path


def rerun_best(
    study: Any,
    chosen: Best,
    seeds: int,
    *,
    launcher: AbstractLauncher | None = None,
    quiet: bool = False,
) -> Best:
    """Train a chosen point with seeds that had no part in choosing it.

    Parameters
    ----------
    study
        The study, or its folder.
    chosen
        What :func:`~foreworld.sweeps.results.selection.best` gave for it.
    seeds
        How many; their root seed is the study's plus one.
    launcher, quiet
        As in :func:`~foreworld.sweeps.run.sweep`. Killed, the same call goes on.

    Returns
    -------
    Best
        The same measure of the same metric, over the fresh seeds.
    """
    if seeds < 1:
        raise ConfigError(f"seeds={seeds} must be at least 1.")
    read = read_study(study_path(study))
    parameters = read.points()[chosen.point].parameters
    demand_code(parameters)
    fresh = parameters.set("seed", parameters.seed + 1)
    name = f"{read.name}_best{chosen.point}"
    folder = run_experiment(fresh, seeds, name=name, launcher=launcher, quiet=quiet)
    metric = chosen.metric.removeprefix("test_").removeprefix("val_")
    again = best(folder, chosen.measure, metric)
    return dataclasses.replace(again, point=chosen.point, fields=chosen.fields)

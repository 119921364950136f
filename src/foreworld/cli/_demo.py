"""The demonstration in plain calls to public functions: read it as an example."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import foreworld as fw
from foreworld.core.disk.places import data_folder, runs_folder
from foreworld.launch.processes import Processes
from foreworld.learners.forward.rnn_deconvolve import RNNDeconvolve
from foreworld.plot.report.page import report
from foreworld.sweeps.results.selection import Best

MAZE_LEN = 10
FIRST_HORIZON = 4
"""From here on a prediction must beat the baselines: before it, copying is too good."""


class Claim(NamedTuple):
    """Something that must follow from the results.

    Attributes
    ----------
    text
        What is claimed.
    holds
        Whether it is so.
    lines
        The numbers behind it.
    """

    text: str
    holds: bool
    lines: tuple[str, ...]


class Demonstration(NamedTuple):
    """What the demonstration ends with."""

    claims: tuple[Claim, ...]
    report: Path


def run_demo(quiet: bool = False) -> Demonstration:
    """Do it all, or what is missing of it."""
    home, runs = data_folder() / "demo", runs_folder() / "demo"
    steps = itertools.count(1)

    def say(what: str) -> None:
        if not quiet:
            print(f"[{next(steps)}/4] {what}", flush=True)

    say("a data set: 2,320 pendulums of different mass and length")
    family = fw.worlds.Pendulum.family(
        mass=fw.Uniform(0.5, 1.0), length=fw.Uniform(0.5, 1.0)
    )
    fw.generate(
        family, home / "pendulum", train=2000, val=64, test=256, seed=0, quiet=quiet
    )

    say("a model that predicts its frames: 3 seeds in one program")
    model = fw.Parameters(
        None, RNNDeconvolve.preset("small"), home / "pendulum", seed=0
    )
    forward = fw.run_experiment(model, seeds=3, out=runs / "pendulum", quiet=quiet)

    say("recurrent PPO on the T-maze: 4 points x 3 seeds, one worker process a core")
    maze = fw.sweep(
        tmaze_study(), out=runs / "tmaze", launcher=Processes(), quiet=quiet
    )

    say("the best point, and a report")
    page = report([forward, maze], runs / "report.html")
    claims = (
        forward_claim(fw.results(forward, quiet=True)),
        maze_claim(fw.best(maze), fw.results(maze, quiet=True), MAZE_LEN),
    )
    return Demonstration(claims, page)


def tmaze_study() -> fw.Study:
    """Learning rate x lambda x seeds."""
    return fw.Study(
        name="tmaze",
        base=fw.Parameters(
            fw.worlds.LastAction(fw.worlds.TMaze(length=MAZE_LEN)),
            fw.learners.PPO(network=fw.networks.GRU(hidden_size=32)),
            total_steps=200_000,
            seed=2024,
        ),
        over={"learning_rate": [2.5e-3, 2.5e-4], "lambda0": [0.7, 0.95]},
        seeds=3,
    )


def forward_claim(results: Any) -> Claim:
    """Whether every seed's held-out error is below both baselines from horizon 4 on."""
    ahead = np.asarray(results["horizon"].values)
    far = ahead >= FIRST_HORIZON
    named = {
        "mse": "prediction",
        "copy_last_mse": "copy last",
        "mean_frame_mse": "mean frame",
    }
    errors = {
        name: results[f"test_{name}_by_horizon"].isel(point=0).values for name in named
    }
    floor = np.minimum(errors["copy_last_mse"], errors["mean_frame_mse"])
    # NaN compares as false, so a seed that failed does not hold.
    holds = (errors["mse"] < floor)[:, far].all(axis=1)
    shown = [h for h in (1, 4, 8, 16, int(ahead[-1])) if h in ahead]
    lines = ["frames ahead       " + "".join(f"{h:>9}" for h in shown)]
    for name, words in named.items():
        mean = errors[name].mean(axis=0)
        cells = "".join(f"{mean[ahead == h][0]:>9.4f}" for h in shown)
        lines.append(f"{words:<19}{cells}")
    text = (
        f"the prediction's error is below both baselines at every horizon >= "
        f"{FIRST_HORIZON}: {int(holds.sum())} of {len(holds)} seeds"
    )
    return Claim(text, bool(holds.all()), tuple(lines))


def maze_claim(winner: Best, results: Any, length: int) -> Claim:
    """Whether the best point remembers the cue: no policy without memory gets there.

    Parameters
    ----------
    winner
        The best point, chosen by its training curve.
    results
        Its held-out evaluations are what counts: true means over finished episodes.
    length
        Length of the maze: a policy without memory gets at most
        ``(4 - 0.1) / 2 * 0.99^(length + 1)``.
    """
    values = results["test_discounted_return"].values[winner.point]
    bound = 1.95 * 0.99 ** (length + 1)
    mean = float(np.mean(values))
    named = ", ".join(f"{k} {v}" for k, v in winner.fields.items())
    seeds = ", ".join(f"{value:.3f}" for value in values)
    lines = (
        f"best point: {named}",
        f"discounted return {mean:.3f} (seeds: {seeds})",
        f"without memory at most {bound:.3f}, at best {4 * 0.99 ** (length + 1):.3f}",
    )
    text = "the best T-maze point beats every policy without memory"
    return Claim(text, mean > bound, lines)

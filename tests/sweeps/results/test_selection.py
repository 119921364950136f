"""Choosing the best point, and the uncertainty of means."""

import json

import numpy as np
import pytest
import xarray

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.sweeps.results.selection import (
    best,
    best_by_world,
    first_largest,
    measured,
)
from foreworld.sweeps.results.statistics import bootstrap, student
from foreworld.sweeps.run.sweep import sweep
from foreworld.testing.probes import ProbeLearner, ProbeWorld


def results(curves, failed=None, finished=None, val=None):
    """A study whose points have these curves; ``(point, seed, step)``."""
    curves = np.asarray(curves, np.float32)
    num_points, seeds, steps = curves.shape
    flags = np.zeros((num_points, seeds), bool)
    data = {
        "score": (("point", "seed", "step"), curves),
        "test_score": (("point", "seed"), curves[:, :, -1]),
        "vector": (("point", "seed", "step", "horizon"), curves[..., None]),
    }
    if val is not None:
        data["val_other"] = (("point", "seed", "val_step"), np.asarray(val))
    coords = {
        "point": np.arange(num_points),
        "learning_rate": ("point", np.linspace(0.1, 1, num_points)),
        "failed": (("point", "seed"), flags if failed is None else failed),
        "finished": (("point", "seed"), ~flags if finished is None else finished),
        "step": np.arange(steps) * 10,
    }
    return xarray.Dataset(data, coords, {"score": "score"})


def constant(*means):
    return np.broadcast_to(
        np.asarray(means, float)[:, None, None], (len(means), 2, 20)
    ).copy()


@pytest.mark.fact("experiments", 4)
def test_fact_4_row_of_largest_mean_first_of_ties_nan_skipped():
    assert first_largest(np.asarray([1.888, 1.015, 1.714, 0.451])) == 0
    assert first_largest(np.asarray([2.0, 2.0, 1.0])) == 0
    assert first_largest(np.asarray([np.nan, 1.0, 2.0])) == 2
    assert first_largest(np.asarray([np.nan])) is None
    assert best(results(constant(1.888, 1.015, 1.714, 0.451))).point == 0
    assert best(results(constant(2, 2, 1))).point == 0
    curves = constant(9, 1, 2)
    curves[0, 1, 5:] = np.nan
    found = best(results(curves, failed=np.asarray([[0, 1], [0, 0], [0, 0]], bool)))
    assert found.point == 2
    assert found.skipped == ("point 0: 1 run failed",)


@pytest.mark.fact("experiments", 5)
def test_fact_5_student_intervals():
    low, high = student(np.arange(1.0, 6.0))
    assert (high - low) / 2 == pytest.approx(1.9632431614775572, abs=1e-12)
    assert (high + low) / 2 == pytest.approx(3, abs=1e-12)
    low, high = student(np.asarray([3.5, 3.4, 3.6]))
    assert (high - low) / 2 == pytest.approx(0.24841377, abs=1e-8)
    assert np.isnan(student(np.ones(1))).all()


def test_bootstrap():
    values = np.random.default_rng(0).normal(3, 1, 200)
    low, high = bootstrap(values)
    half = 1.96 * values.std() / np.sqrt(200)
    assert low == pytest.approx(values.mean() - half, abs=0.02)
    assert high == pytest.approx(values.mean() + half, abs=0.02)
    assert bootstrap(values) == (low, high) != bootstrap(values, seed=1)
    assert bootstrap(np.full(3, 2.0)) == (2, 2)
    assert np.isnan(bootstrap(np.ones(1))).all()


def test_measures():
    ramp = np.linspace(0, 1, 20)
    curves = np.stack([np.stack([ramp, ramp]), np.full((2, 20), 0.6)])
    assert best(results(curves)).point == 1
    assert best(results(curves), "last10").point == 0
    assert best(results(curves), "last10").value == pytest.approx(ramp[-2:].mean())
    assert best(results(curves), "final").point == 0
    found = best(results(curves), "final")
    assert found.metric == "test_score" and found.seeds == (1.0, 1.0)
    assert found.fields == {"learning_rate": 0.1}
    assert best(results(curves), points=[1]).point == 1


def test_validation_curve_where_there_is_no_training_curve():
    found = best(
        results(constant(1, 2), val=[[[5.0]] * 2, [[1.0]] * 2]), metric="other"
    )
    assert (found.point, found.metric) == (0, "val_other")


def test_intervals_without_episodes_are_left_out():
    curves = constant(1, 2)
    curves[1, :, :3] = np.nan
    values, _ = measured(results(curves))
    assert values.tolist() == [[1, 1], [2, 2]]


def test_unfinished_points_are_skipped_and_named():
    finished = np.asarray([[True, False], [True, True]])
    found = best(results(constant(9, 1), finished=finished))
    assert found.point == 1
    assert str(found).splitlines()[-1] == "skipped point 0: 1 run not finished"
    with pytest.raises(ForeworldError, match="no point of the study can be chosen"):
        best(results(constant(9, 1), finished=~np.ones((2, 2), bool)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"measure": "mean"}, "measure 'mean' is not one of 'auc', 'final', 'last10'"),
        ({"metric": "scor"}, "unknown metric for 'auc': 'scor'. Did you mean 'score'"),
        ({"metric": "vector"}, "unknown metric for 'auc': 'vector'"),
        ({"points": [7]}, "point 7 is not one of 0 to 1"),
    ],
)
def test_messages(options, message):
    with pytest.raises(ConfigError, match=message):
        best(results(constant(1, 2)), **options)


def test_best_of_each_world(tmp_path, capsys):
    worlds = [ProbeWorld(), ProbeWorld(target=3.0)]
    base = fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=9))
    over = {"world": worlds, "learning_rate": [0.01, 0.2]}
    folder = sweep(fw.Study("w", base, over), out=tmp_path / "w", quiet=True).path
    found = best_by_world(folder)
    assert list(found) == ["probeworld()", "probeworld(target=3.0)"]
    assert [winner.point for winner in found.values()] == [1, 3]
    assert main(["best", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("probeworld(target=3.0): point 3 (world=probeworld(targ")
    assert main(["best", str(folder), "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)) == list(found)
    assert list(best_by_world(fw.results(folder, quiet=True).isel(point=[0]))) == [
        "probeworld()"
    ]

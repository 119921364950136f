"""The demonstration's claims follow from numbers and can fail."""

import dataclasses

import numpy as np
import pytest
import xarray as xr

from foreworld.cli import _demo
from foreworld.cli._demo import Claim, Demonstration, forward_claim, maze_claim
from foreworld.cli.main import main
from foreworld.sweeps.results.selection import Best
from foreworld.sweeps.results.statistics import Interval

AXES = ("point", "seed", "horizon")


def errors(prediction):
    """Results of two seeds; baselines 0.04 and 0.05 at every horizon."""
    shape = (1, 2, 6)
    return xr.Dataset(
        {
            "test_mse_by_horizon": (AXES, np.broadcast_to(prediction, shape)),
            "test_copy_last_mse_by_horizon": (AXES, np.full(shape, 0.04)),
            "test_mean_frame_mse_by_horizon": (AXES, np.full(shape, 0.05)),
        },
        coords={"horizon": np.arange(1, 7)},
    )


def test_forward_claim_holds_from_horizon_4_on():
    claim = forward_claim(errors([0.1, 0.1, 0.1, 0.03, 0.03, 0.03]))
    assert claim.holds
    assert "2 of 2 seeds" in claim.text
    assert claim.lines[1].split() == ["prediction", "0.1000", "0.0300", "0.0300"]


@pytest.mark.parametrize("bad", [0.045, 0.06, float("nan")])
def test_forward_claim_fails_for_one_horizon_of_one_seed(bad):
    prediction = np.full((1, 2, 6), 0.01)
    prediction[0, 1, 5] = bad
    claim = forward_claim(errors(prediction))
    assert not claim.holds
    assert "1 of 2 seeds" in claim.text


def winner(point):
    none = Interval(float("nan"), float("nan"))
    fields = {"learning_rate": 0.0025, "lambda0": 0.7}
    rule = ("auc", "discounted_return")
    return Best(point, fields, 3.0, none, none, (3.0,), *rule, ())


def test_maze_claim_compares_with_the_best_policy_without_memory():
    returns = np.asarray([[9.0, 9.0], [1.7, 1.8]])
    results = xr.Dataset({"test_discounted_return": (("point", "seed"), returns)})
    # 1.95 * 0.99^11 = 1.746: the mean of the winner, 1.75, is just above.
    claim = maze_claim(winner(1), results, 10)
    assert claim.holds
    assert "without memory at most 1.746, at best 3.581" in claim.lines[1:]
    assert claim.lines[0] == "best point: learning_rate 0.0025, lambda0 0.7"
    assert not maze_claim(winner(1), results - 0.01, 10).holds
    assert not maze_claim(winner(1), results * np.nan, 10).holds


def test_exit_code_says_whether_all_claims_hold(monkeypatch, tmp_path, capsys):
    good = Claim("one", True, ("a",))
    for claims, code in (((good,), 0), ((good, Claim("two", False, ())), 1)):
        done = Demonstration(claims, tmp_path / "report.html")
        monkeypatch.setattr(_demo, "run_demo", lambda quiet, done=done: done)
        assert main(["demo"]) == code
    out = capsys.readouterr().out
    assert "[holds] one\n    a\n" in out
    assert "[FAILS] two\n" in out
    assert f"report: {tmp_path / 'report.html'}" in out


def test_the_study_of_the_demo_is_what_it_says():
    study = _demo.tmaze_study()
    assert len(study.points()) == 4
    assert study.seeds == 3
    assert dataclasses.is_dataclass(study.base.learner)
    assert study.base.get("world.world.length") == _demo.MAZE_LEN

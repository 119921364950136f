"""One definition of failed: what `sweep`, `status`, `results` and `best` say of it."""

import numpy as np
import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.core.registry import address
from foreworld.learners import PPO
from foreworld.learners.metrics import Mean
from foreworld.sweeps.results.failures import account, failures
from foreworld.testing.probes import ProbeLearner, ProbeWorld
from foreworld.train.history import HEALTHY, new_history

LEARNER, WORLD = address(ProbeLearner), address(ProbeWorld)


def test_runs_that_all_turn_nan_end_with_words_and_exit_1(capsys):
    """The case `nan_runs_end_well`."""
    words = ["train", LEARNER, "--on", WORLD, "--broken-from", "0.3", "--seeds", "2"]
    words += ["--num-updates", "10", "--track", "off", "--out", "r"]
    for again in (False, True):
        assert main(words) == 1
        last = capsys.readouterr().err.splitlines()[-4:]
        assert last[0] == "2 of 2 runs failed:", again
        assert last[1] == "  point 0 seed 0: nan at segment 3"
        assert last[3].startswith(
            "The same command gives the same again. Try other values (learning_rate="
            "0.1 now), and see that the world's or the data's rewards"
        )
    assert main(["status", "r"]) == 1
    shown = capsys.readouterr().out
    assert "2 runs planned: 0 done, 0 running, 2 failed, 0 waiting" in shown
    assert "    failed: point 0 seed 1: nan at segment 3\n" in shown
    table = fw.results("r", write=False)
    assert "2 of 2 runs failed: point 0 seed 0, point 0 seed 1" in (
        capsys.readouterr().err
    )
    found = fw.load("r").failures
    assert set(found) == {tuple(run) for run in np.argwhere(table["failed"].values)}
    with pytest.raises(ForeworldError) as error:
        fw.best("r")
    assert str(error.value) == (
        "no point of the study can be chosen: point 0: 2 runs failed. 'foreworld "
        "status' says of failed runs why, and what helps."
    )


def test_an_error_is_a_failure_as_well(tmp_path):
    study = fw.Study("s", fw.Parameters(ProbeWorld(), ProbeLearner()), seeds=2)
    found = fw.sweep(study, out=tmp_path / "s", quiet=True)
    place = found.path / "chunks" / "000"
    for folder in (found.path, place):
        (folder / "manifest.json").unlink()
    (place / "error.txt").write_text("MemoryError: full\n\nTraceback\n")
    assert failures(found.path, found.plan) == {
        (0, 0): "MemoryError: full",
        (0, 1): "MemoryError: full",
    }
    assert fw.load(found.path).status()["runs"]["failed"] == 2
    assert fw.results(found.path, write=False, quiet=True)["failed"].values.all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_measured_must_be_finite_too(bad):
    train = {"score": Mean(np.float32([[1.0], [bad]]), np.float32([[1.0], [1.0]]))}
    nothing = {"score": Mean(np.float32([0.0, 0.0]), np.float32([0.0, 0.0]))}
    whole = np.zeros(2, bool)
    history = new_history(2).after_segment(0, train, nothing, whole)
    assert history.failed.tolist() == [HEALTHY, 0]
    good = {"score": Mean(np.ones((2, 1), np.float32), np.ones((2, 1), np.float32))}
    history = new_history(2).after_segment(0, good, nothing, whole)
    assert history.failed.tolist() == [HEALTHY, HEALTHY], "nothing counted is no fault"
    test = {"score": Mean(np.float32([bad, 1.0]), np.float32([1.0, 1.0]))}
    history = history.after_test(test)
    assert history.failed.tolist() == [0, HEALTHY]
    assert history.failed.dtype == np.int32


def test_many_failures_are_counted():
    runs = {(point, 0): "nan at segment 0" for point in range(30)}
    base = fw.Parameters(ProbeWorld(), ProbeLearner())
    rates = [round(0.1 + point / 100, 2) for point in range(40)]
    study = fw.Study("rates", base, {"learning_rate": rates})
    said = account(runs, 40, study).splitlines()
    assert said[0] == "30 of 40 runs failed:"
    assert len(said) == 13 and said[-2] == "  and 20 more"
    # Of the first that failed, and not of the base.
    del runs[0, 0], runs[1, 0]
    assert "(learning_rate=0.12 at point 2)" in account(runs, 40, study)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PPO(learning_rate=1e39), "PPO.learning_rate=1e.39 is infinite in flo"),
        (lambda: PPO(learning_rate=1e-60), "rate=1e-60 may be 0 in float32, in which"),
        (
            lambda: ProbeLearner(momentum=0.99999999999),
            "is 1 in float32, in which programs compute, and must be below 1",
        ),
    ],
)
def test_numbers_that_are_others_in_float32_are_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


def test_an_evaluation_in_which_no_episode_can_end(capsys):
    """The case `eval_steps_too_few`."""
    words = ["train", "ppo", "--on", "tmaze", "--world.length", "3", "--out", "r"]
    sizes = {
        "eval-num-steps": 2,
        "network.hidden-size": 2,
        "num-steps": 8,
        "total-steps": 64,
    }
    for name, value in sizes.items():
        words += [f"--{name}", str(value)]
    said = (
        "No episode ended in an evaluation, so nothing was counted: eval_num_steps=2 "
        "is shorter than every episode. Give more steps, or 0 for the world's own "
        "limit; longer training does not help."
    )
    assert main([*words, "--track", "off", "--quiet"]) == 0
    assert capsys.readouterr().err.splitlines() == [said]
    fw.results("r", write=False)
    assert said in capsys.readouterr().err
    with pytest.raises(ForeworldError) as error:
        fw.best("r", "final")
    assert str(error.value).endswith(f"point 0: nothing was counted. {said}")

"""Verbs that take a run up again: rerun and diff."""

import json

import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.errors import ConfigError
from foreworld.sweeps.study.change import changed
from foreworld.testing.probes import ProbeLearner, ProbeWorld

QUIET = ["--quiet", "--track", "off"]


def study(**fields):
    base = fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=7), seed=5)
    over = {"learning_rate": [0.1, 0.2], "noise": [0.0, 0.1]}
    return fw.Study("probe", base, **{"over": over, **fields})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    base = fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=7))
    out = tmp_path_factory.mktemp("runs") / "one"
    return fw.run_experiment(base, seeds=2, out=out, quiet=True).path


def test_changed_studies():
    rules = [{"learning_rate": 0.1, "noise": [0.0]}, {"noise": 0.1}]
    fixed = changed(study(exclude=rules), {"noise": 0.0}, seeds=4, seed=6)
    assert list(fixed.over) == ["learning_rate"]
    assert (fixed.base.learner.noise, fixed.seeds, fixed.base.seed) == (0.0, 4, 6)
    # The first rule still says something; the second cannot match any more.
    assert [p.fields for p in fixed.points()] == [{"learning_rate": 0.2}]
    other = changed(study(exclude=rules), {"learner.noise": 0.5, "world.target": 2})
    assert len(other.points()) == 2 and other.base.world.target == 2.0
    assert changed(study(), {}) == study()
    with pytest.raises(ConfigError, match="unknown field of ProbeLearner 'nois'"):
        changed(study(), {"nois": 1})


def test_rerun_with_changes(run, own_folder, capsys):
    words = ["rerun", str(run), "--world.target", "2", "--noise", "0.2", "--seed", "9"]
    assert main([*words, "--track", "off"]) == 0
    again = fw.load(capsys.readouterr().out.strip())
    assert again.path.parent == own_folder / "runs"
    old = fw.load(run).study
    assert again.study == changed(old, {"world.target": 2.0, "noise": 0.2}, seed=9)
    assert again.study.seeds == 2 and again.finished


def test_rerun_the_same_elsewhere_gives_the_same_bytes(run, tmp_path, capsys):
    assert main(["rerun", str(run), "--out", str(tmp_path / "b"), *QUIET]) == 0
    assert main(["diff", str(run), str(tmp_path / "b")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("the configuration is the same\n")
    assert out.endswith("the contents are the same bytes\n")


def test_rerun_of_nothing_new(run, capsys):
    assert main(["rerun", str(run), "--out", str(run), *QUIET]) == 2
    assert capsys.readouterr().err == (
        f"foreworld: nothing would change: {run} is this run already. Give a field, "
        f"--seed or --seeds, or another folder with --out.\n"
    )
    assert main(["rerun", str(run), "--nois", "1"]) == 2
    assert "Did you mean 'noise'?" in capsys.readouterr().err


def test_rerun_help_shows_the_runs_values(run, capsys):
    assert main(["rerun", str(run), "-h"]) == 0
    assert "(default: 7)" in " ".join(capsys.readouterr().out.split())


def test_diff(run, tmp_path, capsys):
    other = tmp_path / "other"
    words = ["--world.target", "3", "--seeds", "3", "--out", str(other), *QUIET]
    assert main(["rerun", str(run), *words]) == 0
    assert main(["diff", str(run), str(other)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["base.world.target: 1.0 -> 3.0", "seeds: 2 -> 3"]
    a, b = fw.best(run), fw.best(other)
    low, high = a.student
    first = (
        f"auc of val_nearness, best point: {a.value:.4g} [{low:.4g}, {high:.4g}] -> "
    )
    assert lines[2].startswith(first)
    assert lines[2].endswith(f"({b.value - a.value:+.4g})")
    assert lines[3].startswith("final of test_nearness, best point: ")
    assert lines[4:] == ["the contents are not the same bytes"]
    assert main(["diff", str(run), str(other), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["fields"] == {"base.world.target": [1.0, 3.0], "seeds": [2, 3]}
    assert found["outcomes"][0]["a"] == pytest.approx(a.value)
    assert found["same_bytes"] is False


def test_diff_of_data_sets_and_of_different_kinds(run, capsys):
    for seed in (0, 1):
        fw.generate("pendulum", f"data/{seed}", train=2, seed=seed, quiet=True)
    assert main(["diff", "data/0", "data/1"]) == 0
    assert capsys.readouterr().out == (
        "seed: 0 -> 1\nthe contents are not the same bytes\n"
    )
    assert main(["diff", str(run), "data/1"]) == 2
    assert capsys.readouterr().err == (
        f"foreworld: {run} is a study and data/1 is a data set: two studies or two "
        f"data sets can be compared.\n"
    )

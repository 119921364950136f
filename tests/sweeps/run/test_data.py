"""Experiments on data sets, and trackers of studies."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from contracts.small import small

import foreworld as fw
from foreworld.core.disk.folder import manifest
from foreworld.core.errors import ConfigError, FitError, ForeworldError
from foreworld.sweeps.plan.plan import make_plan
from foreworld.sweeps.run.sweep import run_experiment, sweep
from foreworld.testing.probes import ProbeLearner, ProbeWorld
from foreworld.track.base import AbstractTrace, AbstractTracker

SIZES = {"train": 6, "val": 2, "test": 2}


@pytest.fixture(scope="module")
def pendulum(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "pendulum"
    fw.generate("pendulum", folder, num_frames=6, quiet=True, **SIZES)
    return folder


def learner():
    return small("rnn_deconvolve").replace(num_updates=2)


def test_experiment_on_a_data_set(pendulum, tmp_path):
    params = fw.Parameters(None, learner(), pendulum)
    assert params.name == "pendulum_rnn_deconvolve"
    assert fw.Parameters.from_json(params.to_json()) == params
    found = run_experiment(params, seeds=2, out=tmp_path / "r", quiet=True)
    table = found.results
    assert np.isfinite(table[f"test_{params.learner.score}"]).all()
    assert table.sizes["horizon"] == 3
    with pytest.raises(FitError):
        _ = found.policy
    assert fw.check(tmp_path / "r") == []


def test_planning_loads_no_data(pendulum, monkeypatch):
    monkeypatch.delattr("foreworld.data.reading.split._device")
    study = fw.Study("s", fw.Parameters(None, learner(), pendulum), seeds=2)
    assert make_plan(study).num_runs == 2


def test_a_moved_data_set_is_the_same_study(pendulum, tmp_path):
    shutil.copytree(pendulum, tmp_path / "elsewhere")
    names = {
        fw.Study("s", fw.Parameters(None, learner(), path)).folder_name
        for path in (pendulum, tmp_path / "elsewhere")
    }
    assert len(names) == 1


def test_another_data_set_in_the_folder_is_refused(tmp_path):
    folder = tmp_path / "d"
    fw.generate("pendulum", folder, num_frames=6, quiet=True, **SIZES)
    study = fw.Study("s", fw.Parameters(None, learner(), folder))
    fw.generate("pendulum", folder, num_frames=7, quiet=True, force=True, **SIZES)
    with pytest.raises(ConfigError, match="holds another data set than this experime"):
        make_plan(study)


def test_missing_data_set_is_named(tmp_path):
    with pytest.raises(ForeworldError, match="nothing"):
        fw.Parameters(None, learner(), tmp_path / "nothing")


class Notes(AbstractTracker):
    """Appends to a file what it is told."""

    path: str

    def start(self, project, run, config, resumed):
        """Open a run."""
        return Note(self.path, project, run)


class Note(AbstractTrace):
    def __init__(self, path, project, run):
        self.path, self.name = path, f"{project}/{run}"

    def log(self, steps, metrics):
        with Path(self.path).open("a") as file:
            for name, curve in metrics.items():
                for step, value in zip(steps, curve, strict=True):
                    file.write(f"{self.name} {name} {step} {value}\n")

    def finish(self):
        with Path(self.path).open("a") as file:
            file.write(f"{self.name} finished\n")


def test_tracker_sees_every_point(tmp_path):
    base = fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=23))
    tracker = Notes(path=str(tmp_path / "notes.txt"))
    found = sweep(
        fw.Study("p", base, seeds=2), out=tmp_path / "s", tracker=tracker, quiet=True
    )
    lines = (tmp_path / "notes.txt").read_text().splitlines()
    loss = [line.split() for line in lines if line.startswith("p/s-p0-s1 loss")]
    assert [int(line[2]) for line in loss] == found.results["step"].values.tolist()
    expected = found.results["loss"].values[0, 1]
    np.testing.assert_allclose([float(line[3]) for line in loss], expected)
    assert sum("val_nearness" in line for line in lines) == 2 * 8
    assert not any("by_horizon" in line for line in lines)
    assert sum(line.endswith("finished") for line in lines) == 2
    assert "tracker.json" not in manifest(found.path)["files"]

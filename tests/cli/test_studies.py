"""Verbs on studies and runs: train, sweep, status, results, best, jobs, report."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
import xarray

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.disk.folder import write_bytes
from foreworld.core.registry import address
from foreworld.learners.forward.rnn_deconvolve import RNNDeconvolve
from foreworld.testing.probes import ProbeLearner, ProbeWorld

LEARNER, WORLD = address(ProbeLearner), address(ProbeWorld)
STUDY = '''
"""A study of the probe."""
import foreworld as fw
from foreworld.learners.forward.rnn_deconvolve import RNNDeconvolve
from foreworld.testing.probes import ProbeLearner, ProbeWorld

study = fw.Study(
    "probe",
    fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=23)),
    over={"learning_rate": [0.1, 0.2], "broken_from": [2.0, 0.5]},
    exclude=[{"learning_rate": 0.2, "broken_from": 0.5}],
    seeds=2,
)
'''
QUIET = ["--quiet", "--track", "off"]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("studies") / "probe.py"
    path.write_text(STUDY)
    return path


@pytest.fixture(scope="module")
def folder(file, tmp_path_factory):
    """A finished study of three points, one of which turns NaN."""
    out = tmp_path_factory.mktemp("runs") / "probe"
    words = ["sweep", str(file), "--out", str(out), "--width", "4", *QUIET]
    assert main(words) == 1, "one point turns NaN"
    return out


def test_dry_run_says_what_would_run_and_writes_nothing(file, capsys, own_folder):
    assert main(["sweep", str(file), "--dry-run", "--width", "4"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("probe: 1 group, 6 runs, 2 chunks on 1 worker (cpu)")
    assert f"would go to {own_folder}/runs/probe-" in out
    assert "nothing was run" in out
    assert not (own_folder / "runs").exists()


def test_dry_run_of_what_is_planned_prints_that_plan(file, folder, capsys):
    assert main(["sweep", str(file), "--dry-run", "--out", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "2 chunks" in out
    assert f"planned already in {folder}" in out


def test_a_study_by_its_name_under_studies(capsys):
    Path("studies/deep").mkdir(parents=True)
    Path("studies/deep/probe.py").write_text(STUDY)
    for name in ("deep/probe", "probe"):
        assert main(["sweep", name, "--dry-run"]) == 0
        assert "6 runs" in capsys.readouterr().out
    assert main(["sweep", "prob", "--dry-run"]) == 2
    assert "unknown study 'prob'. Did you mean 'deep/probe'?" in capsys.readouterr().err


def test_a_sweep_that_is_done_runs_nothing_again(file, folder):
    before = (folder / "manifest.json").stat().st_mtime_ns
    assert main(["sweep", str(file), "--out", str(folder), *QUIET]) == 1
    assert (folder / "manifest.json").stat().st_mtime_ns == before


def test_status(folder, capsys):
    assert main(["status", str(folder)]) == 1
    out = capsys.readouterr().out
    assert "6 runs planned: 4 done, 0 running, 2 failed, 0 waiting" in out
    assert "    failed: point 1 seed 1: nan at segment 4\n" in out
    assert "The same command gives the same again. Try other values (learning_" in out
    assert main(["status", str(folder), "--json"]) == 1
    facts = json.loads(capsys.readouterr().out)
    assert facts["runs"]["done"] == 4
    assert facts["seconds_left"] == 0.0


def test_status_names_the_reason_of_a_failure(file, tmp_path, capsys):
    out = tmp_path / "probe"
    words = ["sweep", str(file), "--out", str(out), "--width", "4", "--chunk", "0"]
    assert main([*words, *QUIET]) == 1
    write_bytes(
        out / "chunks" / "001" / "error.txt", b"MemoryError: full\n\nTraceback\n"
    )
    assert main(["status", str(out)]) == 1
    shown = capsys.readouterr().out
    assert "6 runs planned: 2 done, 0 running, 4 failed, 0 waiting" in shown
    assert "chunk 1: 2 runs, failed, 0 of 23 updates: MemoryError: full" in shown


def test_a_study_that_was_not_started(file, capsys):
    assert main(["status", str(file)]) == 2
    assert "has not been started" in capsys.readouterr().err


def test_a_folder_that_holds_something_else(tmp_path, capsys):
    (tmp_path / "config.json").write_text('{"kind": "data set"}')
    for verb in ("status", "results", "best", "report"):
        assert main([verb, str(tmp_path)]) == 2
        assert f"{tmp_path} is no study but a data set." in capsys.readouterr().err
    assert main(["check", "no/where"]) == 2
    assert "there is no folder no/where." in capsys.readouterr().err
    assert main(["check", "nowhere"]) == 2
    assert "unknown folder or study 'nowhere'." in capsys.readouterr().err


def test_results(folder, capsys):
    assert main(["results", str(folder)]) == 0
    said = capsys.readouterr()
    assert said.out.rstrip().endswith(str(folder / "study.nc"))
    assert "2 of 6 runs failed: point 1 seed 0, point 1 seed 1" in said.err
    with xarray.open_dataset(folder / "study.nc", engine="h5netcdf") as table:
        assert table.sizes["point"] == 3


def test_best(folder, capsys):
    assert main(["best", str(folder), "--json"]) == 0
    winner = json.loads(capsys.readouterr().out)
    expected = fw.best(folder)
    assert winner["point"] == expected.point
    assert winner["value"] == pytest.approx(expected.value)
    assert main(["best", str(folder), "--measure", "final"]) == 0
    out = capsys.readouterr().out
    assert "final of test_" in out
    assert "skipped point 1: 2 runs failed" in out
    assert main(["best", str(folder), "--measure", "max"]) == 2
    assert "unknown choice for --measure: 'max'" in capsys.readouterr().err
    assert main(["best", str(folder), "--metric", "reward"]) == 2
    assert "unknown metric" in capsys.readouterr().err


def test_the_best_again_on_fresh_seeds(folder, capsys, own_folder):
    again = ["best", str(folder), "--rerun", "3", "--quiet", "--json"]
    assert main(["best", str(folder), "--json"]) == 0
    chosen = json.loads(capsys.readouterr().out)
    assert main(again) == 0
    fresh = json.loads(capsys.readouterr().out)
    assert {k: fresh[k] for k in ("point", "fields", "measure", "metric")} == {
        k: chosen[k] for k in ("point", "fields", "measure", "metric")
    }
    assert len(fresh["seeds"]) == 3
    assert not set(fresh["seeds"]) & set(chosen["seeds"]), "other seeds"
    (made,) = (own_folder / "runs").iterdir()
    assert made.name.startswith(f"probe_best{chosen['point']}-")
    assert made.name.endswith("-s1")


def test_jobs_are_commands_that_work(file, tmp_path, capsys):
    out = tmp_path / "probe"
    assert main(["jobs", str(file), "--out", str(out), "--width", "4"]) == 0
    commands = capsys.readouterr().out.splitlines()
    assert len(commands) == 2
    codes = []
    for command in commands:
        name, *words = shlex.split(command)
        assert name == "foreworld"
        codes.append(main([*words, *QUIET]))
    assert codes == [1, 0], "by the failed runs of its own chunk"
    assert fw.check(out) == []


def test_report(folder, tmp_path, capsys):
    page = tmp_path / "page.html"
    assert main(["report", str(folder), "--out", str(page)]) == 0
    assert capsys.readouterr().out.strip() == str(page)
    text = page.read_text()
    assert "probelearner on probeworld: 3 points x 2 seeds" in text
    assert "2 of 6 runs failed: point 1 seed 0, point 1 seed 1" in text
    best = fw.best(folder)
    assert f"<b>{best.value:.4g}</b>" in text
    assert "learning rate" in text


def test_preview_of_a_study(folder, capsys):
    assert main(["preview", str(folder), "--out", "pictures"]) == 0
    assert capsys.readouterr().out.split() == ["pictures/probe.png"]
    assert Path("pictures/probe.png").stat().st_size > 1000


def test_check(folder, capsys):
    assert main(["check", str(folder)]) == 0
    assert "complete and unaltered" in capsys.readouterr().out
    assert main(["check", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {str(folder): []}


def test_check_names_what_was_altered(file, tmp_path, capsys):
    out = tmp_path / "probe"
    assert main(["sweep", str(file), "--out", str(out), *QUIET]) == 1
    broken = next(out.rglob("metrics.safetensors"))
    data = bytearray(broken.read_bytes())
    data[-1] ^= 1
    broken.write_bytes(data)
    assert main(["check", str(out)]) == 1
    assert str(broken) in capsys.readouterr().out


def test_train_takes_fields_in_any_order(capsys, own_folder):
    words = ["train", "--num-updates", "7", "--world.target", "3", LEARNER]
    words += ["--on", WORLD, "--seeds", "2", "--learner.momentum", "0.5"]
    assert main([*words, "--out", "run", "--seed", "4", "--track", "off"]) == 0
    study = fw.load("run").study
    assert study.base.learner == ProbeLearner(num_updates=7, momentum=0.5)
    assert study.base.world == ProbeWorld(target=3.0)
    assert (study.base.seed, study.seeds) == (4, 2)
    assert np.isfinite(fw.best("run").value)


def test_train_logs_to_the_tracker():
    words = ["train", LEARNER, "--on", WORLD, "--num-updates", "7", "--out", "run"]
    assert main([*words, "--quiet"]) == 0
    from trackio.sqlite_storage import SQLiteStorage

    project = fw.load("run").study.name
    (run,) = SQLiteStorage.get_runs(project)
    assert len(SQLiteStorage.get_logs(project, run)) >= 7


def test_train_refusals(capsys):
    base = ["train", LEARNER, "--on", WORLD]
    assert main(["train", LEARNER]) == 2
    assert "the following arguments are required: --on" in capsys.readouterr().err
    assert main([*base, "--world.targt", "3"]) == 2
    assert "Did you mean 'world.target' or" in capsys.readouterr().err
    assert main([*base, "--momentum", "1"]) == 2
    assert "ProbeLearner.momentum=1.0 must be at least 0 and below 1." in (
        capsys.readouterr().err
    )
    assert main([*base, "--track", "trackoi"]) == 2
    assert "unknown tracker 'trackoi'" in capsys.readouterr().err
    assert main([*base, "--launch", "proceses"]) == 2
    assert "unknown launcher 'proceses'" in capsys.readouterr().err
    assert main([*base, "--seeds", "0"]) == 2
    assert "seeds=0 must be at least 1" in capsys.readouterr().err


def test_help_of_a_wrapper_with_a_field_called_as_its_place(capsys):
    words = ["train", "ppo", "--on", "last_action", "-h"]
    assert main(words) == 0
    assert main([*words[:-1], "--world.world", "tmaze", "-h"]) == 0
    assert "--world.world.length" in capsys.readouterr().out


def test_train_help_shows_the_fields_of_both(capsys):
    assert main(["train", "ppo", "--on", "tmaze", "-h"]) == 0
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "--learning-rate FLOAT step size of Adam (at least 0; traced)" in text
    assert "--world.length INT" in text
    assert "--seeds N" in text


def test_presets(capsys):
    words = ["train", "rnn_deconvolve", "--on", "pendulum"]
    assert main([*words, "--preset", "small", "-h"]) == 0
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    updates = RNNDeconvolve.preset("small").num_updates
    assert f"updates in a run (at least 1; static) (default: {updates})" in text
    assert main([*words, "--preset", "smal"]) == 2
    assert "unknown preset of RNNDeconvolve 'smal'. Did you mean 'small'?" in (
        capsys.readouterr().err
    )


def test_the_studies_of_the_project_can_be_planned(capsys):
    root = Path(__file__).parents[2] / "studies"
    files = sorted(root.rglob("*.py"))
    assert files
    for path in files:
        assert main(["sweep", str(path), "--dry-run"]) == 0
        assert "nothing was run" in capsys.readouterr().out

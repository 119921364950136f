"""Running studies: folders, launchers, failures, results, loading, checks."""

import errno
import json

import jax
import numpy as np
import pytest
import xarray

import foreworld as fw
from foreworld.core.disk.folder import read_json
from foreworld.core.errors import (
    ConfigError,
    DamagedError,
    FitError,
    ForeworldError,
    OccupiedError,
)
from foreworld.launch.here import Here
from foreworld.sweeps.plan.plan import make_plan
from foreworld.sweeps.run.jobs import job_list
from foreworld.sweeps.run.sweep import run_experiment, sweep
from foreworld.sweeps.run.work import why_failed, work
from foreworld.testing.faults import failing
from foreworld.testing.probes import ProbeLearner, ProbeWorld, SlowProbeLearner

BRANCHY = """
from foreworld.testing.probes import ProbeLearner

class Branchy(ProbeLearner):
    def update(self, state, source, key, progress):
        if progress > 0.5:
            return state, {}
        return super().update(state, source, key, progress)
"""
OVER = {"learning_rate": [0.1, 0.2], "hidden_size": [2, 3]}


def study(**fields):
    base = fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=23))
    return fw.Study("probe", base, **{"over": OVER, "seeds": 3, **fields})


def sealed(folder):
    """All bytes of a study that its seal covers, and the seal."""
    names = [*read_json(folder / "manifest.json")["files"], "manifest.json"]
    return {name: (folder / name).read_bytes() for name in names}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A finished study: 4 points, 3 seeds, chunks of 4."""
    return sweep(study(), out=tmp_path_factory.mktemp("s") / "s", width=4, quiet=True)


def test_folder_explains_itself(done, own_folder):
    config = read_json(done.path / "config.json")
    assert config["kind"] == "study" and config["seed"] == 0
    assert set(config["versions"]) > {"foreworld", "jax", "equinox"}
    assert config["settings"]["generator"].startswith("threefry2x32")
    assert done.finished and done.study == study()
    assert fw.check(done.path) == []
    files = read_json(done.path / "manifest.json")["files"]
    assert "chunks/000/state.safetensors" in files and "plan.json" in files
    assert not [name for name in files if "journal" in name or "timing" in name]
    assert not list(done.path.rglob("checkpoint-*"))


def test_default_folder_is_found_again(own_folder):
    first = sweep(study(seeds=1), quiet=True)
    assert first.path == own_folder / "runs" / study(seeds=1).folder_name
    before = sealed(first.path)
    sweep(study(seeds=1), quiet=True)
    assert sealed(first.path) == before


@pytest.mark.fact("vmap-sweeps", 1)
def test_fact_1_two_compilations(tmp_path):
    """Two groups in chunks of 4, 4, 1: each program is made once."""
    base = fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=17))
    over = {"learning_rate": [0.1, 0.2, 0.3], "hidden_size": [6, 7]}
    found = sweep(fw.Study("p", base, over, seeds=3), out=tmp_path, width=4, quiet=True)
    timings = [
        read_json(tmp_path / chunk.folder_name / "timing.json")
        for chunk in found.plan.chunks
    ]
    assert [len(c.runs) for c in found.plan.chunks] == [4, 4, 1] * 2
    # A program is three functions here: initialise, train, evaluate.
    assert [t["programs"] for t in timings] == [3, 0, 0] * 2


def test_results_have_named_axes(done):
    table = fw.results(done, quiet=True)
    assert dict(table.sizes) == {
        "point": 4,
        "seed": 3,
        "step": 23,
        "val_step": 8,
        "horizon": 3,
    }
    assert table["learning_rate"].values.tolist() == [0.1, 0.1, 0.2, 0.2]
    assert table["hidden_size"].values.tolist() == [2, 3, 2, 3]
    assert table["step"].values[[0, -1]].tolist() == [2, 46]
    assert table["val_nearness"].dims == ("point", "seed", "val_step")
    assert table["test_square_by_horizon"].dims == ("point", "seed", "horizon")
    assert np.isnan(table["test_square_by_horizon"][0, :, 2]).all()
    assert np.isfinite(table["test_square_by_horizon"][1]).all()
    assert table["finished"].all() and not table["failed"].any()
    assert (table.attrs["score"], table.attrs["step_name"]) == ("nearness", "samples")
    with xarray.open_dataset(done.path / "study.nc") as stored:
        xarray.testing.assert_identical(stored.load(), table)


def test_runs_land_in_their_rows(done):
    table = done.results
    for point, seed in ((0, 0), (1, 2), (3, 1)):
        state = done.state(point, seed)
        squares = np.square(np.asarray(state.guess) - 1.0)
        row = table["test_square_by_horizon"].values[point, seed, : len(squares)]
        np.testing.assert_allclose(row, squares, rtol=1e-4, atol=1e-9)


def test_loading_and_policy(done):
    again = fw.load(done.path)
    winner = again.best("final")
    assert winner.point in range(4) and len(winner.seeds) == 3
    policy = again.policy
    state = again.state(again.best().point, again.best().seed)
    _, action = policy.act(None, None, jax.random.key(0))
    np.testing.assert_allclose(action, np.mean(state.guess), rtol=1e-6)
    assert "study probe" in repr(again) and "(finished)" in repr(again)
    with pytest.raises(ConfigError, match="no run with point 9, seed 0: there are poi"):
        again.state(9, 0)
    with pytest.raises(ConfigError, match="there is no folder"):
        fw.load(done.path / "nowhere")


def test_status(done):
    status = done.status()
    assert status["finished"] and status["runs"]["done"] == 12
    assert {c["state"] for c in status["chunks"]} == {"done"}
    assert {c["segments_repeated"] for c in status["chunks"]} == {0}


@pytest.mark.parametrize("launcher", [Here(), "here"])
def test_the_same_plan_gives_the_same_bytes(done, tmp_path, launcher):
    again = sweep(study(), out=tmp_path / "a", width=4, launcher=launcher, quiet=True)
    assert sealed(again.path) == sealed(done.path)


def test_chunks_by_job_list(done, tmp_path):
    folder = tmp_path / "a b"
    jobs = job_list(study(), out=folder, width=4)
    assert jobs == [f"foreworld sweep '{folder}' --chunk {i}" for i in range(4)]
    for index in (2, 0, 3):
        found = sweep(folder, chunk=index, quiet=True)
    assert not found.finished and job_list(found) == [jobs[1]]
    assert any("chunks/001 is not finished" in line for line in fw.check(folder))
    assert sweep(folder, chunk=1, quiet=True).finished
    assert sealed(folder) == sealed(done.path)
    with pytest.raises(ConfigError, match="chunk 4 is not one of 0 to 3"):
        sweep(folder, chunk=4, quiet=True)


def test_missing_runs_are_said(done, tmp_path, capsys):
    job_list(study(), out=tmp_path / "s", width=4)
    sweep(tmp_path / "s", chunk=0, quiet=True)
    table = fw.results(tmp_path / "s", write=False)
    said = capsys.readouterr().err
    assert "8 of 12 runs are not finished: point 1 seed 0" in said
    assert int(table["finished"].sum()) == 4
    assert not (tmp_path / "s" / "study.nc").exists()


def test_nan_runs_are_reported_and_skipped(tmp_path, capsys):
    over = {"broken_from": [0.3, 2.0]}
    found = sweep(study(over=over, seeds=2), out=tmp_path, quiet=True)
    table = fw.results(found)
    assert "2 of 4 runs failed: point 0 seed 0, point 0 seed 1" in (
        capsys.readouterr().err
    )
    assert table["failed"].values.tolist() == [[True, True], [False, False]]
    assert fw.best(found).point == 1
    assert fw.best(found).skipped == ("point 0: 2 runs failed",)
    info = read_json(found.path / "chunks" / "000" / "manifest.json")
    assert info["failures"][0] == "point 0 seed 0: nan at segment 2"


def test_failing_chunk_does_not_stop_the_others(tmp_path, own_folder):
    base = fw.Parameters(ProbeWorld(), SlowProbeLearner(num_updates=3))
    broken = fw.Study("s", base, {"fails": [True, False]})
    with pytest.raises(ForeworldError, match=r"1 of 2 chunks failed.*told to fail"):
        sweep(broken, out=tmp_path / "s", quiet=True)
    found = fw.load(tmp_path / "s")
    assert [c["state"] for c in found.status()["chunks"]] == ["failed", "done"]
    error = (tmp_path / "s/chunks/000/error.txt").read_text()
    assert "Traceback" in error and "told to fail" in error
    work(tmp_path / "s")
    assert found.status()["runs"]["failed"] == 1
    # The same command tries again.
    with pytest.raises(ForeworldError, match="1 of 2 chunks failed"):
        sweep(broken, out=tmp_path / "s", quiet=True)


def test_occupied_folders(done, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("mine")
    with pytest.raises(OccupiedError, match=r"notes holds other files and no study"):
        sweep(study(), out=tmp_path / "notes", quiet=True)
    with pytest.raises(OccupiedError, match="notes holds other files and no study"):
        sweep(study(), out=tmp_path / "notes", quiet=True, force=True)
    assert (tmp_path / "notes" / "a.txt").read_text() == "mine"
    with pytest.raises(OccupiedError, match=r"holds another study \(probe-"):
        sweep(study(seeds=2), out=done.path, quiet=True)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "config.json").write_text('{"kind": "data set"}')
    with pytest.raises(OccupiedError, match="data holds a data set, not this study"):
        sweep(study(), out=tmp_path / "data", quiet=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(OccupiedError, match=r"file is a file\. Choose another folder"):
        sweep(study(), out=tmp_path / "file", quiet=True)


def test_force_begins_anew(tmp_path):
    first = sweep(study(seeds=1), out=tmp_path, quiet=True)
    (tmp_path / "notes.txt").write_text("mine")
    second = sweep(study(seeds=2), out=tmp_path, quiet=True, force=True)
    assert second.study.seeds == 2
    strange = f"{tmp_path / 'notes.txt'} does not belong to this study."
    assert fw.check(tmp_path) == [strange]
    assert first.path == second.path and (tmp_path / "notes.txt").exists()


def test_nothing_is_written_for_a_study_that_cannot_run(tmp_path):
    base = fw.Parameters("tmaze", ProbeLearner())
    with pytest.raises(FitError, match="only learns in a ProbeWorld"):
        sweep(fw.Study("s", base), out=tmp_path / "s", quiet=True)
    assert not (tmp_path / "s").exists()
    with pytest.raises(ConfigError, match="workers=0 must be at least 1"):
        sweep(study(), out=tmp_path / "s", workers=0, quiet=True)


def test_run_experiment(own_folder):
    params = fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=5), seed=4)
    found = run_experiment(params, seeds=2, quiet=True)
    assert found.path.name.startswith("probeworld_probelearner-")
    assert found.path.name.endswith("-s4")
    assert found.results.sizes["seed"] == 2 and found.results.sizes["point"] == 1
    assert fw.best(found).fields == {}
    other = run_experiment(params.replace(seed=5), quiet=True)
    assert other.path != found.path


def damaged(folder, name, change):
    path = folder / name
    path.write_bytes(change(path.read_bytes()))
    return path


@pytest.mark.parametrize(
    "name",
    [
        "config.json",
        "plan.json",
        "manifest.json",
        "chunks/001/state.safetensors",
        "chunks/001/metrics.safetensors",
        "chunks/001/manifest.json",
    ],
)
def test_check_names_the_file(tmp_path, name):
    folder = sweep(study(seeds=1), out=tmp_path, width=1, quiet=True).path
    path = damaged(folder, name, lambda b: b[:100] + bytes([b[100] ^ 1]) + b[101:])
    assert any(str(path) in line for line in fw.check(folder)), fw.check(folder)


def test_check_finds_dropped_and_truncated_files(tmp_path):
    folder = sweep(study(seeds=1), out=tmp_path, width=1, quiet=True).path
    (folder / "chunks/000/state.safetensors").unlink()
    damaged(folder, "chunks/002/metrics.safetensors", lambda b: b[:-5])
    lines = fw.check(folder)
    assert any("chunks/000/state.safetensors is missing" in line for line in lines)
    assert any("chunks/002/metrics.safetensors has" in line for line in lines)
    with pytest.raises(DamagedError, match=r"chunks/002/metrics.safetensors"):
        fw.results(folder)


def test_damaged_plan_says_what_to_do(tmp_path):
    folder = sweep(study(seeds=1), out=tmp_path, quiet=True).path
    (folder / "plan.json").write_text(json.dumps({"groups": []}))
    with pytest.raises(DamagedError, match=r"plan.json\). Delete the folder or run wi"):
        sweep(study(seeds=1), out=tmp_path, quiet=True)


def test_progress_is_shown(tmp_path, capsys):
    sweep(study(seeds=1), out=tmp_path)
    said = capsys.readouterr().err
    assert "probe: 2 groups, 4 runs, 2 chunks on 1 worker (cpu)" in said
    assert "training: 184 of 184 samples (100%)" in said


def test_plan_of_a_folder_stays(tmp_path, capsys):
    sweep(study(seeds=1), out=tmp_path, width=1, quiet=True)
    sweep(study(seeds=1), out=tmp_path, width=2, quiet=True)
    assert "is planned with width 1, 1, which stays" in capsys.readouterr().err
    assert make_plan(study(seeds=1), width=1) == fw.load(tmp_path).plan


def test_seeds_can_be_swept(tmp_path):
    found = sweep(study(over={"seed": [1, 2]}, seeds=2), out=tmp_path, quiet=True)
    assert len(found.plan.groups) == 1
    table = found.results
    assert table["root_seed"].values.tolist() == [1, 2]
    assert table["seed"].values.tolist() == [0, 1]
    assert len(np.unique(table["test_nearness"].values)) == 4


def test_full_disk(tmp_path):
    """Even the reason cannot be written; still the caller learns it, and goes on."""
    folder = tmp_path / "s"
    job_list(study(), out=folder, width=4)
    full = pytest.raises(ForeworldError, match=r"the disk is full\. Free some")
    with failing(1, errno.ENOSPC, lasting=True), full:
        sweep(study(), out=folder, quiet=True)
    assert not list(folder.rglob(".*.part"))
    assert sweep(study(), out=folder, quiet=True).finished
    assert fw.check(folder) == []


def test_the_reason_of_a_failure_is_the_errors_own_line(tmp_path):
    """JAX appends a note on its tracebacks, which is not the reason."""
    (tmp_path / "branchy.py").write_text(BRANCHY)
    place = tmp_path / "s" / "chunks" / "000"
    broken = fw.Parameters(ProbeWorld(), f"{tmp_path / 'branchy.py'}:Branchy")
    with pytest.raises(ForeworldError, match="1 of 1 chunks failed"):
        run_experiment(broken, out=tmp_path / "s", width=1, quiet=True)
    reason = why_failed(place)
    file = tmp_path / "branchy.py"
    assert reason.startswith(
        f"{file}, line 6, in update: TracerBoolConversionError: Attempted boolean"
    )
    assert "For simplicity, JAX has removed" in (place / "error.txt").read_text()

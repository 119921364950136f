"""Cancelling a running study, in this process and in workers; going on afterwards."""

import threading
import time

import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.disk.folder import read_json
from foreworld.core.disk.life import at_work
from foreworld.launch.here import Here
from foreworld.launch.processes import Processes
from foreworld.sweeps.run.cancel import CancelledError, cancel
from foreworld.sweeps.run.sweep import sweep
from foreworld.testing.probes import ProbeLearner, ProbeWorld
from foreworld.train.journal import segments_done, segments_repeated

PATIENCE = 120.0


def study():
    learner = ProbeLearner(num_updates=40, work=1000)
    return fw.Study("slow", fw.Parameters(ProbeWorld(), learner), seeds=4)


def sealed(folder):
    names = [*read_json(folder / "manifest.json")["files"], "manifest.json"]
    return {name: (folder / name).read_bytes() for name in names}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Sealed bytes by launcher."""
    root = tmp_path_factory.mktemp("undisturbed")
    launchers = {"here": Here(), "processes": Processes(workers=2)}
    return {
        name: sealed(
            sweep(study(), out=root / name, width=2, launcher=one, quiet=True).path
        )
        for name, one in launchers.items()
    }


def chunks(folder):
    return [folder / "chunks" / name for name in ("000", "001")]


@pytest.mark.parametrize(
    "launcher", [Here(), Processes(workers=2)], ids=["here", "processes"]
)
def test_cancel_and_go_on(launcher, undisturbed, tmp_path, request):
    folder, said = tmp_path / "s", []

    def work():
        try:
            sweep(study(), out=folder, width=2, launcher=launcher, quiet=True)
        except CancelledError as error:
            said.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + PATIENCE
    while not any(segments_done(c) >= 1 for c in chunks(folder)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert cancel(folder, PATIENCE)
    thread.join(PATIENCE)
    assert said == [
        f"{folder} was cancelled. What is finished is kept: run the same command again "
        f"to go on from there."
    ]
    assert not (folder / "manifest.json").exists()
    states = [entry["state"] for entry in fw.load(folder).status()["chunks"]]
    assert "failed" not in states and "running" not in states
    sweep(study(), out=folder, quiet=True)
    name = request.node.callspec.id
    assert sealed(folder) == undisturbed[name]
    assert all(segments_repeated(c) <= (name == "processes") for c in chunks(folder))


def test_what_does_not_run(tmp_path, capsys):
    base = fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=3))
    folder = fw.run_experiment(base, out=tmp_path / "s", quiet=True).path
    assert not cancel(folder)
    assert main(["cancel", str(folder)]) == 0
    assert capsys.readouterr().out == f"{folder} is not running: 1 of 1 runs are done\n"


def test_patience_ends_and_a_new_start_waits(tmp_path, capsys):
    base = fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=3))
    folder = fw.run_experiment(base, out=tmp_path / "s", quiet=True).path
    with at_work(folder):
        assert main(["cancel", str(folder), "--wait", "0.1"]) == 1
        assert "has not stopped in 0.1 s" in capsys.readouterr().err
        with pytest.raises(CancelledError, match="is being cancelled and has not"):
            sweep(folder, quiet=True)
    assert sweep(folder, quiet=True).finished
    assert not (folder / ".cancel").exists()

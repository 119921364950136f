"""--force while others work: refused, and nothing of two experiments is mixed."""

import os
import shutil

import pytest

import foreworld as fw
from foreworld.core.disk import life
from foreworld.core.disk.life import ReplacedError
from foreworld.core.errors import OccupiedError
from foreworld.sweeps.run.work import work
from foreworld.testing.faults import killing
from foreworld.testing.probes import ProbeLearner, ProbeWorld
from foreworld.train import checkpoint
from tests.faults.verbs import sealed

HERE = f"process {os.getpid()} on {os.uname().nodename} is at work on it"


def settings(rate=0.1):
    return fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=3, learning_rate=rate))


def half_done(folder, rate=0.1):
    """Killed when the second checkpoint is in its place."""
    with killing(10**9) as disk:
        fw.run_experiment(settings(rate), out=folder, force=True, quiet=True)
    names = [path.name for _, path in disk.calls]
    shutil.rmtree(folder)
    with killing(names.index("checkpoint-00002.safetensors") + 3):
        fw.run_experiment(settings(rate), out=folder, quiet=True)
    assert checkpoint.checkpoints(folder / "chunks" / "000")


def test_force_is_refused_while_another_process_works(tmp_path):
    half_done(tmp_path / "s")
    with (
        life.at_work(tmp_path / "s"),
        pytest.raises(OccupiedError) as caught,
    ):
        fw.run_experiment(settings(0.2), out=tmp_path / "s", force=True, quiet=True)
    assert str(caught.value) == (
        f"{tmp_path / 's'} is not replaced: {HERE}. 'foreworld cancel "
        f"{tmp_path / 's'}' stops it."
    )
    assert checkpoint.checkpoints(tmp_path / "s" / "chunks" / "000")
    fw.run_experiment(settings(0.2), out=tmp_path / "s", force=True, quiet=True)
    fw.run_experiment(settings(0.2), out=tmp_path / "other", quiet=True)
    assert sealed(tmp_path / "s") == sealed(tmp_path / "other")
    assert not (tmp_path / "s" / ".leases").exists()


def test_checkpoints_of_an_earlier_life_do_not_count(tmp_path, capsys):
    """The same experiment begun anew, perhaps because its code was edited."""
    half_done(tmp_path / "s")
    kept = tmp_path / "kept.safetensors"
    place = tmp_path / "s" / "chunks" / "000"
    newest = checkpoint.checkpoints(place)[0]
    shutil.copy(newest, kept)
    half_done(tmp_path / "s")
    for path in checkpoint.checkpoints(place):
        path.unlink()
    shutil.copy(kept, newest)
    capsys.readouterr()
    fw.run_experiment(settings(), out=tmp_path / "s", quiet=True)
    assert "belongs to another training: its life is '" in capsys.readouterr().err


def test_a_worker_stops_where_its_folder_was_begun_anew(tmp_path, monkeypatch):
    """Deleted by hand and begun anew, while a worker of before goes on."""
    folder = tmp_path / "s"
    half_done(folder)
    save = checkpoint.save

    def first_replace(*words):
        monkeypatch.setattr(checkpoint, "save", save)
        save(*words)
        shutil.rmtree(folder)
        half_done(folder, rate=0.2)

    monkeypatch.setattr(checkpoint, "save", first_replace)
    with pytest.raises(ReplacedError, match="was replaced or deleted while this proc"):
        work(folder)
    assert not list(folder.rglob("error.txt"))
    assert not list(folder.rglob("manifest.json"))
    fw.run_experiment(settings(0.2), out=folder, quiet=True)
    fw.run_experiment(settings(0.2), out=tmp_path / "other", quiet=True)
    assert sealed(folder) == sealed(tmp_path / "other")


def test_a_study_replaced_before_its_workers_began(tmp_path, monkeypatch):
    folder = tmp_path / "s"

    def others_first(place):
        monkeypatch.undo()
        fw.run_experiment(settings(0.2), out=folder, force=True, quiet=True)

    monkeypatch.setattr("foreworld.sweeps.run.sweep.begin", others_first)
    with pytest.raises(OccupiedError, match="holds another study"):
        fw.run_experiment(settings(), out=folder, quiet=True)
    assert fw.check(folder) == []

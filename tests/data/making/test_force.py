"""--force and rm while others work, and what a complete data set is worth."""

import os
import shutil

import pytest

import foreworld as fw
from foreworld.core.disk import life
from foreworld.core.disk.life import ReplacedError
from foreworld.core.errors import DamagedError, ForeworldError, OccupiedError
from foreworld.data.making.generate import generate, work
from foreworld.data.making.shards import Shards
from foreworld.data.reading.dataset import open_dataset
from foreworld.testing.faults import flip, killing
from foreworld.testing.probes import ProbeWorld
from foreworld.workspace.removal import delete, doom
from tests.faults.verbs import leftovers, sealed

HERE = f"process {os.getpid()} on {os.uname().nodename} is at work on it"


def family():
    return ProbeWorld.family(target=fw.Uniform(0, 1))


def make(folder, seed=0, **more):
    sizes = {"train": 500, "num_frames": 2, "shard_len": 250, "seed": seed}
    return generate(family(), folder, quiet=True, **sizes, **more)


def half_done(folder, seed=0):
    """Killed when the first shard is in its place."""
    with killing(10**9) as disk:
        make(folder, seed, force=True)
    names = [path.name for _, path in disk.calls]
    shutil.rmtree(folder)
    with killing(len(names) - names[::-1].index("shard-00000.h5") + 3):
        make(folder, seed)
    assert (folder / "train" / "shard-00000.h5").exists()
    assert not (folder / "manifest.json").exists()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "d"


def test_force_is_refused_while_another_process_works(folder):
    half_done(folder)
    with life.at_work(folder), pytest.raises(OccupiedError) as caught:
        make(folder, 1, force=True)
    assert str(caught.value) == (
        f"{folder} is not replaced: {HERE}. Wait until that has ended, or stop it."
    )
    assert make(folder, 1, force=True).recipe.tasks[""].seed == 1


def test_another_set_does_not_come_between_shards_and_seal(folder, monkeypatch):
    """The moment at which two experiments were mixed: all shards are there."""
    finish, said = Shards.finish, []

    def others_first(self):
        monkeypatch.setattr(Shards, "finish", finish)
        with pytest.raises(OccupiedError) as caught:
            make(folder, 1, force=True)
        said.append(str(caught.value))
        finish(self)

    monkeypatch.setattr(Shards, "finish", others_first)
    assert make(folder).recipe.tasks[""].seed == 0
    assert HERE in said[0]
    assert fw.check(folder) == []


def test_a_worker_stops_where_its_folder_was_begun_anew(folder, tmp_path, monkeypatch):
    half_done(folder)
    make_task = Shards._make_task

    def first_replace(self, task):
        monkeypatch.setattr(Shards, "_make_task", make_task)
        shutil.rmtree(folder)
        half_done(folder, 1)
        make_task(self, task)

    monkeypatch.setattr(Shards, "_make_task", first_replace)
    with pytest.raises(ReplacedError, match="was replaced or deleted while this proc"):
        work(folder)
    make(folder, 1)
    make(tmp_path / "other", 1)
    assert sealed(folder) == sealed(tmp_path / "other")


def test_a_shard_of_another_seed_is_not_sealed(folder, tmp_path):
    half_done(folder)
    make(tmp_path / "other", 1)
    name = "train/shard-00000.h5"
    shutil.copy(tmp_path / "other" / name, folder / name)
    with pytest.raises(
        DamagedError, match="does not belong there: its identity is"
    ) as e:
        make(folder)
    assert "Delete it and run the same command again: it is made anew." in str(e.value)
    (folder / name).unlink()
    make(folder)
    make(tmp_path / "same")
    assert sealed(folder) == sealed(tmp_path / "same")


def test_what_is_said_to_be_complete_was_looked_at(folder, capsys):
    make(folder)
    before, shard = sealed(folder), folder / "train" / "shard-00001.h5"
    flip(shard, shard.stat().st_size // 2, 3)
    make(folder)
    assert capsys.readouterr().err == (
        f"{shard} was altered: its checksum does not match. It is made anew.\n"
    )
    assert sealed(folder) == before and leftovers(folder) == []
    make(folder)
    assert capsys.readouterr().err == ""


def test_what_is_under_way_is_not_deleted(folder):
    half_done(folder)
    doomed = doom(folder)
    with life.at_work(folder):
        for remove in (lambda: doom(folder), lambda: delete(doomed)):
            with pytest.raises(ForeworldError) as caught:
                remove()
            assert f"{folder} is not deleted: {HERE}. Wait until" in str(caught.value)
    delete(doomed)
    assert not folder.exists()


def test_a_folder_left_by_a_deleted_one_is_taken_up(folder):
    make(folder)
    before = sealed(folder)
    with killing(10**9) as disk:
        delete(doom(folder))
    for number in range(1, len(disk.calls) + 1):
        make(folder)
        with killing(number):
            delete(doom(folder))
        # What is left is a data set to be completed or a folder without one.
        make(folder)
        assert sealed(folder) == before
        assert open_dataset(folder).train.state[0].shape
        delete(doom(folder))


def test_deleted_files_of_a_desktop_are_not_deleted_for_good(folder):
    make(folder)
    hoard = folder / ".Trash-1000" / "files"
    hoard.mkdir(parents=True)
    (hoard / "thesis.tex").write_text("all of it")
    for remove in (lambda: make(folder, 1, force=True), lambda: doom(folder)):
        with pytest.raises(ForeworldError, match=r"Trash-1000"):
            remove()
    assert (hoard / "thesis.tex").read_text() == "all of it"
    assert fw.load(folder).recipe.tasks[""].seed == 0

"""Who is at work on a folder, and on which life of it."""

import os
import shutil
import subprocess
import sys

import pytest

from foreworld.core.disk import life
from foreworld.core.disk.lease import lease
from foreworld.core.disk.life import ReplacedError
from foreworld.core.errors import DamagedError

HERE = f"process {os.getpid()} on {os.uname().nodename}"


def test_one_at_work_keeps_others_from_replacing(tmp_path):
    life.begin(tmp_path)
    assert not life.in_use(tmp_path)
    with life.at_work(tmp_path), life.at_work(tmp_path) as present:
        assert present.number and life.in_use(tmp_path)
        assert life.workers(tmp_path) == f"{HERE} is at work on it"
        with life.alone(tmp_path) as mine:
            assert not mine
    with life.alone(tmp_path) as mine:
        assert mine


def test_processes_that_ended_are_not_named(tmp_path):
    code = (
        "import sys, pathlib; from foreworld.core.disk import life\n"
        "with life.at_work(pathlib.Path(sys.argv[1])): pass"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    with life.at_work(tmp_path):
        assert life.workers(tmp_path) == f"{HERE} is at work on it"
    (tmp_path / ".leases" / "work").write_text("node1 7\nnode2 8\nnode3 9\nnode4 10\n")
    assert life.workers(tmp_path) == (
        "process 7 on node1, process 8 on node2, process 9 on node3 and 1 more are at "
        "work on it"
    )
    (tmp_path / ".leases" / "work").write_text("\x00 \x00\nnode ²\n")
    assert life.workers(tmp_path) == "another process is at work on it"


def test_another_life_stops_the_work(tmp_path):
    life.begin_once(tmp_path)
    with life.at_work(tmp_path) as present:
        life.begin_once(tmp_path)
        present.go_on()
        # By hand, which no lock prevents.
        shutil.rmtree(tmp_path)
        with pytest.raises(ReplacedError, match="was replaced or deleted while this "):
            present.go_on()
        life.begin_once(tmp_path)
        with pytest.raises(
            ReplacedError, match=r"What is there now is left as it is\."
        ):
            present.go_on()


def test_locks_go_when_nobody_works(tmp_path):
    life.begin(tmp_path)
    with life.at_work(tmp_path):
        life.tidy(tmp_path)
        assert life.in_use(tmp_path)
    life.tidy(tmp_path)
    life.tidy(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_was_deleted_is_made_anew(tmp_path):
    path = tmp_path / "lock"
    with lease(path) as first:
        assert first
        path.unlink()
        with lease(path) as second, lease(path) as third:
            assert second and not third


def test_a_folder_of_locks_that_is_a_link_is_no_folder_of_locks(tmp_path):
    folder, outside = tmp_path / "a", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (outside / "kept").touch()
    (folder / ".leases").symlink_to(outside)
    refused = "is a link that leads out of"
    for work in (life.begin, life.begin_once, life.in_use, life.alone, life.Life):
        with pytest.raises(DamagedError, match=refused):
            work(folder)
    with pytest.raises(DamagedError, match=refused), life.at_work(folder):
        pass
    life.tidy(folder)
    assert [path.name for path in outside.iterdir()] == ["kept"]


def test_only_lock_files_are_tidied(tmp_path):
    life.begin(tmp_path)
    (tmp_path / ".leases" / "mine").mkdir()
    (tmp_path / ".leases" / "mine" / "a.txt").touch()
    life.tidy(tmp_path)
    assert [p.name for p in (tmp_path / ".leases").iterdir()] == ["mine"]

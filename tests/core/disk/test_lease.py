"""Lock files are held, shared, asked about and given back."""

import errno
import fcntl
import subprocess
import sys
import threading
import time

import pytest

from foreworld.core.disk.lease import held, lease
from foreworld.core.disk.refusals import StorageError


def test_a_lease_is_held_once_and_returns_when_its_holder_is_killed(tmp_path):
    path = tmp_path / "lease"
    code = (
        "import pathlib, sys, time; from foreworld.core.disk.lease import lease\n"
        f"with lease(pathlib.Path({str(path)!r})) as mine:\n"
        "    print(mine, flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"True\n"
        assert held(path)
        with lease(path) as mine:
            assert not mine
        holder.kill()
        holder.wait()
        for _ in range(100):
            with lease(path) as mine:
                if mine:
                    break
            time.sleep(0.05)
        assert mine
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


def test_asking_takes_no_lease(tmp_path):
    path = tmp_path / "lease"
    assert not held(path) and not path.exists()
    with lease(path) as mine:
        assert mine and held(path)
        assert held(path)
    assert not held(path)
    stop, taken = threading.Event(), []

    def ask():
        while not stop.is_set():
            taken.append(held(path))

    asking = threading.Thread(target=ask)
    asking.start()
    for _ in range(300):
        with lease(path) as mine:
            assert mine
    stop.set()
    asking.join()
    assert taken


def test_a_shared_lease_keeps_out_who_wants_it_alone(tmp_path):
    path = tmp_path / "lease"
    with lease(path, shared=True) as one, lease(path, shared=True) as two:
        assert one and two and held(path)
        with lease(path) as alone:
            assert not alone
    with lease(path) as alone, lease(path, shared=True) as shared:
        assert alone and not shared


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_named(tmp_path, monkeypatch, number):
    def refuse(*_):
        raise OSError(number, "Function not implemented")

    monkeypatch.setattr(fcntl, "fcntl", refuse)
    path = tmp_path / "lock"
    with pytest.raises(StorageError) as caught, lease(path):
        pass
    assert str(caught.value) == (
        f"cannot lock {path}: the file system gives no locks, without which "
        f"two workers may do the same work. Have it mounted with them. Choose another "
        f"place with --out or with FOREWORLD_HOME."
    )

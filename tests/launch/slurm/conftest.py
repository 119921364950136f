"""Tasks for jobs, and one job that runs into its time limit while the others work."""

import pytest

from foreworld.launch.base import Task
from tests.launch.slurm.work import TASKS, small

LAST = "test_a_job_is_stopped_at_its_time_limit"


def pytest_collection_modifyitems(items):
    """Other tests have run in the minute that a time limit takes at least."""
    items.sort(key=lambda item: item.name == LAST)


@pytest.fixture(scope="session")
def code(tmp_path_factory):
    """Folder of the module of tasks."""
    folder = tmp_path_factory.mktemp("code")
    (folder / "tasks.py").write_text(TASKS)
    return folder


@pytest.fixture
def jobs(slurm, code, monkeypatch, tmp_path):
    """A folder to work in, and a cluster whose jobs can import the tasks."""
    monkeypatch.setenv("PYTHONPATH", str(code))
    monkeypatch.syspath_prepend(code)
    folder = tmp_path / "the work"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def overtime(slurm_cluster, code, tmp_path_factory):
    """A job that would go on for ever and may for one minute, submitted early."""
    folder = tmp_path_factory.mktemp("overtime")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", slurm_cluster.conf)
        patch.setenv("PYTHONPATH", str(code))
        patch.syspath_prepend(code)
        task = Task("tasks:hang", folder)
        (handle,) = small(minutes=1, poll_seconds=1.0).submit([task])
    yield handle
    slurm_cluster.ask("scancel", "--quiet", handle.job.number)

"""A node that goes down: comes first, because it ends all jobs that run."""

import contextlib
import subprocess

import pytest

from foreworld.launch.base import Task
from tests.launch.slurm.work import begun, ended, small, wait_for


@pytest.fixture
def node(slurm):
    """Takes the node down; it is up again afterwards."""
    state = "sinfo", "--noheader", "--format=%T"

    def down():
        name = f"nodename={slurm.host}"
        slurm.ask("scontrol", "update", name, "state=down", "reason=test")
        # It may come back by itself first, and then refuses to be resumed.
        with contextlib.suppress(subprocess.CalledProcessError):
            slurm.ask("scontrol", "update", name, "state=resume")

    yield down
    wait_for(lambda: slurm.ask(*state) in ("idle", "mixed"), "the node")


def test_a_job_whose_node_fails_is_lost(jobs, node):
    launcher = small(sbatch=("no-requeue",))
    (handle,) = launcher.submit([Task("tasks:hang", jobs)])
    wait_for(lambda: begun(jobs), "the job")
    node()
    wait_for(lambda: ended(handle), "its end")
    assert handle.state() == "failed" and handle.lost()
    first, *rest = handle.error().splitlines()
    assert first.endswith("was lost because its node failed")
    assert first.startswith(f"Slurm job {handle.job.number} on ")
    assert "thinking" in rest

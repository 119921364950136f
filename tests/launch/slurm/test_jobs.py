"""Jobs of a real Slurm: what they get, how they end, and what Slurm refuses."""

import json
import os
import re
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.launch.base import Task
from foreworld.launch.slurm._jobs import find_jobs, stop_jobs
from foreworld.launch.slurm._watch import WATCH
from tests.launch.slurm.work import alive, begun, ended, small, wait_for

pytestmark = pytest.mark.usefixtures("overtime")
HANG = "tasks:hang"


def test_jobs_get_the_surroundings_of_the_command(jobs, code, monkeypatch):
    monkeypatch.setenv("FOREWORLD_WORD", "two words, 'quoted'")
    monkeypatch.setenv("XLA_FLAGS", "--xla_dump_to=")
    # As inside another job, and with defaults that would win over the batch file.
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "99999999")
    monkeypatch.setenv("SBATCH_TIMELIMIT", "1")
    monkeypatch.setenv("SBATCH_EXPORT", "NONE")
    for cpus in (1, 3):
        place = jobs / str(cpus)
        place.mkdir()
        launcher = small(cpus=cpus, setup="export FOREWORLD_SETUP=1")
        (handle,) = launcher.submit([Task("tasks:look", place)])
        assert launcher.num_threads == cpus
        wait_for(lambda handle=handle: ended(handle), "the job")
        assert handle.state() == "done", handle.error()
        assert not (place / "logs" / "slurm").exists()
    one, three = (json.loads((jobs / n / "seen.json").read_text()) for n in "13")
    for seen in (one, three):
        assert seen["python"] == sys.executable
        assert seen["cwd"] == str(Path.cwd())
        assert seen["PYTHONPATH"] == str(code)
        assert seen["FOREWORLD_WORD"] == "two words, 'quoted'"
    assert (one["OMP_NUM_THREADS"], one["NPROC"]) == ("1", "1")
    assert one["XLA_FLAGS"] == "--xla_dump_to= --xla_cpu_multi_thread_eigen=false"
    assert (three["OMP_NUM_THREADS"], three["NPROC"]) == ("3", "3")
    assert three["XLA_FLAGS"] == "--xla_dump_to="
    assert os.environ["SLURM_MEM_PER_NODE"] == "99999999"


def test_how_jobs_end(jobs):
    """Killed, cancelled by somebody, cancelled by us, and by an error of its own."""
    places = [jobs / name for name in ("kill", "scancel", "cancel")]
    for place in places:
        place.mkdir()
    tasks = [Task(HANG, place) for place in places]
    handles = small(workers=8).submit([*tasks, Task("tasks:stumble", jobs)])
    wait_for(lambda: all(begun(place) for place in places), "the jobs")
    assert [handle.error() for handle in handles[:3]] == ["", "", ""]
    os.kill(begun(places[0])[0], signal.SIGKILL)
    os.system(f"scancel {handles[1].job.number}")
    handles[2].cancel()
    wait_for(lambda: all(ended(handle) for handle in handles), "their ends")
    states = [handle.state() for handle in handles]
    assert states == ["failed", "failed", "cancelled", "failed"]
    assert [handle.lost() for handle in handles] == [True, True, False, False]
    words = [handle.error().splitlines() for handle in handles]
    assert words[0] == [
        f"Slurm job {handles[0].job.number} on {os.uname().nodename} was killed by "
        f"signal 9 (often a lack of memory: ask for more with --launch.memory-gb)",
        "thinking",
    ]
    # The controller does not say by whom; accounting may be late.
    assert re.search(r" was cancelled by (root|somebody) \(scancel\)$", words[1][0])
    assert words[2] == []
    assert words[3][0].endswith("failed with exit status 1")
    assert words[3][-1] == "ValueError: a stone"
    # What is killed by Slurm is gone at once, and so are its leases.
    wait_for(lambda: not alive(begun(places[2])[0]), "the process", 5)


@pytest.mark.parametrize(
    ("tasks", "limit"), [(12, 5), pytest.param(300, 64, marks=pytest.mark.slow)]
)
def test_many_tasks_are_split(jobs, tasks, limit):
    (jobs / "done").mkdir()
    launcher = small(workers=60, max_array_len=limit)
    handles = launcher.submit([Task("tasks:count", jobs)] * tasks)
    assert len({handle.job.number for handle in handles}) == tasks
    arrays = Counter(handle.job.base for handle in handles)
    assert list(arrays.values()) == [limit] * (tasks // limit) + [tasks % limit]
    wait_for(lambda: all(ended(handle) for handle in handles), "the tasks", 200)
    assert {handle.state() for handle in handles} == {"done"}
    done = {path.name for path in (jobs / "done").iterdir()}
    assert done == {handle.job.number for handle in handles}
    assert not (jobs / "logs" / "slurm").exists()


def test_jobs_are_found_again(jobs):
    task, other = Task(HANG, jobs), Task("tasks:count", jobs)
    handles = small(workers=2).submit([task] * 2)
    assert small().adopt(other) == []
    found = small().adopt(task)
    assert {h.job for h in found} == {h.job for h in handles}
    (jobs / "free").touch()
    wait_for(lambda: all(ended(handle) for handle in found), "their ends")
    assert [handle.state() for handle in found] == ["done", "done"]
    assert small().adopt(task) == [] and not (jobs / "logs" / "slurm").exists()


def test_a_job_whose_number_was_not_written_down_is_found_by_name(jobs):
    (handle,) = small().submit([Task(HANG, jobs)])
    (record,) = (jobs / "logs" / "slurm").glob("*/tasks.json")
    data = json.loads(record.read_text())
    record.write_text(json.dumps({**data, "job": ""}))
    (found,) = find_jobs(jobs)
    assert found.job.number == handle.job.number
    assert stop_jobs(jobs) == 1 and find_jobs(jobs) == []
    # A record that cannot be read, and one that never became a job, say nothing.
    handle.state()
    for name, text in {"half": "{", "never": json.dumps({**data, "job": ""})}.items():
        (record.parent.parent / name).mkdir(parents=True)
        (record.parent.parent / name / "tasks.json").write_text(text)
    assert find_jobs(jobs) == []


def test_without_accounting_scontrol_is_asked(jobs, monkeypatch, tmp_path):
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / "sacct").write_text(
        "#!/bin/sh\necho Slurm accounting storage is disabled >&2\nexit 1\n"
    )
    (fake / "sacct").chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake}:{os.environ['PATH']}")
    monkeypatch.setattr(WATCH, "_refused", float("-inf"))
    tasks = [Task(HANG, jobs), Task(HANG, jobs), Task("tasks:stumble", jobs)]
    handles = small(workers=1).submit(tasks)
    wait_for(lambda: handles[0].state() == "running", "the first")
    assert handles[1].note() == "waiting (JobArrayTaskLimit)"
    assert handles[0].note() == f"running on {os.uname().nodename}"
    (jobs / "free").touch()
    wait_for(lambda: all(ended(handle) for handle in handles), "their ends")
    assert [handle.state() for handle in handles] == ["done", "done", "failed"]
    assert "failed with exit status 1" in handles[2].error()
    monkeypatch.setattr(WATCH, "_refused", float("-inf"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"cpus": 99}, "More processors requested than permitted"),
        ({"account": "nobody"}, "Invalid account"),
        ({"partition": "nowhere"}, "invalid partition specified: nowhere"),
        ({"memory_gb": 1e5}, "Requested node configuration is not available"),
        ({"sbatch": ("nothing=1",)}, "unrecognized option '--nothing=1'"),
    ],
)
def test_what_slurm_refuses(jobs, fields, message):
    launcher = small(**fields)
    with pytest.raises(ForeworldError, match="Slurm refuses this job: ") as caught:
        launcher.check()
    assert message in str(caught.value)
    assert "Change it with --launch.cpus" in str(caught.value)
    with pytest.raises(ForeworldError, match="Slurm refuses this job: "):
        launcher.submit([Task(HANG, jobs)])
    assert not (jobs / "logs" / "slurm").exists()


def test_no_slurm_here(jobs, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ForeworldError) as caught:
        small().check()
    assert str(caught.value) == (
        "Slurm's command 'sbatch' is not here. Run this on a login node of the "
        "cluster, or without a cluster with --launch processes."
    )


def test_the_controller_is_down(slurm, jobs, monkeypatch, tmp_path):
    text = Path(slurm.conf).read_text()
    text = text.replace("SlurmctldPort=", "SlurmctldPort=1")
    text = text.replace("MessageTimeout=5", "MessageTimeout=1")
    (tmp_path / "slurm.conf").write_text(text)
    monkeypatch.setenv("SLURM_CONF", str(tmp_path / "slurm.conf"))
    with pytest.raises(ForeworldError) as caught:
        small().submit([Task(HANG, jobs)])
    assert str(caught.value) == (
        "Slurm's controller does not answer (slurmctld; 'scontrol ping' shows it). Run "
        "the same command again when it does, or use --launch processes."
    )


def test_names_with_patterns(jobs):
    place = jobs / "100%a"
    place.mkdir()
    with pytest.raises(ConfigError, match="has a % in its name, which Slurm takes"):
        small().submit([Task(HANG, place)])

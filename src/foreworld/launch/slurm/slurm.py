"""Runs tasks as jobs of a Slurm cluster, in arrays split at the site's limit.

The folder of the work must lie on a file system that all nodes share and that gives
locks across them. A coordinator watches the jobs; where it dies they go on, and the
same command finds them again.

Source: submitit (https://github.com/facebookincubator/submitit), which writes the batch
file and starts Python in the job. States are asked from sacct, or scontrol.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.core.parts.part import Bounded
from foreworld.launch._threads import threads
from foreworld.launch.base import AbstractHandle, AbstractLauncher, Task
from foreworld.launch.slurm._jobs import SlurmHandle, find_jobs
from foreworld.launch.slurm._record import Submission
from foreworld.launch.slurm._task import run
from foreworld.launch.slurm._tools import (
    Request,
    ask,
    failure,
    refused,
    site_array_len,
    try_out,
    undisturbed,
)

if TYPE_CHECKING:
    from submitit import SlurmExecutor

_PASSED = ("FOREWORLD_", "JAX_", "XLA_")
"""Beginnings of variables that jobs get, whatever the site passes on by itself."""
_INDIVIDUAL = ("PYTHONPATH", "PATH", "LD_LIBRARY_PATH", "TRACKIO_DIR")


class Slurm(AbstractLauncher):
    """Jobs of a Slurm cluster, one a worker."""

    workers: Annotated[int, Bounded(low=1)] = 4
    """jobs at the same time"""
    partition: str = ""
    """partition (queue); empty for the site's default"""
    account: str = ""
    """account that is charged; empty for your default"""
    minutes: Annotated[int, Bounded(low=1, unit="min")] = 60
    """time limit of a job; longer work goes on in a new one"""
    memory_gb: Annotated[float, Bounded(above=0, unit="GB")] = 4.0
    """memory of a job"""
    cpus: Annotated[int, Bounded(low=1, unit="cores")] = 1
    """cores, and threads, of a job"""
    gpus: Annotated[int, Bounded(low=0)] = 0
    """accelerators of a job"""
    sbatch: tuple[str, ...] = ()
    """further options of sbatch, such as qos=long or exclusive"""
    setup: str = ""
    """shell command before Python starts, such as 'module load cuda'"""
    max_array_len: Annotated[int, Bounded(low=0, unit="tasks")] = 0
    """most tasks in one array; 0 for what the site allows"""
    poll_seconds: Annotated[float, Bounded(above=0, unit="s")] = 5.0
    """time between two questions to Slurm"""
    outlive: bool = False
    """whether jobs go on when this command is interrupted, until it runs again"""

    @property
    def num_workers(self) -> int:
        """Jobs at the same time."""
        return self.workers

    @property
    def num_threads(self) -> int:
        """One a core."""
        return self.cpus

    def check(self) -> None:
        """Ask Slurm whether it would take such a job.

        Raises
        ------
        ForeworldError
            Slurm is not there, does not answer or refuses, or submitit is missing.
        """
        ask(["sbatch", "--version"])
        _executor()
        site_array_len()
        try_out(self._request())

    def adopt(self, task: Task) -> list[AbstractHandle]:
        """Jobs of an earlier command that still wait or run."""
        return list(find_jobs(task.path, task, self.poll_seconds, self.outlive))

    def submit(self, tasks: Sequence[Task]) -> list[AbstractHandle]:
        """Submit an array a folder, or several where they are too long for one.

        Raises
        ------
        ForeworldError
            Slurm is not there, does not answer or refuses; nothing is submitted then.
        """
        groups: dict[Path, list[int]] = {}
        for index, task in enumerate(tasks):
            groups.setdefault(task.path, []).append(index)
        site = site_array_len() or 1
        longest = min(site, self.max_array_len or site)
        pieces = [
            group[first : first + longest]
            for group in groups.values()
            for first in range(0, len(group), longest)
        ]
        at_once = max(1, self.workers // max(1, len(pieces)))
        handles: dict[int, AbstractHandle] = {}
        try:
            for piece in pieces:
                made = self._send([tasks[i] for i in piece], at_once)
                handles.update(zip(piece, made, strict=True))
        except BaseException:
            for handle in handles.values():
                handle.cancel()
            raise
        return [handles[index] for index in range(len(tasks))]

    def _send(self, tasks: Sequence[Task], at_once: int) -> list[AbstractHandle]:
        """Submit one array."""
        if "%" in str(tasks[0].path):
            raise ConfigError(
                f"{tasks[0].path} has a % in its name, which Slurm takes for a pattern "
                f"in names of logs. Choose another folder."
            )
        make, request = _executor(), self._request()
        submission = Submission.begin(tasks)
        # The job is Python itself and no shell around it, so that signals reach it.
        executor = make(submission.folder, python=f"exec {shlex.quote(sys.executable)}")
        executor.update_parameters(
            job_name=submission.name,
            use_srun=False,
            stderr_to_stdout=True,
            wckey=None,
            time=self.minutes,
            array_parallelism=at_once,
            setup=self._setup(),
            additional_parameters={n: text or True for n, text in request.items()},
        )
        record, count = str(submission.record), len(tasks)
        try:
            with undisturbed(request):
                jobs = executor.map_array(run, [record] * count, range(count))
            submission.number = jobs[0].job_id.partition("_")[0]
            submission.write()
        except BaseException as error:
            # Cancel what may have been submitted before this was interrupted.
            if submission.find():
                for index in range(count):
                    SlurmHandle(submission, index, 0.0, False).cancel()
            submission.forget()
            if not type(error).__module__.startswith("submitit"):
                raise
            raise refused(failure(str(error), "sbatch"), request) from error
        every, outlive = self.poll_seconds, self.outlive
        return [SlurmHandle(submission, i, every, outlive) for i in range(count)]

    def _request(self) -> Request:
        """Options of sbatch."""
        request = {
            "cpus-per-task": str(self.cpus),
            "mem": f"{max(1, round(self.memory_gb * 1024))}M",
            "time": str(self.minutes),
        }
        if self.gpus:
            request["gpus-per-node"] = str(self.gpus)
        if self.partition:
            request["partition"] = self.partition
        if self.account:
            request["account"] = self.account
        for line in self.sbatch:
            name, _, text = line.removeprefix("#SBATCH").strip().partition("=")
            request[name.lstrip("-").strip()] = text.strip()
        return request

    def _setup(self) -> list[str]:
        """Shell lines that give a job the interpreter's surroundings."""
        variables = {
            name: text
            for name, text in os.environ.items()
            if name.startswith(_PASSED) or name in _INDIVIDUAL
        }
        variables.update(threads(self.cpus))
        lines = [f"cd {shlex.quote(str(Path.cwd()))}"]
        lines += [f"export {n}={shlex.quote(text)}" for n, text in variables.items()]
        return [*lines, self.setup] if self.setup else lines


def _executor() -> type[SlurmExecutor]:
    try:
        from submitit import SlurmExecutor
    except ImportError as error:
        raise ForeworldError(
            f"--launch slurm needs submitit: {error}. Install it with: pip install "
            f"submitit."
        ) from error
    return SlurmExecutor

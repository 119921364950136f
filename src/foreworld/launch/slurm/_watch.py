"""What Slurm's jobs are doing: sacct is asked, and scontrol where it knows nothing."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass

from foreworld.core.errors import ForeworldError
from foreworld.launch.base import TaskState
from foreworld.launch.slurm._tools import SilentError, SlurmError, ask

_WAITING = ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED")
_RUNNING = (
    *("RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT"),
    *("RESIZING", "SPECIAL_EXIT"),
)
_GRACE = 60.0
"""Seconds that a job may take to be known after it was submitted."""
_DEAF = 60.0
"""Seconds for which sacct is not asked again after it failed."""
_SACCT = ("sacct", "-XnP", "--format=JobID,JobName,State,ExitCode,NodeList")
_FIELDS = re.compile(r"(\w+)=(\S*)")


@dataclass(frozen=True)
class Found:
    """What Slurm says of a job.

    Attributes
    ----------
    word
        Its state in Slurm's words; empty where Slurm does not know the job.
    name
        Name of the job: numbers are used again when a cluster is set up anew.
    status
        Exit status and signal, such as ``0:9``.
    node
        Where it runs or ran.
    by
        Who cancelled it; the reason why it waits.
    """

    word: str
    name: str = ""
    status: str = "0:0"
    node: str = ""
    by: str = ""

    @property
    def state(self) -> TaskState:
        """The same in our words; what ended in any way but well has failed."""
        if self.word in _WAITING:
            return "waiting"
        if self.word in _RUNNING:
            return "running"
        return "done" if self.word == "COMPLETED" else "failed"


@dataclass(frozen=True)
class Job:
    """A task's job: ``12``, or ``12_3`` in an array."""

    number: str
    name: str
    submitted: float

    @property
    def base(self) -> str:
        """Number of the array."""
        return self.number.partition("_")[0]


class Watch:
    """Asks about all the jobs of this process together, and not too often."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._found: dict[str, Found] = {}
        self._asked = self._refused = float("-inf")

    def follow(self, jobs: Iterable[Job]) -> None:
        """Ask about these as well from now on."""
        self._jobs.update({job.number: job for job in jobs})
        self._asked = float("-inf")

    def leave(self, job: Job) -> None:
        """Ask no more about one that has ended."""
        self._jobs.pop(job.number, None)

    def look(self, job: Job, max_age: float) -> Found:
        """What a job is doing, as of ``max_age`` seconds ago or later.

        While Slurm does not answer, what was known last still holds.
        """
        if job.number not in self._jobs:
            self.follow([job])
        if time.monotonic() - self._asked > max_age:
            self._ask()
            self._asked = time.monotonic()
        return self._found.get(job.number, Found("PENDING", job.name))

    def _ask(self) -> None:
        groups: dict[str, list[Job]] = {}
        for job in self._jobs.values():
            groups.setdefault(job.base, []).append(job)
        known: dict[str, Found] = {}
        if time.monotonic() - self._refused >= _DEAF:
            try:
                known = parse_sacct(ask([*_SACCT, "-j", ",".join(sorted(groups))]))
            except SlurmError:
                # No accounting, or its daemon is down.
                self._refused = time.monotonic()
        for base, jobs in groups.items():
            answered = False
            if any(_find(known, job) is None for job in jobs):
                more = _from_scontrol(base)
                answered, known = more is not None, {**known, **(more or {})}
            for job in jobs:
                found = _find(known, job)
                if found is None and answered and time.time() - job.submitted > _GRACE:
                    found = Found("", job.name)
                if found is not None:
                    self._found[job.number] = found


WATCH = Watch()
"""That of this process."""


def waiting_for(job: Job) -> str:
    """Why a job waits, in Slurm's words; empty if it does not, or Slurm is silent."""
    try:
        text = ask(["squeue", "-h", "-j", job.number, "-o", "%r"])
    except ForeworldError:
        return ""
    reason = text.strip().partition("\n")[0]
    return "" if reason == "None" else reason


def have_gone(jobs: Iterable[Job]) -> bool:
    """Whether no process of some jobs is left, by squeue.

    Accounting (sacct) already calls a job cancelled while its processes are dying.
    """
    numbers = ",".join(job.number for job in jobs)
    try:
        return not ask(["squeue", "-h", "-j", numbers, "-o", "%i"]).strip()
    except SilentError:
        return False
    except SlurmError:
        # It knows none of them any more.
        return True


def parse_sacct(text: str) -> dict[str, Found]:
    """Jobs by number; the tasks of an array that wait together as ``12_*``."""
    known = {}
    for line in text.splitlines():
        # Names that we choose hold no bar; those of other users' jobs may.
        parts = line.split("|")
        if len(parts) < 5:
            continue
        number, name, words = parts[0], "|".join(parts[1:-3]), parts[-3]
        word, _, by = words.partition(" by ")
        number = re.sub(r"_\[.*", "_*", number)
        known[number] = Found(word, name, parts[-2], parts[-1], by)
    return known


def parse_scontrol(text: str) -> dict[str, Found]:
    """The same from ``scontrol show job --oneliner``."""
    known = {}
    for line in text.splitlines():
        fields: dict[str, str] = {}
        for name, value in _FIELDS.findall(line):
            fields.setdefault(name, value)
        number = fields.get("ArrayJobId") or fields.get("JobId", "")
        if task := fields.get("ArrayTaskId"):
            number += f"_{task}" if task.isdecimal() else "_*"
        known[number] = Found(
            fields.get("JobState", ""),
            fields.get("JobName", ""),
            fields.get("ExitCode", "0:0"),
            fields.get("NodeList", ""),
        )
    return known


def _from_scontrol(base: str) -> dict[str, Found] | None:
    """What the controller remembers of a job; ``None`` where it does not answer."""
    try:
        return parse_scontrol(ask(["scontrol", "show", "job", base, "--oneliner"]))
    except SlurmError as error:
        return {} if "Invalid job id" in str(error) else None


def _find(known: dict[str, Found], job: Job) -> Found | None:
    # Of an array whose last waiting tasks were cancelled the number alone is left.
    for number in (job.number, f"{job.base}_*", job.base):
        found = known.get(number)
        if found is not None and found.name == job.name:
            return found
    return None

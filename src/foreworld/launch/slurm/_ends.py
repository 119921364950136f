"""Why Slurm's jobs failed, in sentences for people."""

from __future__ import annotations

import getpass
import os
import pwd

from foreworld.launch.slurm._watch import Found


def how(found: Found) -> str:
    """How a job ended that did not finish with exit status 0."""
    number = signal_of(found.status)
    ends = {
        "TIMEOUT": "was stopped at its time limit: ask for more with --launch.minutes",
        "DEADLINE": "was stopped at its deadline",
        "OUT_OF_MEMORY": "needed more memory than it had asked for: ask for more with "
        "--launch.memory-gb",
        "NODE_FAIL": "was lost because its node failed",
        "BOOT_FAIL": "was lost because its node did not start",
        "PREEMPTED": "had to make room for another job",
        "CANCELLED": f"was cancelled by {_user(found.by)}",
        "": "is not known to Slurm any more, and nobody saw how it ended",
    }
    if found.word in ends:
        return ends[found.word]
    if number == 9:
        return (
            "was killed by signal 9 (often a lack of memory: ask for more with "
            "--launch.memory-gb)"
        )
    if number:
        return f"was killed by signal {number}"
    if found.word == "FAILED":
        return f"failed with exit status {found.status.partition(':')[0]}"
    return f"ended as {found.word}"


def signal_of(status: str) -> int:
    """The signal in ``exit:signal``; a shell says 128 more for its child's."""
    first, _, second = status.partition(":")
    if second.isdecimal() and int(second):
        return int(second)
    return int(first) - 128 if first.isdecimal() and int(first) > 128 else 0


def _user(number: str) -> str:
    if not number.isdecimal():
        return "somebody (scancel)"
    if int(number) == os.getuid():
        return f"{getpass.getuser()} (scancel)"
    try:
        return f"{pwd.getpwuid(int(number)).pw_name} (scancel)"
    except KeyError:
        return f"user {number} (scancel)"


def is_node(text: str) -> bool:
    return text not in ("", "(null)", "None assigned")

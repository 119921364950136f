"""Slurm's own commands, and what to say where they are missing or refuse."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence

from foreworld.core.errors import ForeworldError

Request = dict[str, str]
"""Options of sbatch without their dashes; an empty value for one that takes none."""
_PATIENCE = 30.0
"""Seconds that a command may take: Slurm's own retry for minutes."""
_NOISE = re.compile(r"^(sbatch|scontrol|sacct|scancel|squeue|allocation failure): *")
_LEVEL = re.compile(r"^(error|fatal): *")
_FIXED = ("ARRAY_INX", "JOB_NAME", "OUTPUT", "ERROR", "OPEN_MODE", "TIMELIMIT")
_KEPT = ("SLURM_CONF", "SLURM_CLUSTERS", "SLURM_TIME_FORMAT")


class SlurmError(ForeworldError):
    """Slurm is not there, does not answer, or refuses."""


class SilentError(SlurmError):
    """Slurm is not there or does not answer, so that nothing is known."""


def ask(command: Sequence[str]) -> str:
    """What one of Slurm's commands prints.

    Raises
    ------
    SlurmError
        The command is missing, takes too long or fails; says what it printed.
    """
    if shutil.which(command[0]) is None:
        raise SilentError(
            f"Slurm's command {command[0]!r} is not here. Run this on a login node of "
            f"the cluster, or without a cluster with --launch processes."
        )
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SilentError(
            f"Slurm does not answer: {command[0]} said nothing for {_PATIENCE:g} s. "
            f"Look at 'scontrol ping', and run the same command again later."
        ) from None
    if done.returncode != 0:
        raise failure(done.stderr or done.stdout, command[0])
    return done.stdout


def failure(said: str, command: str) -> SlurmError:
    """The error for what a command printed, in one sentence."""
    lines = [_LEVEL.sub("", _NOISE.sub("", x.strip())) for x in said.splitlines()]
    lines = [line for line in lines if line]
    text = "; ".join(dict.fromkeys(lines)) or f"{command} failed and said nothing"
    if "Unable to contact slurm controller" in text:
        return SilentError(
            "Slurm's controller does not answer (slurmctld; 'scontrol ping' shows it). "
            "Run the same command again when it does, or use --launch processes."
        )
    if "configuration source" in text or "configuration file" in text:
        return SilentError(
            "Slurm's commands find no configuration here (SLURM_CONF or "
            "/etc/slurm/slurm.conf). Run this on a login node of the cluster, or "
            "without a cluster with --launch processes."
        )
    return SlurmError(text.removesuffix("."))


@functools.cache
def site_array_len() -> int:
    """The most tasks that the site allows in one array; 0 where it allows none.

    Raises
    ------
    SlurmError
        Slurm does not answer.
    """
    found = re.search(r"MaxArraySize\s*=\s*(\d+)", ask(["scontrol", "show", "config"]))
    return int(found[1]) if found else 0


def try_out(request: Request) -> None:
    """Ask Slurm whether it would take a job, without submitting one.

    Raises
    ------
    SlurmError
        It would not; says why and what was asked for.
    """
    options = [
        f"--{name}={text}" if text else f"--{name}"
        for name, text in sorted(request.items())
    ]
    with undisturbed(request):
        try:
            ask(["sbatch", "--test-only", *options, "--wrap", "true"])
        except SlurmError as error:
            raise refused(error, request) from error


def refused(reason: SlurmError, request: Request) -> SlurmError:
    """The error for a request that sbatch does not take."""
    if isinstance(reason, SilentError):
        return reason
    asked = ", ".join(f"{n} {text}".strip() for n, text in sorted(request.items()))
    return SlurmError(
        f"Slurm refuses this job: {reason}. Asked for: {asked}. Change it with "
        f"--launch.cpus, --launch.memory-gb, --launch.minutes, --launch.gpus, "
        f"--launch.partition, --launch.account or --launch.sbatch; 'sinfo' and "
        f"'sacctmgr show associations user=$USER' show what you may ask for."
    )


@contextlib.contextmanager
def undisturbed(request: Mapping[str, str]) -> Iterator[None]:
    """Hide variables that would change a job: sbatch prefers them to its file.

    Those of the job that this process itself may run in, and those for what is asked
    for here. A user's own defaults, such as ``SBATCH_ACCOUNT``, stay where nothing else
    is asked for.
    """
    asked = {name.upper().replace("-", "_") for name in request}
    hidden = {
        name: text
        for name, text in os.environ.items()
        if (name.startswith("SLURM_") and name not in _KEPT)
        or name.removeprefix("SBATCH_") in {*asked, *_FIXED}
        or name.startswith("SBATCH_MEM_PER")
    }
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)

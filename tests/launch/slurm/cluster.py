"""A Slurm of one node for tests, started in a folder and stopped afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAMS = ("sbatch", "slurmctld", "slurmd", "slurmdbd", "munged", "mariadbd")
CPUS = 16
"""Processors that the node says it has: most jobs of tests only wait."""
_SCRIPTS = Path(__file__).parent


@dataclass(frozen=True)
class Cluster:
    """A running Slurm."""

    folder: Path
    conf: str

    def ask(self, *command: str) -> str:
        """What a command of Slurm's prints."""
        environment = {**os.environ, "SLURM_CONF": self.conf}
        return subprocess.check_output(
            command, env=environment, text=True, timeout=60
        ).strip()

    @property
    def host(self) -> str:
        """Name of the node."""
        return socket.gethostname().partition(".")[0]


def require() -> None:
    """Skip where there is no Slurm, unless FOREWORLD_REQUIRE says otherwise."""
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    message = ""
    if absent:
        message = (
            f"no {', '.join(absent)} here: apt-get install slurm-wlm slurmdbd munge "
            f"mariadb-server"
        )
    elif os.geteuid() != 0:
        message = "a Slurm for tests is started by root alone"
    if message and "slurm" in os.environ.get("FOREWORLD_REQUIRE", "").split(","):
        pytest.fail(message)
    if message:
        pytest.skip(message)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """A Slurm while the context lasts."""
    script = [str(_SCRIPTS / "up.sh"), str(folder), str(_port()), str(CPUS)]
    try:
        with (folder / "up.log").open("w") as log:
            # Daemons keep what they inherit open: a pipe would never end.
            status = subprocess.run(
                script, stdout=log, stderr=log, stdin=subprocess.DEVNULL, timeout=120
            )
        lines = (folder / "up.log").read_text().splitlines()
        assert status.returncode == 0, "\n".join(lines)
        cluster = Cluster(folder, lines[-1])
        yield cluster
        _empty(cluster)
    finally:
        subprocess.run([str(_SCRIPTS / "down.sh"), str(folder)], timeout=120)


def _empty(cluster: Cluster) -> None:
    """End all jobs: what watches over one would outlive the daemons."""
    cluster.ask("scancel", "--quiet", "--user=root")
    for _ in range(100):
        if not cluster.ask("squeue", "--noheader"):
            return
        time.sleep(0.1)


def _port() -> int:
    """The first of four ports in a row that nobody uses."""
    for first in range(21000 + os.getpid() % 1000 * 8, 32000, 4):
        if all(_is_free(port) for port in range(first, first + 4)):
            return first
    raise AssertionError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0

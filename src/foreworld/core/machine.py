"""What this machine has left."""

from __future__ import annotations

import os
from pathlib import Path


def free_memory() -> float:
    """Bytes of memory that this process may still use."""
    # Where the system does not say what is free, half of all memory is assumed to be.
    available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2
    path = Path("/proc/meminfo")
    for line in path.read_text().splitlines() if path.exists() else ():
        if line.startswith("MemAvailable:"):
            available = float(line.split()[1]) * 1024
    path = Path("/sys/fs/cgroup/memory.max")
    limit = path.read_text().strip() if path.exists() else "max"
    return available if limit == "max" else min(available, float(limit))

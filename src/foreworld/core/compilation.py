"""Compiled programs: where they are cached, how long they took, which were reused.

JAX's persistent cache is configured here and nowhere else, so that a second process
reuses what a first one compiled.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jax
import jax.monitoring

from foreworld.core.errors import ConfigError

CACHE_VARIABLE = "FOREWORLD_CACHE"
"""Environment variable that names the folder of compiled programs."""

_HIT = "/jax/compilation_cache/cache_hits"
_PLATFORMS = {"cpu": "cpu", "gpu": "cuda"}


class _Counts:
    """What this process has reused so far; the listener is registered once."""

    configured = False
    hits = 0


@dataclass
class Compiled:
    """Programs ready to call, and what making them ready cost.

    Attributes
    ----------
    programs
        Executables in the order they were asked for.
    seconds
        Time for tracing and compiling (or loading from the cache).
    made
        How many were not yet known to this process.
    reused
        How many of these came from the cache on disk.
    """

    programs: list[Any]
    seconds: float
    made: int
    reused: int


@dataclass(frozen=True)
class Job:
    """One program to compile: a function, its static part and example arguments."""

    function: Callable[..., Any]
    static: Hashable
    args: tuple[Any, ...]
    donate: tuple[int, ...] = ()


_KNOWN: dict[Hashable, Any] = {}
"""Programs of this process, the oldest first."""
_MOST_KNOWN = 64


def cache_folder() -> Path:
    """Where compiled programs are kept: ``$FOREWORLD_CACHE`` or the user's cache."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else Path.home() / ".cache" / "foreworld" / "xla"


def configure(device: Literal["cpu", "gpu"] | None = None) -> None:
    """Point JAX at the cache on disk and, if asked, at a kind of device.

    Does nothing the second time. Where the folder cannot be written, programs are
    compiled anew in each process.

    Raises
    ------
    ConfigError
        ``device`` is no kind of device.
    """
    if device is not None:
        jax.config.update("jax_platforms", device_platform(device))
    if _Counts.configured:
        return
    _Counts.configured = True
    jax.monitoring.register_event_listener(_count)
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    if os.access(folder, os.W_OK):
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def device_platform(device: str) -> str:
    """What JAX calls a kind of device.

    Raises
    ------
    ConfigError
        There is no such kind.
    """
    if device not in _PLATFORMS:
        raise ConfigError(f"device {device!r} is not one of 'cpu', 'gpu'.")
    return _PLATFORMS[device]


def cache_hits() -> int:
    """Programs that this process took from the cache on disk so far."""
    return _Counts.hits


def compile_all(jobs: list[Job]) -> Compiled:
    """Compile programs side by side; what this process knows already is not redone.

    Parameters
    ----------
    jobs
        Functions of (static, \\*args). Only shapes and types of ``args`` matter.
    """
    begun, hits = time.monotonic(), _Counts.hits
    keys = [_identity(job) for job in jobs]
    new = {k: job for k, job in zip(keys, jobs, strict=True) if k not in _KNOWN}
    lowered = {key: _lower(job) for key, job in new.items()}
    with ThreadPoolExecutor(max_workers=max(1, len(lowered))) as pool:
        made = list(pool.map(lambda low: low.compile(), lowered.values()))
    _KNOWN.update(zip(lowered, made, strict=True))
    programs = [_KNOWN[key] for key in keys]
    for old in list(_KNOWN)[:-_MOST_KNOWN]:
        del _KNOWN[old]
    return Compiled(
        programs,
        time.monotonic() - begun,
        len(new),
        _Counts.hits - hits,
    )


def _lower(job: Job) -> Any:
    donate = tuple(index + 1 for index in job.donate)
    jitted = jax.jit(job.function, static_argnums=0, donate_argnums=donate)
    return jitted.lower(job.static, *job.args)


def _identity(job: Job) -> Hashable:
    leaves, structure = jax.tree.flatten(job.args)
    shapes = tuple((leaf.shape, str(leaf.dtype)) for leaf in leaves)
    return job.function, job.static, structure, shapes, job.donate


def _count(event: str, **_: str | int) -> None:
    if event == _HIT:
        _Counts.hits += 1

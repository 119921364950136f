"""Compiled programs: where they are cached, how long they took, which were reused.

JAX's persistent cache is configured here and nowhere else, so that a second process
reuses what a first one compiled.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.monitoring
import numpy as np

from foreworld.core.keys import pinned

CACHE_VARIABLE = "FOREWORLD_CACHE"
"""Environment variable that names the folder of compiled programs."""

_HIT = "/jax/compilation_cache/cache_hits"


class _Counts:
    """What this process has reused so far."""

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
class Program:
    r"""One program to compile.

    Attributes
    ----------
    function
        Of (static, \\*args).
    static
        Its static argument.
    args
        Example arguments; only their shapes and types matter.
    donate
        Positions of arguments whose memory it may use up.
    """

    function: Callable[..., Any]
    static: Hashable
    args: tuple[Any, ...]
    donate: tuple[int, ...] = ()


_KNOWN: dict[Hashable, Any] = {}
"""Programs of this process, those asked for longest ago first."""
_MOST_KNOWN = 64
_THREADS: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
"""Those that compile."""
_PAUSE = 0.02
"""Seconds between looks at a program that another process compiles."""


def cache_folder() -> Path:
    """Where compiled programs are kept: ``$FOREWORLD_CACHE`` or the user's cache."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else Path.home() / ".cache" / "foreworld" / "xla"


@functools.cache
def configure() -> None:
    """Point JAX at the cache on disk.

    Does nothing the second time. Where the folder cannot be written, programs are
    compiled anew in each process.
    """
    jax.monitoring.register_event_listener(_count)
    if jax.config.jax_disable_jit:  # pyright: ignore[reportAttributeAccessIssue]
        print(
            "JAX_DISABLE_JIT is ignored: programs are compiled whole. To look into a "
            "world or a learner, call its methods in Python, or use "
            "foreworld.testing.check_world and check_learner.",
            file=sys.stderr,
        )
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    if os.access(folder, os.W_OK):
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def compile_all(wanted: list[Program]) -> Compiled:
    """Make programs ready to call; what this process knows already is not redone.

    Processes that want the same programs at the same time share the work: each
    compiles those that no other one is compiling, and takes the rest from the cache on
    disk once they are there. The lock of a process that dies is released.

    Parameters
    ----------
    wanted
        The programs.
    """
    begun, hits = time.monotonic(), _Counts.hits
    keys = [_identity(program) for program in wanted]
    new = {k: p for k, p in zip(keys, wanted, strict=True) if k not in _KNOWN}
    lowered = {}
    for key, program in new.items():
        donate = tuple(index + 1 for index in program.donate)
        jitted = jax.jit(program.function, static_argnums=0, donate_argnums=donate)
        with pinned():
            lowered[key] = jitted.lower(program.static, *program.args)
    _compile(lowered)
    programs = [_KNOWN[key] for key in keys]
    # Threads may end in any order: what is forgotten first follows the order of asking.
    for key in dict.fromkeys(keys):
        _KNOWN[key] = _KNOWN.pop(key)
    for old in list(_KNOWN)[:-_MOST_KNOWN]:
        del _KNOWN[old]
    seconds = time.monotonic() - begun
    return Compiled(programs, seconds, len(new), _Counts.hits - hits)


def _compile(lowered: dict[Hashable, Any]) -> None:
    """Compile programs by a thread a core, each under its lock of the machine."""
    texts = {key: low.as_text() for key, low in lowered.items()}
    # The largest first: it decides when all are ready.
    todo = sorted(lowered, key=lambda key: -len(texts[key]))
    guard, stop, errors = threading.Lock(), threading.Event(), list[BaseException]()

    def work() -> None:
        while not stop.is_set():
            with guard:
                claimed = next(
                    ((k, lock) for k in todo if (lock := _try_lock(texts[k]))), None
                )
                if claimed is None and not todo:
                    return
                if claimed is not None:
                    todo.remove(claimed[0])
            if claimed is None:
                time.sleep(_PAUSE)
                continue
            key, lock = claimed
            with lock:
                _KNOWN[key] = lowered[key].compile(compiler_options=options())

    linux = sys.platform == "linux"
    cores = len(os.sched_getaffinity(0)) if linux else os.cpu_count() or 1

    def attempt() -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)
            stop.set()

    # A compiler cannot be stopped. Daemons, because a signal is not to wait for it.
    threads = [threading.Thread(target=attempt, daemon=True) for _ in todo[:cores]]
    _THREADS.update(threads)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        stop.set()
    if errors:
        raise errors[0]


def is_compiling() -> bool:
    """Whether a compiler is at work that a signal left behind.

    The process must then end by :func:`os._exit`: tidying up would wait for it.
    """
    return any(thread.is_alive() for thread in _THREADS)


def _try_lock(text: str) -> contextlib.AbstractContextManager[Any] | None:
    """The lock of a program while no other process or thread has it, else ``None``.

    The kernel releases it when its process dies. Where the file system has no locks,
    every process compiles for itself.
    """
    folder = jax.config.jax_compilation_cache_dir  # pyright: ignore[reportAttributeAccessIssue]
    if not folder:
        return contextlib.nullcontext(text)
    name = hashlib.sha256(f"{options()} {text}".encode()).hexdigest()[:32]
    place = Path(folder) / "locks"
    with contextlib.ExitStack() as stack:
        try:
            place.mkdir(exist_ok=True)
            file = stack.enter_context((place / name).open("a"))
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        except OSError:
            return contextlib.nullcontext(text)
        # The lock belongs to the open file: closing it releases the lock.
        return stack.pop_all()


def options() -> dict[str, Any]:
    """What the compiler is told.

    On processors LLVM's first level: in half the time of the third it makes programs
    that run 10 to 20 % faster, with the same bits (recurrent PPO on T-maze,
    ``benchmarks/README.md``). Flags of the environment win.
    """
    level = "xla_backend_optimization_level"
    if jax.default_backend() != "cpu" or level in os.environ.get("XLA_FLAGS", ""):
        return {}
    return {level: 1}


def _identity(program: Program) -> Hashable:
    leaves, structure = jax.tree.flatten(program.args)
    # Plain numbers are weakly typed, which is another program.
    shapes = tuple(
        (np.shape(leaf), str(getattr(leaf, "dtype", type(leaf)))) for leaf in leaves
    )
    wide = bool(jax.config.jax_enable_x64)  # pyright: ignore[reportAttributeAccessIssue]
    return program.function, program.static, structure, shapes, program.donate, wide


def _count(event: str, **_: str | int) -> None:
    if event == _HIT:
        _Counts.hits += 1

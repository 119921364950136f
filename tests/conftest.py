"""Shared fixtures: every test works in a folder of its own and may reuse programs."""

import gc
import os
import signal
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.launch.slurm.cluster import Cluster, require, running
from tests.typechecker import install

install()

# Before JAX is imported: subprocesses and repeated programs share one cache. Programs
# are made quickly rather than well, as most run once and compiling takes the time.
os.environ.setdefault(
    "FOREWORLD_CACHE", str(Path(__file__).parent.parent / ".pytest_cache" / "xla")
)
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false",
)
# Tracing makes many objects that live, and looking through them for garbage as often as
# usual took a twentieth of the time.
gc.set_threshold(10_000, 10, 10)
# A shell that starts the tests in its background has SIGINT ignored, and so would all
# processes that tests start; those of a process that handles it have the default.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No absolute times: machines are noisy.
hypothesis.settings.register_profile("foreworld", deadline=None)
hypothesis.settings.load_profile("foreworld")

_MOST_MAPS = 20_000
_MOST_BYTES = 3 * 2**30
_MOST_SECONDS = 20.0
"""Processor time of a test that is not marked slow, on the machine of _REFERENCE.

Tests beyond it are listed at the end; one beyond twice as much has failed. Between the
two lies what the same test varies by from one machine, and one hour, to the next.
"""
_REFERENCE = 0.25
"""Seconds that :func:`_machine` takes there."""
_GROUPS = {"launch/slurm": "slurm", "play": "browser", "notebook": "browser"}
"""Tests that need one thing of the machine, and so run one after the other."""
_SPENT = pytest.StashKey[float]()
_LONG = "long"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Tests of one file, or of one group, run in one process and share its fixtures."""
    return _Scheduler(config, log)


class _Scheduler(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0].removeprefix("tests/")
        return next((g for p, g in _GROUPS.items() if file.startswith(p)), file)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Count the processor time of a test and of the processes it started."""
    before = sum(os.times()[:4])
    try:
        return (yield)
    finally:
        item.stash[_SPENT] = sum(os.times()[:4]) - before


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """List a test that takes long and is not marked slow; refuse one of twice that."""
    report = yield
    if call.when != "call" or item.get_closest_marker("slow") or not report.passed:
        return report
    spent = item.stash[_SPENT]
    if spent <= _MOST_SECONDS:
        return report
    spent *= min(1.0, _REFERENCE / _machine())
    says = (
        f"it took {spent:.0f} s of processor time, more than {_MOST_SECONDS:g} s "
        f"of the reference machine. Make it smaller, or mark it slow."
    )
    if spent > 2 * _MOST_SECONDS:
        report.outcome, report.longrepr = "failed", says
    elif spent > _MOST_SECONDS:
        report.user_properties.append((_LONG, says))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests should be smaller."""
    for report in terminalreporter.getreports("passed"):
        for name, says in report.user_properties:
            if name == _LONG:
                terminalreporter.write_line(f"LONG {report.nodeid}: {says}")


def _machine() -> float:
    """Seconds that this machine takes for a fixed piece of work."""
    begun, total = time.process_time(), 0
    for number in range(4_000_000):
        total += number
    return max(time.process_time() - begun, 1e-3)


@pytest.fixture(autouse=True)
def own_folder(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Nothing that a test writes lands in the checkout."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("FOREWORLD_HOME", str(home))
    # The tracker sets it for its library; set and deleted, so that this is undone.
    monkeypatch.setenv("TRACKIO_DIR", str(home))
    monkeypatch.delenv("TRACKIO_DIR")
    # What a test trusts, no other one does.
    monkeypatch.setenv("FOREWORLD_TRUST", "")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.chdir(home)
    return home


@pytest.fixture(scope="session")
def slurm_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A Slurm of one node; skips where none is installed."""
    require()
    with running(tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster


@pytest.fixture
def slurm(slurm_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The same, found by the commands of this test."""
    monkeypatch.setenv("SLURM_CONF", slurm_cluster.conf)
    return slurm_cluster


@pytest.fixture(autouse=True, scope="module")
def _few_programs() -> Iterator[None]:
    """Share compiled programs from the first one on; forget them before there are many.

    Each one holds several mappings of memory, of which a Linux process has 65,530: the
    whole suite in one process needs more, and XLA crashes when they run out.
    """
    if "jax" in sys.modules:
        from foreworld.core import compilation

        compilation.configure()
    yield
    maps = Path("/proc/self/maps")
    jax = sys.modules.get("jax")
    if jax is None or not maps.exists():
        return
    with maps.open("rb") as file:
        num = sum(1 for _ in file)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    if num > _MOST_MAPS or pages * os.sysconf("SC_PAGE_SIZE") > _MOST_BYTES:
        jax.clear_caches()
        gc.collect()

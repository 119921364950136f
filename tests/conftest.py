"""Shared fixtures: every test works in a folder of its own and may reuse programs."""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launch.slurm.cluster import Cluster, require, running

# Before JAX is imported: subprocesses and repeated programs share one cache.
os.environ.setdefault(
    "FOREWORLD_CACHE", str(Path(__file__).parent.parent / ".pytest_cache" / "xla")
)
os.environ.setdefault("JAX_PLATFORMS", "cpu")

_MOST_MAPS = 20_000


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
    """Forget compiled programs before there are too many.

    Each one holds several mappings of memory, of which a Linux process has 65,530: the
    whole suite in one process needs more, and XLA crashes when they run out.
    """
    yield
    maps = Path("/proc/self/maps")
    jax = sys.modules.get("jax")
    if jax is None or not maps.exists():
        return
    with maps.open("rb") as file:
        num = sum(1 for _ in file)
    if num > _MOST_MAPS:
        jax.clear_caches()
        gc.collect()

"""Shared fixtures: every test works in a folder of its own and may reuse programs."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launch.slurm.cluster import Cluster, require, running

# Before JAX is imported: subprocesses and repeated programs share one cache.
os.environ.setdefault(
    "FOREWORLD_CACHE", str(Path(__file__).parent.parent / ".pytest_cache" / "xla")
)
os.environ.setdefault("JAX_PLATFORMS", "cpu")


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

"""Every launcher keeps the contract."""

import pytest

from foreworld.core.registry import entries
from foreworld.testing.launchers import check_launcher

SMALL = {
    "processes": {"workers": 2},
    "slurm": {"workers": 3, "memory_gb": 0.25, "poll_seconds": 0.2},
}
"""Settings for a small machine."""


@pytest.mark.parametrize("name", entries("launch"))
def test_contract(name, tmp_path, request):
    if name == "slurm":
        request.getfixturevalue("slurm")
    check_launcher(entries("launch")[name].load()(**SMALL.get(name, {})), tmp_path)

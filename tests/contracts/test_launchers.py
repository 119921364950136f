"""Every launcher keeps the contract."""

import pytest

from foreworld.core.registry import entries
from foreworld.launch.processes import Processes
from foreworld.testing.launchers import check_launcher


@pytest.mark.parametrize("name", entries("launch"))
def test_contract(name, tmp_path):
    cls = entries("launch")[name].load()
    launcher = Processes(workers=2) if cls is Processes else cls()
    check_launcher(launcher, tmp_path)

"""Runs one after the other in a program give what runs side by side give."""

from typing import ClassVar

import numpy as np
import pytest

from foreworld.learners.ppo.ppo import PPO
from foreworld.networks.mlp import MLP
from foreworld.testing.probes import ProbeLearner, ProbeWorld
from foreworld.train.lanes import Run
from foreworld.train.loop import read_history, train
from foreworld.train.parameters import Parameters


class OneByOne(ProbeLearner):
    """A probe whose runs come one after the other."""

    @property
    def runs_by(self):
        return "scan"


class OneByOneNetwork(MLP):
    """A network that would rather not be batched over runs."""

    runs_by: ClassVar = "scan"


def trained(learner, folder, num):
    base = Parameters(ProbeWorld(), learner)
    rates = (0.1, 0.2, 0.3)[:num]
    train([Run(base.set("learning_rate", x), 0) for x in rates], folder)
    return read_history(folder)[0]


@pytest.mark.parametrize("num", [1, 3])
def test_scan_is_vmap(num, tmp_path):
    fields = {"num_updates": 11}
    batch = trained(ProbeLearner(**fields), tmp_path / "a", num)
    scan = trained(OneByOne(**fields), tmp_path / "b", num)
    for name, metric in batch.train.items():
        found = scan.train[name]
        assert found.total.shape == metric.total.shape == (num, 11)
        np.testing.assert_allclose(found.total, metric.total, rtol=1e-5)
    np.testing.assert_allclose(
        scan.test["nearness"].total, batch.test["nearness"].total, rtol=1e-5
    )


def test_networks_say_how_their_runs_are_made():
    assert PPO().runs_by == "vmap"
    assert PPO(network=OneByOneNetwork()).runs_by == "scan"

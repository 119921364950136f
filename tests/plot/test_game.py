"""Two learners in one game go the whole way: loop, checkpoint, sweep, report."""

import jax
import numpy as np

import foreworld as fw
from foreworld.learners import PPO
from foreworld.networks import MLP
from foreworld.plot.report.page import report
from foreworld.testing.games import RepeatedMatchingPennies

SIZES = {
    "num_envs": 2,
    "num_steps": 8,
    "num_epochs": 1,
    "num_minibatches": 1,
    "total_steps": 160,
    "network": MLP(hidden_size=8),
}


def test_a_game_is_swept_kept_and_reported(own_folder):
    game = RepeatedMatchingPennies(num_rounds=4)
    learner = PPO(**SIZES)
    study = fw.Study(
        name="pennies",
        base=fw.Parameters(game, learner, seed=3),
        over={"agents.even.learning_rate": [0.0, 1e-2]},
        seeds=2,
    )
    folder = fw.sweep(study, quiet=True)
    gathered = fw.results(folder, quiet=True)
    assert gathered.sizes["point"] == 2 and gathered.sizes["seed"] == 2
    returns = gathered["discounted_return_even"].values
    np.testing.assert_allclose(
        returns, -gathered["discounted_return_odd"].values, atol=1e-5
    )
    assert fw.best(folder).point in (0, 1)
    still, moved = (folder.state(point, 0).agents for point in (0, 1))
    assert set(still) == {"even", "odd"}
    pairs = zip(
        jax.tree.leaves(still["even"].network),
        jax.tree.leaves(moved["even"].network),
        strict=True,
    )
    assert any(np.any(a != b) for a, b in pairs), "each agent has its own settings"
    page = report([folder], own_folder / "report.html").read_text()
    assert "agents.even.learning_rate" in page
    assert "discounted return" in page
    assert fw.check(folder.path) == []

"""Every learner meets every world and data set: it trains, or says why it cannot."""

import itertools

import pytest
from contracts.small import small, small_world

import foreworld as fw
from foreworld.core.errors import FitError
from foreworld.core.registry import entries
from foreworld.testing.games import RepeatedMatchingPennies
from foreworld.train.lanes import Run
from foreworld.train.layout import Layout
from foreworld.train.loop import read_history, train
from foreworld.train.parameters import Parameters
from foreworld.train.plan import plan_training

WHAT = [*entries("worlds"), "probe game", "data set"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data set of a few short sequences."""
    folder = tmp_path_factory.mktemp("data") / "pendulum"
    sizes = {"train": 6, "val": 2, "test": 2}
    fw.generate("pendulum", folder, num_frames=6, quiet=True, **sizes)
    return folder


@pytest.mark.parametrize(
    ("learner", "what"), list(itertools.product(entries("learners"), WHAT))
)
def test_pair(learner, what, data, tmp_path):
    if what == "data set":
        params = Parameters(None, small(learner), data)
    else:
        game = what == "probe game"
        world = RepeatedMatchingPennies() if game else small_world(what)
        params = Parameters(world, small(learner))
    try:
        plan = plan_training(params)
    except FitError as error:
        assert len(str(error)) > 40
        return
    plan = plan._replace(layout=Layout(2, 1, 1))
    train([Run(params, 0), Run(params, 1)], tmp_path, plan=plan)
    history, _ = read_history(tmp_path)
    assert history.failed.tolist() == [-1, -1]
    assert params.learner.score in history.test

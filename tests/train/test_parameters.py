"""Parameters of an experiment: names, nesting, messages, round trips."""

import pytest

from foreworld.core.errors import ConfigError, UnknownNameError
from foreworld.testing.probes import ProbeLearner, ProbeWorld
from foreworld.train.parameters import Parameters
from foreworld.worlds.make import make


def test_names_and_nested_fields():
    params = Parameters("tmaze", ProbeLearner(), noise=0.5, world={"length": 7}, seed=3)
    assert params.world == make("tmaze", length=7)
    assert params.learner == ProbeLearner(noise=0.5)
    assert (params.seed, params.data, params.name) == (3, None, "tmaze_probelearner")


def test_dotted_keywords():
    params = Parameters(
        "tmaze", ProbeLearner(), **{"world.length": 7, "learner.noise": 0.5}
    )
    assert params.get("world.length") == 7
    assert params.get("noise") == params.get("learner.noise") == 0.5


def test_set_takes_names_and_paths():
    params = Parameters(ProbeWorld(), ProbeLearner())
    assert params.set("world", "tmaze").world == make("tmaze")
    assert params.set("noise", 1).learner.noise == 1.0
    assert params.set("seed", 9).seed == 9
    assert params.learner.noise == 0.1


def test_own_class_by_file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from typing import ClassVar\n"
        "from foreworld.learners.base import AbstractLearner\n"
        "class Mine(AbstractLearner):\n"
        "    score: ClassVar[str] = 'x'\n"
        "    rate: float = 0.5\n"
        "    def check_fit(self, source): pass\n"
        "    def budget(self, source): pass\n"
        "    def init(self, key, source): pass\n"
        "    def update(self, state, source, key, progress): pass\n"
        "    def evaluate(self, state, source, key): pass\n"
        "    def policy(self, state, source): pass\n"
    )
    params = Parameters("tmaze", f"{path}:Mine", rate=1)
    assert params.learner.rate == 1.0 and params.name == "tmaze_mine"
    assert Parameters.from_json(params.to_json()) == params


def test_round_trips_are_exact():
    params = Parameters(ProbeWorld(target=0.1), ProbeLearner(noise=1 / 3), seed=2)
    assert Parameters.from_dict(params.to_dict()) == params
    assert Parameters.from_json(params.to_json()) == params
    assert Parameters.from_json(params.to_json()).to_json() == params.to_json()


@pytest.mark.parametrize(
    ("make_it", "message"),
    [
        (
            lambda: Parameters("tmze", ProbeLearner()),
            r"unknown world 'tmze'. Did you mean 'tmaze' or 'pobax_tmaze'\? Known: .*",
        ),
        (
            lambda: Parameters("tmaze", "pppo"),
            r"unknown learner 'pppo'. Did you mean 'ppo'\? Known: .*ppo",
        ),
        (
            lambda: Parameters("tmaze", ProbeLearner(), nois=1),
            r"unknown field of ProbeLearner 'nois'. Did you mean 'noise'\? Known: bro",
        ),
        (
            lambda: Parameters("tmaze", ProbeLearner(), world={"lenth": 1}),
            r"unknown field of TMaze 'lenth'. Did you mean 'length'\?",
        ),
        (
            lambda: Parameters("tmaze", ProbeLearner(), noise=-1),
            r"ProbeLearner.noise=-1.0 must be at least 0",
        ),
        (
            lambda: Parameters("tmaze", ProbeLearner(), noise="loud"),
            r"ProbeLearner.noise: expected a number, got 'loud' \(str\)",
        ),
        (lambda: Parameters("tmaze"), "an experiment needs a learner. Known: .*ppo"),
        (lambda: Parameters(None, "ppo"), "needs a world to act in or data"),
        (
            lambda: Parameters(None, "ppo", world={"length": 3}),
            "fields for a world .length. but no world",
        ),
        (lambda: Parameters(3, "ppo"), "expected a world or the name of one, got 3"),
        (
            lambda: Parameters("tmaze", "ppo", world="tmaze"),
            "world is given twice: 'tmaze' and 'tmaze'",
        ),
        (
            lambda: Parameters("tmaze", ProbeLearner(), seed=-1),
            "Parameters.seed=-1 must be at least 0",
        ),
        (lambda: Parameters("tmaze", ProbeLearner()).get("nois"), "Did you mean 'noi"),
        (lambda: Parameters(None, "ppo", 3), "data: expected the folder of a data set"),
    ],
)
def test_messages(make_it, message):
    with pytest.raises(ConfigError, match=message):
        make_it()


def test_missing_data_set_is_named():
    with pytest.raises(Exception, match="nowhere") as caught:
        Parameters(None, ProbeLearner(), "data/nowhere")
    assert not isinstance(caught.value, UnknownNameError)

"""Every learner keeps the contract, in a source that it fits."""

from typing import Annotated, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from contracts.small import small

from foreworld.core.errors import FitError
from foreworld.core.parts.part import Traced
from foreworld.core.registry import entries
from foreworld.data.views.source import DataSource
from foreworld.learners.base import AbstractLearner, Budget
from foreworld.learners.metrics import Mean
from foreworld.learners.start import started
from foreworld.testing.checks import CheckError
from foreworld.testing.games import RepeatedMatchingPennies
from foreworld.testing.learners import check_learner
from foreworld.testing.probes import ProbeLearner, ProbeWorld, SlowProbeLearner
from foreworld.worlds.make import make


def data_source():
    """Discs that move, as a data set gives them: 6 sequences of 6 frames, passive."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:16, :16]
    start, speed = rng.uniform(4, 8, (6, 1, 2)), rng.uniform(0, 1, (6, 1, 2))
    centre = start + speed * np.arange(6)[None, :, None]
    away = (y - centre[..., 0, None, None]) ** 2 + (x - centre[..., 1, None, None]) ** 2
    return DataSource(
        {
            "image": jnp.asarray(
                (away < 9).astype(np.uint8)[..., None] * np.uint8(255)
            ),
            "state": jnp.asarray(centre, jnp.float32),
            "valid": jnp.ones((6, 6), bool),
        },
    )


def sources():
    """One source of each sort, by name."""
    return {
        "tmaze": make("tmaze", length=3, max_episode_len=20),
        "pennies": RepeatedMatchingPennies(),
        "data": data_source(),
    }


@pytest.mark.parametrize("name", entries("learners"))
def test_contract(name):
    learner, fitted = small(name), 0
    for source in sources().values():
        try:
            learner.check_fit(source)
        except FitError:
            continue
        check_learner(learner, source)
        fitted += 1
    assert fitted, f"{name} fits none of {list(sources())}: add a source that it fits"


@pytest.mark.parametrize("learner", [ProbeLearner(), SlowProbeLearner()])
def test_probes(learner):
    check_learner(learner, ProbeWorld())


class Broken(AbstractLearner):
    """Breaks one rule of the contract, as told."""

    score: ClassVar[str] = "value"

    rate: Annotated[float, Traced(low=0)] = 0.5
    how: str = ""

    def check_fit(self, source):
        pass

    def budget(self, source):
        return Budget(0 if self.how == "budget" else 3, 1, "steps")

    def init(self, key, source, start=None):
        state = {"x": jnp.ones(2)}
        return state if self.how == "start" else started(state, start)

    def update(self, state, source, key, progress):
        x = state["x"] + self.rate
        if self.how == "grows":
            x = jnp.concatenate([x, x])
        if self.how == "python branch" and self.rate > 0:
            x = x * 2
        if self.how == "nan":
            x = x / 0 * 0
        if self.how == "idle":
            x = state["x"]
        value = jnp.sum(x) if self.how == "bare metric" else Mean.of(x)
        return {"x": x}, {"value": value}

    def evaluate(self, state, source, key):
        name = "other" if self.how == "score" else "value"
        return {name: Mean.of(state["x"])}

    def policy(self, state, source):
        raise FitError("does not act")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("start", "a run starts from and the one that init gives"),
        ("budget", "must give whole numbers of at least 1"),
        ("grows", "state before and after an update"),
        ("nan", "NaN in"),
        ("idle", "changed nothing in the state"),
        ("bare metric", "metric 'value' must be one of Mean, Least"),
        ("score", "is ranked by 'value', but evaluate gives only other"),
    ],
)
def test_broken_rules_are_named(how, message):
    with pytest.raises(CheckError, match=message):
        check_learner(Broken(how=how), ProbeWorld())


def test_python_branch_on_a_traced_field():
    with pytest.raises(jax.errors.TracerBoolConversionError):
        check_learner(Broken(how="python branch"), ProbeWorld())


def test_sound_learner_passes():
    check_learner(Broken(), ProbeWorld())

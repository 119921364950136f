"""Every tracker keeps the contract; wandb is tried against a stand-in."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from foreworld.core.parts.config import from_json, to_json
from foreworld.core.registry import entries
from foreworld.track.base import AbstractTrace, AbstractTracker


class StandIn:
    """The part of the wandb package that the tracker uses."""

    def __init__(self):
        self.runs = {}

    def init(self, **settings):
        """Open a run; a resumed one knows its last step."""
        old = self.runs.get(settings["id"]) if settings["resume"] else None
        logged = old.logged if old else []
        run = SimpleNamespace(
            step=logged[-1][1] + 1 if logged else 0, logged=logged, finish=lambda: None
        )
        run.log = lambda values, step: logged.append((values, step))
        self.runs[settings["id"]] = run
        return run


@pytest.fixture(autouse=True)
def no_outside(monkeypatch, own_folder):
    stand_in = StandIn()
    monkeypatch.setitem(sys.modules, "wandb", stand_in)
    return stand_in


@pytest.mark.parametrize("name", entries("track"))
def test_contract(name):
    cls = entries("track")[name].load()
    assert issubclass(cls, AbstractTracker)
    tracker = cls()
    assert from_json(to_json(tracker)) == tracker
    steps, nan = np.asarray([10, 20]), float("nan")
    for resumed in (False, True):
        trace = tracker.start("contract", "p0-s0", {"seed": 0}, resumed)
        assert isinstance(trace, AbstractTrace)
        trace.log(steps, {"a": np.asarray([1.0, nan], np.float32), "b": [1.0, 2.0]})
        trace.log([], {})
        trace.finish()


def test_wandb_repeats_no_step(no_outside):
    tracker = entries("track")["wandb"].load()()
    for resumed in (False, True):
        trace = tracker.start("study", "p0-s0", {}, resumed)
        trace.log([10, 20], {"a": [1.0, 2.0]})
        trace.finish()
    (run,) = no_outside.runs.values()
    assert run.logged == [({"a": 1.0}, 10), ({"a": 2.0}, 20)]

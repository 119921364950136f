"""A tracker's failure never breaks a training."""

import sys

import pytest

from foreworld.core.errors import ConfigError, UnknownNameError
from foreworld.track._open import (
    make_tracker,
    open_run,
    recall_tracker,
    remember_tracker,
)
from foreworld.track.base import AbstractTrace, AbstractTracker, rows
from foreworld.track.off import Off
from foreworld.track.wandb import Wandb


class Broken(AbstractTracker):
    """Fails when told to."""

    at: str = "log"
    """where it fails"""

    def start(self, project, run, config, resumed):
        """Fail now or later."""
        if self.at == "start":
            raise OSError("no disk")
        return BrokenTrace()


class BrokenTrace(AbstractTrace):
    """Fails at every call."""

    def log(self, steps, metrics):
        """Fail."""
        raise OSError("no disk")

    def finish(self):
        """Fail."""
        raise OSError("no disk")


@pytest.mark.parametrize("at", ["start", "log"])
def test_a_failing_tracker_warns_once(at):
    with pytest.warns(RuntimeWarning, match="tracker failed for p0-s0") as caught:
        trace = open_run(Broken(at), "study", "p0-s0", {}, False)
        trace.log([1], {"a": [1.0]})
        trace.log([2], {"a": [1.0]})
        trace.finish()
    assert len(caught) == 1


def test_wandb_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ConfigError, match=r'pip install "foreworld\[wandb\]"'):
        open_run(Wandb(), "study", "p0-s0", {}, False)


def test_a_folder_remembers_its_tracker(tmp_path):
    assert recall_tracker(tmp_path) == Off()
    remember_tracker(tmp_path, Wandb(entity="us", mode="offline"))
    assert recall_tracker(tmp_path) == Wandb(entity="us", mode="offline")


def test_unknown_tracker():
    with pytest.raises(UnknownNameError, match="unknown tracker 'trakio'"):
        make_tracker("trakio")


def test_rows_leave_out_what_is_not_finite():
    nan = float("nan")
    assert rows([1, 2], {"a": [1.0, nan], "b": [nan, nan]}) == [(1, {"a": 1.0})]
    with pytest.raises(ValueError, match="b has 1 values for 2 steps"):
        rows([1, 2], {"a": [1.0, 2.0], "b": [1.0]})

"""Folders of studies: of two that begin at once, one has the folder."""

import pytest

import foreworld as fw
from foreworld.core.errors import OccupiedError
from foreworld.sweeps.plan import prepare as preparing
from foreworld.sweeps.plan.prepare import prepare, read_plan
from foreworld.sweeps.study.find import read_study
from foreworld.testing.probes import ProbeLearner, ProbeWorld


def study(name):
    base = fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=3))
    return fw.Study(name, base)


@pytest.mark.parametrize("moment", ["make_plan", "lease"])
def test_of_two_studies_that_begin_at_once_one_is_refused(
    tmp_path, monkeypatch, moment
):
    """The second looked at an empty folder before the first wrote into it."""
    folder, real = tmp_path / "a", getattr(preparing, moment)

    def others_first(*args, **settings):
        monkeypatch.setattr(preparing, moment, real)
        prepare(study("first"), folder)
        return real(*args, **settings)

    monkeypatch.setattr(preparing, moment, others_first)
    with pytest.raises(OccupiedError, match=r"holds another study .first-"):
        prepare(study("second"), folder)
    assert read_study(folder).name == "first"
    assert read_plan(folder)

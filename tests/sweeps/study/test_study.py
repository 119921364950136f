"""Studies: points in their order, exclusions, messages, files."""

import numpy as np
import pytest

from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.core.parts.config import from_json, to_json
from foreworld.sweeps.study.find import load_study, study_files
from foreworld.sweeps.study.study import Study, single
from foreworld.testing.probes import ProbeLearner, ProbeWorld
from foreworld.train.parameters import Parameters

BASE = Parameters(ProbeWorld(), ProbeLearner(), seed=2)


def study(over=None, **fields):
    return Study("probe", BASE, over or {}, **fields)


def test_points_are_the_product_in_order_last_key_fastest():
    over = {"learning_rate": [0.1, 0.2], "world.size": [2, 3], "noise": [0.0, 0.5]}
    points = study(over).points()
    assert [tuple(p.fields.values()) for p in points[:3]] == [
        (0.1, 2, 0.0),
        (0.1, 2, 0.5),
        (0.1, 3, 0.0),
    ]
    assert [p.index for p in points] == list(range(8))
    assert points[2].parameters.world.size == 3
    assert points[5].parameters.learner == ProbeLearner(learning_rate=0.2, noise=0.5)


def test_exclude_needs_all_named_to_match():
    over = {"hidden_size": [32, 16], "seed": [7, 8]}
    left = study(over, exclude=[{"seed": [8], "hidden_size": [16]}]).points()
    assert [tuple(p.fields.values()) for p in left] == [(32, 7), (32, 8), (16, 7)]
    left = study(over, exclude=[{"seed": 8}, {"hidden_size": [16, 32], "seed": 7}])
    with pytest.raises(ConfigError, match="no points left: exclude removes all 4"):
        left.points()


def test_exclude_matches_values_and_not_spellings():
    over = {"learning_rate": [np.float32(0.2), 1], "hidden_size": [2]}
    left = study(over, exclude=[{"learner.learning_rate": 1.0, "hidden_size": 2.0}])
    assert [p.fields["learning_rate"] for p in left.points()] == [0.2]


def test_round_trip_and_folder_name():
    one = study({"learning_rate": (0.1, 1), "world": [ProbeWorld(), "tmaze"]}, seeds=3)
    assert from_json(to_json(one)) == one
    again = study(
        {"learning_rate": [0.1, 1.0], "world": [ProbeWorld(), "tmaze"]}, seeds=3
    )
    assert again.folder_name == one.folder_name
    other = one.replace(base=BASE.replace(seed=5))
    assert other.folder_name == one.folder_name.replace("-s2", "-s5")
    assert one.replace(seeds=4).folder_name != one.folder_name


def test_single():
    assert single(BASE, 4).name == "probeworld_probelearner"
    assert [p.fields for p in single(BASE).points()] == [{}]


@pytest.mark.parametrize(
    ("make_it", "message"),
    [
        (
            lambda: study({"lerning_rate": [1]}),
            "field of ProbeLearner 'lerning_rate'. Did you mean 'learning_rate'",
        ),
        (
            lambda: study({"learning_rate": [0.1, -1]}),
            "ProbeLearner.learning_rate=-1.0 must be at least 0",
        ),
        (
            lambda: study({"learning_rate": 0.1}),
            r"over\['learning_rate'\]: expected a list of values, got 0.1. .* \[0.1\]",
        ),
        (lambda: study({"learning_rate": []}), "is empty: give at least one value"),
        (lambda: study({"noise": [0.1, 0.10]}), "holds 0.1 twice"),
        (
            lambda: study({"noise": [0.1]}, exclude=[{"nose": 1}]),
            "unknown swept field in exclude 'nose'. Did you mean 'noise'",
        ),
        (lambda: study({}, seeds=0), "Study.seeds=0 must be at least 1"),
        (lambda: Study("a/b", BASE), "Study.name='a/b' must be made of letters"),
        (lambda: Study("a", "tmaze"), r"Study.base: expected Parameters\(...\), got"),
        (lambda: study({"world": ["tmze"]}), "unknown world 'tmze'"),
    ],
)
def test_messages(make_it, message):
    with pytest.raises(ForeworldError, match=message):
        make_it()


FILE = """
import foreworld as fw
from foreworld.testing.probes import ProbeLearner, ProbeWorld

study = fw.Study(
    name="mine",
    base=fw.Parameters(ProbeWorld(), ProbeLearner()),
    over={"noise": [0, 1]},
)
"""


def test_files_and_names(own_folder):
    folder = own_folder / "studies" / "some"
    folder.mkdir(parents=True)
    (folder / "mine.py").write_text(FILE)
    (folder / "empty.py").write_text("")
    (folder / "_helper.py").write_text("")
    assert list(study_files()) == ["some/empty", "some/mine"]
    for name in ("mine", "some/mine"):
        assert load_study(name) == load_study("studies/some/mine.py")
    (folder.parent / "mine.py").write_text(FILE)
    assert load_study("mine") == load_study("studies/mine.py")
    (folder.parent / "mine.py").unlink()
    (folder.parent / "other").mkdir()
    (folder.parent / "other" / "mine.py").write_text(FILE)
    with pytest.raises(ConfigError, match=r"'mine' may be other/mine or some/mine"):
        load_study("mine")
    (folder.parent / "other" / "mine.py").unlink()
    assert load_study("mine").over == {"noise": (0.0, 1.0)}
    with pytest.raises(ConfigError, match=r"unknown study 'mne'. Did you mean 'some/m"):
        load_study("mne")
    with pytest.raises(ConfigError, match=r"empty.py holds no study. It must define"):
        load_study("empty")
    with pytest.raises(ConfigError, match=r"no such file: nothing.py"):
        load_study("nothing.py")

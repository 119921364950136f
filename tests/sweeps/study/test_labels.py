"""Labels tell the truth: a point's parameters have the values that it is named by."""

import numpy as np
import pytest

from foreworld.core.errors import ConfigError
from foreworld.core.parts.config import from_json, to_json
from foreworld.learners import PPO
from foreworld.sweeps.study.change import changed
from foreworld.sweeps.study.hparams import read_hparams
from foreworld.sweeps.study.study import Study
from foreworld.testing.probes import ProbeLearner, ProbeWorld
from foreworld.train.parameters import Parameters
from foreworld.worlds import Gymnax, Pendulum, TMaze

BASE = Parameters("tmaze", "ppo", world={"length": 3})
"""The case `swept_field_inside_swept_part` and its kind."""


def labels_of(study):
    """What points are called, each compared with what was built."""
    points = study.points()
    for point in points:
        for key, value in point.fields.items():
            assert point.parameters.get(key) == value, key
    return [tuple(point.fields.values()) for point in points]


def test_a_name_stands_for_the_only_nested_field_that_has_it():
    base = Parameters("tmaze", "ppo", network="gru", hidden_size=8)
    assert base.learner.network.hidden_size == 8
    assert base.get("hidden_size") == 8
    study = Study("s", base, over={"hidden_size": [4, 16]})
    assert labels_of(study) == [(4,), (16,)]
    assert study.swept == ["network.hidden_size"]
    again = Study("s", base, over={"network.hidden_size": [4, 16]})
    assert again.folder_name == study.folder_name
    for given in ({"network.hidden_size": 32}, {"network": {"hidden_size": 32}}):
        with pytest.raises(
            ConfigError, match=r"network\.hidden_size is given twice, as"
        ):
            Parameters("tmaze", "ppo", hidden_size=8, **given)
    twice = {"hidden_size": [8, 16], "network.hidden_size": [4, 32]}
    with pytest.raises(ConfigError, match=r"network\.hidden_size"):
        Study("s", base, over=twice)
    with pytest.raises(ConfigError, match="unknown field of PPO 'hiden_size'"):
        Parameters("tmaze", "ppo", hiden_size=8)


@pytest.mark.parametrize(
    ("over", "message"),
    [
        (
            {"world.length": [3, 4], "world": [TMaze()]},
            "'world' contains 'world.length', and whichever is set last would replace",
        ),
        (
            {"learner": [PPO()], "learning_rate": [0.1, 1e-5]},
            "'learner' contains 'learning_rate'",
        ),
        (
            {"learning_rate": [0.1], "learner.learning_rate": [3e-3]},
            "'learning_rate' and 'learner.learning_rate' are the same field",
        ),
        (
            {("learning_rate", "num_steps"): [(0.1, 8)], "num_steps": [8]},
            "'num_steps' and 'num_steps' are the same field",
        ),
        ({"world": ["tmaze"]}, r"TMaze by name has its defaults, .* world.length=3"),
        ({"world": ["pendulum"]}, r"the base's world.length=3 would be lost"),
        ({"learning_rate": {0.1, 0.2}}, "is a set, whose order differs from process"),
        ({("num_envs", "num_steps"): [{2, 4}]}, r"expected tuples of 2 values, .*got"),
        ({("num_envs", "num_steps"): [(2, 4, 8)]}, "expected tuples of 2 values"),
        ({("num_envs", "num_steps"): [(2, 4), [2.0, 4]]}, "holds .2, 4. twice"),
        ({(): [1]}, "the key .. must be the name of a field"),
        ({3: [1]}, "the key 3 must be the name of a field"),
    ],
)
def test_what_would_be_labelled_falsely_is_refused(over, message):
    with pytest.raises(ConfigError, match=message):
        Study("labels", BASE, over)


def test_a_part_by_some_fields_keeps_the_base_or_is_refused():
    base = Parameters(Pendulum(picture={"margin": 0.4}), PPO())
    with pytest.raises(ConfigError, match=r"world.picture.margin=0.4 would be lost"):
        Study("labels", base, {"world.picture": [{"image_size": 16}]})
    with pytest.raises(ConfigError, match=r"Sweep the field itself \('world.mass'\)"):
        Study("labels", base, {"world": [{"mass": 2.0}]})
    both = {"world.picture": [{"image_size": 16, "margin": 0.4}]}
    point = Study("labels", base, both).points()[0].parameters
    assert (
        point.get("world.picture.margin"),
        point.get("world.picture.image_size"),
    ) == (
        0.4,
        16,
    )


def test_fields_that_change_together():
    over = {
        ("num_envs", "num_steps"): [(2, 64), (8.0, 16)],
        "learning_rate": [0.1, 0.2],
    }
    study = Study("labels", BASE, over, exclude=[{"num_envs": 2, "learning_rate": 0.1}])
    assert study.swept == ["num_envs", "num_steps", "learning_rate"]
    assert labels_of(study) == [(2, 64, 0.2), (8, 16, 0.1), (8, 16, 0.2)]
    assert from_json(to_json(study)) == study
    again = Study("labels", BASE, {**over}, exclude=study.exclude)
    assert again.folder_name == study.folder_name
    with pytest.raises(ConfigError, match="must be the name of one swept field"):
        Study("labels", BASE, over, exclude=[{("num_envs", "num_steps"): (2, 64)}])


def test_values_that_only_go_together_are_checked_together():
    """Neither number of minibatches divides the base's batch alone."""
    base = BASE.replace(learner=PPO(num_envs=4, num_minibatches=4))
    over = {("num_envs", "num_minibatches"): [(3, 3), (5, 5)]}
    assert labels_of(Study("labels", base, over)) == [(3, 3), (5, 5)]


def test_a_study_that_is_changed_keeps_its_labels():
    over = {("num_envs", "num_steps"): [(2, 64), (4, 64), (4, 32)]}
    study = Study("labels", BASE, over)
    assert labels_of(changed(study, {"num_envs": 8})) == [(64,), (32,)]
    worlds = Study("labels", BASE, {"world": [TMaze(length=4), TMaze(length=5)]})
    with pytest.raises(ConfigError, match="the study sweeps 'world', which contains"):
        changed(worlds, {"world.length": 6})


def test_entries_of_dictionaries_are_swept():
    base = Parameters(Gymnax(env="CartPole-v1"), "ppo")
    study = Study("labels", base, {"world.params.force_mag": [5, 7.5]})
    assert labels_of(study) == [(5,), (7.5,)]
    assert from_json(to_json(study)) == study
    assert study.points()[1].parameters.world.params == {"force_mag": 7.5}
    with pytest.raises(
        ConfigError, match=r"'world.params' contains 'world.params.grav"
    ):
        over = {"world.params.gravity": [1.0], "world.params": [{"force_mag": 1.0}]}
        Study("labels", base, over)


def test_swept_arrays_are_compared_as_arrays():
    from foreworld.sweeps.study.axes import same

    assert same(np.arange(3), np.arange(3)) and not same(np.arange(3), np.ones(3))
    assert not same(np.float32([1]), np.float64([1]))


def test_old_files_may_sweep_a_world_and_a_field_of_it():
    args = {"env": ["tmaze_2", "tmaze_3"], "perfect_memory": [False, True]}
    exclude = {"env": ["tmaze_3"], "perfect_memory": [True]}
    file = {"entry": "ppo", "args": [args], "exclude": exclude}
    (study,) = read_hparams(file, "old").studies
    worlds = [row[0] for row in labels_of(study)]
    found = [(world.length, world.perfect_memory) for world in worlds]
    assert found == [(2, False), (2, True), (3, False)]


def test_names_of_studies_can_be_folders():
    with pytest.raises(ConfigError, match=r"has 300 letters, and at most 200 can name"):
        Study("n" * 300, BASE)


class Linked(ProbeLearner):
    """Has a field that sets another one."""

    def __check_init__(self) -> None:
        super().__check_init__()
        if self.momentum > 0:
            object.__setattr__(self, "noise", 0.25)


def test_a_field_that_another_one_sets_is_no_label():
    base = Parameters(ProbeWorld(), Linked())
    over = {"noise": [0.0, 0.5], "momentum": [0.0, 0.9]}
    with pytest.raises(ConfigError) as error:
        Study("labels", base, over).points()
    assert str(error.value) == (
        "study 'labels', point (noise=0.0, momentum=0.9): 'noise' is 0.25 once all "
        "values are set, not 0.0 as the point would be labelled: 'momentum' sets it "
        "too. Sweep one of them, or give both by objects."
    )


def test_a_dictionary_keeps_what_the_base_says_of_it():
    base = Parameters(Gymnax("CartPole-v1", params={"length": 1.0}), "ppo")
    with pytest.raises(
        ConfigError, match=r"world\.params\['length'\]=1\.0 would be lo"
    ):
        Study("a", base, {"world.params": [{"gravity": 9.8}, {"gravity": 3.0}]})
    whole = [{"gravity": 9.8, "length": 1.0}, {"gravity": 3.0, "length": 2.0}]
    assert labels_of(Study("a", base, {"world.params": whole})) == [(w,) for w in whole]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"gravity": 1e39}, r"gravity=1e\+39 is not finite in float32"),
        ({"max_steps_in_episode": 200.5}, "must be a whole number of 32 bits"),
        ({"max_steps_in_episode": 2**40}, "must be a whole number of 32 bits"),
    ],
)
def test_entries_of_dictionaries_are_numbers_that_programs_hold(entry, message):
    with pytest.raises(ConfigError, match=message):
        labels_of(Study("a", Parameters(Gymnax("CartPole-v1", params=entry), "ppo")))


def test_values_that_are_one_number_in_programs_are_no_two_points():
    with pytest.raises(ConfigError, match="are one number in programs"):
        Study("a", BASE, {"learning_rate": [0.1, 0.1 + 1e-12]})
    with pytest.raises(ConfigError, match="may be 0 in float32"):
        Study("a", BASE, {"learning_rate": [1e-50, 1e-60]})
    with pytest.raises(ConfigError, match="at most 1,000,000 can be planned"):
        many = list(range(20_000))
        Study("a", BASE, {"learning_rate": many, "world.length": many})

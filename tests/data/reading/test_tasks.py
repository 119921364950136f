"""Collections: tasks merged with labels, shape policies, damage and repair."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.errors import (
    ConfigError,
    DamagedError,
    OccupiedError,
    UnknownNameError,
)
from foreworld.data.making.generate import plan, work
from foreworld.data.making.shards import prepare
from foreworld.data.reading.dataset import DataSet
from foreworld.data.sets.base import NamedSet
from foreworld.train.parameters import Parameters
from foreworld.train.sources import describe_sources, open_sources
from foreworld.worlds.ranges import Uniform
from tests.data.small import digests

SIZES = {"train": 6, "val": 2, "test": 2, "num_frames": 4, "quiet": True}
WIDTH = {"chunk_len": 2, "shard_len": 4}


def two_kinds() -> NamedSet:
    """Tasks whose states have 2 and 4 numbers."""
    return NamedSet(
        {
            "swing": fw.worlds.Pendulum.family(mass=Uniform(0.5, 1.0)),
            "ball": fw.worlds.BouncingBall.family(gravity_y=-2.5),
            "heavy": fw.worlds.Pendulum.family(length=Uniform(0.5, 1.0), mass=2.0),
        }
    )


@pytest.fixture(scope="module")
def unequal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("c") / "unequal"
    fw.generate(two_kinds(), folder, **SIZES, **WIDTH)
    return folder


@pytest.fixture(scope="module")
def gravity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("c") / "gravity3"
    fw.generate("slvm/gravity3", folder, **SIZES, **WIDTH)
    return folder


@pytest.fixture
def copy(gravity: Path, tmp_path: Path) -> Path:
    shutil.copytree(gravity, tmp_path / "gravity3")
    return tmp_path / "gravity3"


def test_tasks_are_merged_in_order(gravity):
    data = fw.load(gravity)
    assert isinstance(data, DataSet)
    assert list(data.tasks) == ["grav_0", "grav_1", "grav_2"]
    assert len(data) == 30 and len(data.train) == 18
    train = data.train
    assert train.label.dtype == np.int64
    assert train.label[:].tolist() == [[0]] * 6 + [[1]] * 6 + [[2]] * 6
    for label, one in enumerate(data.tasks.values()):
        rows = slice(6 * label, 6 * label + 6)
        for name in ("image", "state", "index", "key"):
            np.testing.assert_array_equal(
                train.read(name, rows), one.train.read(name, slice(None))
            )
    # Rows in any order, with repetitions, across tasks.
    rows = np.array([17, 0, 7, 7, 12, 5])
    np.testing.assert_array_equal(train.state[rows], train.state[:][rows])
    np.testing.assert_array_equal(train.state[-1], data.tasks["grav_2"].train.state[5])
    assert repr(data).endswith(
        "3 tasks (grav_0, grav_1, grav_2); train 18, val 6, test 6 sequences"
    )
    assert data.val.place == str(gravity)


def test_loaders_give_the_same_rows(gravity):
    train = fw.load(gravity).train
    seen = {}
    for batch in train.loader(5, seed=3):
        for key, image in zip(batch["key"], batch["image"], strict=True):
            seen[tuple(key)] = image
    for key, image in zip(train.key[:], train.image[:], strict=True):
        np.testing.assert_array_equal(seen[tuple(key)], image)
    torch = pytest.importorskip("torch")
    batch = next(iter(train.loader(18, shuffle=False).torch()))
    assert batch["label"].dtype == torch.int64
    np.testing.assert_array_equal(batch["state"].numpy(), train.state[:])


def test_on_the_device(gravity):
    data = fw.load(gravity)
    source = data.train.device()
    assert source.image.shape == (18, 4, 32, 32, 1)
    assert source.task_sizes == (6, 6, 6)
    np.testing.assert_array_equal(np.asarray(source.state), data.train.state[:])
    # Made once for the same files, not for others.
    assert fw.load(gravity).train.device() is source
    assert data.val.device().image.shape[0] == 6


def test_a_single_world_learner_trains_on_it(gravity):
    parameters = Parameters(None, "rnn_deconvolve", str(gravity))
    described = describe_sources(parameters).train.data
    opened = open_sources(parameters).train.data
    assert opened is not None and described is not None
    for name in ("image", "state", "valid"):
        ours, theirs = getattr(described, name), getattr(opened, name)
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    assert described.task_sizes == opened.task_sizes


def test_unequal_states_need_a_policy(unequal):
    data = fw.load(unequal)
    assert data.tasks["ball"].train.state.shape == (6, 4, 4)
    with pytest.raises(ConfigError) as caught:
        data.train.state[0]
    assert str(caught.value) == (
        f"the tasks of {unequal} cannot be merged: state is unequal (4x2 in swing, "
        f"heavy; 4x4 in ball). states='pad' or states='truncate' makes them equal. "
        f"Each task alone is .tasks['swing'] and so on."
    )
    padded = fw.load(unequal, states="pad").train
    assert padded.state.shape == (18, 4, 4)
    assert not padded.state[:6, :, 2:].any() and padded.state[6:12, :, 2:].any()
    cut = data.with_states("truncate").train
    assert cut.state.shape == (18, 4, 2)
    np.testing.assert_array_equal(cut.state[:], padded.state[:][..., :2])
    assert data.with_states("truncate", 1).train.device().state.shape == (18, 4, 1)
    with pytest.raises(ConfigError, match=r"num_columns=3 must be at most 2: state of"):
        data.with_states("truncate", 3).train.state[0]
    with pytest.raises(UnknownNameError, match=r"unknown policy for states 'cut'"):
        data.with_states("cut")
    with pytest.raises(ConfigError, match=r"num_columns=2 goes with states='truncate'"):
        data.with_states("pad", 2)
    with pytest.raises(ConfigError, match=r"states='pad' is for data sets of several"):
        data.tasks["ball"].with_states("pad")


def test_parameters_of_tasks_with_other_ranges(unequal):
    """Drawn, or else the fixed value, or else no number."""
    merged = fw.load(unequal, states="pad").train.parameters
    data = fw.load(unequal)
    assert list(merged) == ["length", "mass"]
    mass, length = merged["mass"][:], merged["length"][:]
    drawn = data.tasks["swing"].train.parameters["mass"]
    np.testing.assert_array_equal(mass[:6], drawn[:])
    assert np.isnan(mass[6:12]).all() and (mass[12:] == 2).all()
    assert (length[:6] == 1).all() and len(np.unique(length[12:])) == 6


def test_policy_is_in_the_identity_of_an_experiment(unequal):
    words = {"data": {"path": str(unequal), "states": "pad"}}
    parameters = Parameters(None, "rnn_deconvolve", **words)
    assert parameters.data is not None
    assert parameters.data.dataset().train.state.shape[-1] == 4
    again = Parameters.from_dict(parameters.to_dict())
    assert again == parameters


def test_unequal_frames_are_named(tmp_path):
    named = NamedSet(
        {
            "a": fw.worlds.Pendulum.family(),
            "b": fw.worlds.Pendulum.family(picture={"colour": "rgb"}),
        }
    )
    data = fw.generate(named, tmp_path / "x", **{**SIZES, **WIDTH})
    with pytest.raises(ConfigError, match=r"image is unequal \(4x32x32x1 in a; 4x32x"):
        data.train.device()


def test_a_split_that_tasks_lack(unequal, gravity, tmp_path):
    data = fw.generate("slvm/gravity3", tmp_path / "g", **{**SIZES, **WIDTH, "val": 0})
    with pytest.raises(ConfigError) as caught:
        data.val.state[0]
    assert str(caught.value) == (
        f"{tmp_path / 'g'} has no val sequences, only train, test. Generate it with "
        f"--val above 0."
    )
    with pytest.raises(UnknownNameError, match=r"unknown split 'valid'"):
        data.split("valid")


def test_a_task_that_is_missing_or_another(copy, gravity):
    shutil.rmtree(copy / "grav_1")
    with pytest.raises(DamagedError) as caught:
        fw.load(copy)
    assert str(caught.value) == (
        f"{copy / 'grav_1'} is missing: it is a task of {copy}. Run the same "
        f"'foreworld generate' command again; the other tasks are kept."
    )
    assert fw.check(copy)[0] == f"{copy / 'grav_1/test/shard-00000.h5'} is missing."
    shutil.copytree(gravity / "grav_2", copy / "grav_1")
    assert any("grav_1" in line for line in fw.check(copy))


def test_missing_tasks_are_made_again(copy, gravity):
    shutil.rmtree(copy / "grav_1")
    (copy / "grav_2/train/shard-00000.h5").write_bytes(b"cut")
    fw.generate("slvm/gravity3", copy, **SIZES, **WIDTH)
    assert fw.check(copy) == []
    assert digests(copy) == digests(gravity)


def test_any_altered_byte_is_found(copy):
    for path in sorted(p for p in copy.rglob("*") if p.is_file()):
        whole = path.read_bytes()
        place = len(whole) // 2
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert fw.check(copy), path
        path.write_bytes(whole)
    assert fw.check(copy) == []
    (copy / "notes.txt").write_text("mine")
    assert fw.check(copy) == [f"{copy / 'notes.txt'} does not belong to this data set."]


def test_others_files_are_left_alone(copy, tmp_path):
    (copy / "notes.txt").write_text("mine")
    with pytest.raises(OccupiedError, match=r"holds something that is no data set"):
        fw.generate("slvm/gravity3", copy, **SIZES, **WIDTH)
    assert main(["rm", str(copy), "--yes"]) == 2
    assert (copy / "grav_0/train").exists()
    (copy / "notes.txt").unlink()
    with pytest.raises(OccupiedError, match=r"holds another data set \("):
        fw.generate("slvm/pendulum3", copy, **SIZES, **WIDTH)
    data = fw.generate("slvm/pendulum3", copy, force=True, **SIZES, **WIDTH)
    assert list(data.tasks) == [f"pendulum_{i}" for i in range(3)]
    assert fw.check(copy) == []
    assert sorted(p.name for p in copy.iterdir()) == [
        "config.json",
        "manifest.json",
        *data.tasks,
    ]


def test_rm_takes_all_of_it(copy, capsys):
    assert main(["rm", str(copy), "--yes"]) == 0
    assert not copy.exists()


WORK = """
import sys
from pathlib import Path
from foreworld.data.making.generate import work
work(Path(sys.argv[1]))
"""


def test_workers_share_the_tasks(gravity, tmp_path):
    """The same bytes by two processes, of which one is killed."""
    sizes = {name: value for name, value in SIZES.items() if name != "quiet"}
    recipe = plan("slvm/gravity3", **sizes, **WIDTH)
    folder = tmp_path / "g"
    prepare(folder, recipe, force=False)
    command = [sys.executable, "-c", WORK, str(folder)]
    workers = [subprocess.Popen(command, env=os.environ) for _ in range(2)]
    workers[0].kill()
    assert [worker.wait(120) for worker in workers][1] == 0
    work(folder)
    assert digests(folder) == digests(gravity)


def test_a_recipe_makes_the_same_again(gravity, tmp_path):
    again = fw.generate(fw.load(gravity).recipe, tmp_path / "again", quiet=True)
    assert digests(again.path) == digests(gravity)
    with pytest.raises(ConfigError, match=r"a recipe says all: leave seed away"):
        fw.generate(again.recipe, tmp_path / "x", seed=2)


def test_recipes_that_make_no_sense():
    recipe = plan("slvm/gravity3", scale=0.01)
    for name in ("train", "..", "a/b"):
        with pytest.raises(ConfigError, match=r"a task cannot be called"):
            recipe.replace(tasks={name: recipe.tasks["grav_0"]})
    with pytest.raises(ConfigError, match=r"says that it is 'grav_0': tasks of one"):
        recipe.replace(tasks={"other": recipe.tasks["grav_0"]})


def test_configurations_that_were_altered(copy):
    config = json.loads((copy / "config.json").read_text())
    (copy / "manifest.json").unlink()
    with pytest.raises(DamagedError, match=r"is not finished: its generation was"):
        fw.load(copy)
    for number in (1, 4):
        config["format"] = number
        (copy / "config.json").write_text(json.dumps(config))
        with pytest.raises(ConfigError, match=f"is written in format {number} of data"):
            fw.load(copy)


def test_episodes_of_tasks(gravity):
    episodes = fw.load(gravity).train.episodes(num_context=2, seed=0)
    assert episodes.tasks.sizes == (6, 6, 6)
    assert len(episodes) == 12

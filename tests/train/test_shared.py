"""What runs share: opened once a process and split, and passed without a run axis."""

import shutil

import jax
import numpy as np
import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core import opened
from foreworld.core.errors import ConfigError, DamagedError
from foreworld.core.parts import config
from foreworld.core.parts.partition import combine, partition
from foreworld.core.parts.reference import UnopenedError
from foreworld.data import AbstractGenerator, DataRef, FileRef
from foreworld.data.format.schema import Column
from foreworld.learners import PPO
from foreworld.networks import MLP
from foreworld.testing import PointsGame, ProbeWorld, check_world
from foreworld.train.lanes import Run, make_lanes, static_of
from foreworld.train.sources import describe_sources, open_sources
from foreworld.users import RandomPolicy
from foreworld.worlds.rollout import rollout

WORTH = {"train": 1.0, "val": 2.0, "test": 3.0}
SMALL = PPO(
    network=MLP(hidden_size=4),
    num_envs=2,
    num_steps=4,
    total_steps=16,
    num_minibatches=1,
    num_epochs=1,
    eval_num_lanes=2,
    eval_num_episodes=2,
    eval_num_steps=8,
)


def write_points(path, scale=1.0, num=5):
    """A file of points whose worth tells the split."""
    rng, arrays = np.random.default_rng(0), {}
    for split, worth in WORTH.items():
        arrays[f"{split}/place"] = rng.normal(size=(num, 2)).astype(np.float32)
        arrays[f"{split}/side"] = rng.integers(0, 2, num).astype(np.int32)
        arrays[f"{split}/worth"] = np.full(num, scale * worth, np.float32)
    np.savez(path, **arrays)
    return str(path)


@pytest.fixture
def points(tmp_path):
    return write_points(tmp_path / "points.npz")


def test_a_path_becomes_a_reference_that_knows_what_it_means(points, tmp_path):
    game = PointsGame(points)
    assert isinstance(game.points, FileRef) and len(game.points.contents) == 64
    assert config.from_json(config.to_json(game)) == game
    moved = tmp_path / "elsewhere.npz"
    shutil.copy(points, moved)
    assert config.content_hash(PointsGame(str(moved))) == config.content_hash(game)
    other = PointsGame(write_points(tmp_path / "other.npz", 2.0))
    assert config.content_hash(other) != config.content_hash(game)
    assert partition(other)[0] != partition(game)[0]
    assert partition(PointsGame(str(moved)))[0] == partition(game)[0]


def test_in_python_arrays_stand_in_its_place(points):
    game = PointsGame(points)
    train, test = opened(game), opened(game, "test")
    assert float(train.points["worth"][0]) == 1 and float(test.points["worth"][0]) == 3
    assert opened(game).points["place"] is train.points["place"]
    assert opened(ProbeWorld()) == ProbeWorld()
    assert train.replace(stake=2.0).points is train.points
    static, *leaves = partition(train)
    assert set(leaves[2]) == {"points"} and combine(static, *leaves).points == (
        train.points
    )
    with pytest.raises(UnopenedError, match="has no 'place': open it first"):
        game.reset(jax.random.key(0))
    with pytest.raises(ConfigError, match=r"PointsGame\.points is open: arrays stand"):
        config.to_json(train)
    check_world(game)
    steps = rollout(game, RandomPolicy(opened(game)), jax.random.key(0), 3, 2)
    np.testing.assert_array_equal(steps.reward["teller"], 1.0)


def test_splits_of_a_shared_world_reach_the_learner(points, tmp_path):
    base = fw.Parameters(PointsGame(points), SMALL)
    folder = fw.run_experiment(base, out=tmp_path / "run", quiet=True)
    for split in ("val", "test"):
        values = np.asarray(folder.results[f"{split}_discounted_return"])
        values = values[np.isfinite(values)]
        assert values.size
        np.testing.assert_allclose(values, WORTH[split], rtol=1e-6)


def test_references_are_swept_like_static_fields(points, tmp_path):
    base = fw.Parameters(PointsGame(points), SMALL)
    other = write_points(tmp_path / "other.npz", 10.0)
    found = fw.Study("points", base, over={"world.points": [points, other]}).points()
    assert [p.parameters.world.points.path for p in found] == [points, other]
    assert len({static_of(point.parameters) for point in found}) == 2


def test_runs_have_one_copy(points):
    base = fw.Parameters(PointsGame(points), SMALL)
    lanes = make_lanes([Run(base, seed) for seed in range(3)])
    assert not any("points" in path for path in lanes.leaves)
    found = open_sources(base)
    assert found.train.shared["world.points"]["place"].shape == (5, 2)
    again = describe_sources(base)
    assert all(
        a is b
        for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(again), strict=True)
    )
    assert found.num_bytes == 3 * 5 * (2 + 1 + 1) * 4


def test_splits_have_one_copy_of_what_they_share(tmp_path):
    arrays = {"all": np.arange(6.0), "train/own": np.zeros(2), "test/own": np.ones(2)}
    np.savez(tmp_path / "mixed.npz", **arrays)
    ref = FileRef(str(tmp_path / "mixed.npz"))
    train, test = ref.open("train"), ref.open("test")
    assert train["all"] is test["all"] and train["all"].dtype == np.float32
    assert float(train["own"][0]) == 0 and float(test["own"][0]) == 1


def test_what_is_gone_or_altered_is_named(points, tmp_path):
    base = fw.Parameters(PointsGame(points), SMALL)
    with pytest.raises(ConfigError, match=r"points\.npz was altered: it is another"):
        write_points(points, 7.0)
        open_sources(base)
    (tmp_path / "points.npz").unlink()
    with pytest.raises(DamagedError, match=r"world\.points: there is no file .*points"):
        open_sources(base)
    with pytest.raises(ConfigError, match=r"there is nothing at .*points"):
        PointsGame(points)
    with pytest.raises(ConfigError, match="holds nothing for the split val"):
        np.savez(tmp_path / "short.npz", **{"train/place": np.zeros((2, 2))})
        FileRef(str(tmp_path / "short.npz")).open("val")


def test_the_command_line_says_which_fields_are_shared(capsys):
    assert main(["show", "foreworld.testing:PointsGame"]) == 0
    assert "shared" in capsys.readouterr().out


class Points(AbstractGenerator):
    """Points as rows of a data set; their worth tells the split by its seed."""

    @property
    def columns(self):
        return (
            Column("place", (2,), "float32", axis="none"),
            Column("side", (), "int32", axis="none"),
            Column("worth", (), "float32", axis="none"),
        )

    def make(self, first, count, keys):
        rng = [np.random.default_rng(key) for key in keys]
        return {
            "place": np.array([one.normal(size=2) for one in rng], np.float32),
            "side": np.array([one.integers(2) for one in rng], np.int32),
            "worth": np.ones(count, np.float32),
        }


def test_a_data_set_is_shared_alike(tmp_path):
    folder = tmp_path / "points"
    sizes = {"train": 4, "val": 3, "test": 2}
    data = fw.generate(Points(), folder, quiet=True, **sizes)
    game = PointsGame(str(folder))
    assert isinstance(game.points, DataRef)
    assert game.points.known_as() == (DataRef, ("identity", data.identity), *STATES)
    place = opened(game, "test").points["place"]
    np.testing.assert_array_equal(place, data.test.read("place", slice(None)))
    found = fw.run_experiment(
        fw.Parameters(game, SMALL), out=tmp_path / "run", quiet=True
    )
    assert found.results["test_discounted_return_teller"].notnull().all()
    moved = shutil.move(folder, tmp_path / "elsewhere")
    assert config.content_hash(PointsGame(str(moved))) == config.content_hash(game)


STATES = (("states", "equal"), ("num_columns", 0))

"""Columns whose rows differ in length: on the disk, in NumPy, PyTorch and programs."""

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import foreworld as fw
from foreworld.core.errors import ConfigError, DamagedError
from foreworld.core.spaces import Box, Sequence
from foreworld.data import DataRef, Recipe, TaskRecipe
from foreworld.data.format.check import check_dataset
from foreworld.data.reading.split import Split
from foreworld.data.views.ragged import Ragged
from foreworld.testing.columns import ColumnProbe
from foreworld.testing.generators import RandomWalks
from tests.data.format.test_check import reseal

SIZES = {"chunk_len": 4, "shard_len": 8, "quiet": True}
SHARD = "train/shard-00001.h5"


@pytest.fixture(scope="module")
def walks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished data set; nobody writes into it."""
    folder = tmp_path_factory.mktemp("walks") / "data"
    fw.generate(RandomWalks(), folder, train=20, val=4, test=4, **SIZES)
    return folder


@pytest.fixture
def train(walks: Path) -> Split:
    return fw.load(walks).train


def rows(split: Split) -> list[np.ndarray]:
    """Each row as its generator makes it."""
    made = RandomWalks().make(0, len(split), np.asarray(split.key[:]))
    return made["walk"]


def same(found: Ragged, wanted: list[np.ndarray]) -> bool:
    pairs = zip(found, wanted, strict=True)
    return all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in pairs)


def test_the_files(walks: Path, train: Split) -> None:
    wanted = rows(train)[8:16]
    lengths = [len(row) for row in wanted]
    with h5py.File(walks / SHARD) as file:
        assert np.array_equal(file["walk"][:], np.concatenate(wanted))
        assert file["lengths/walk"][:].tolist() == lengths
        assert file["offsets/walk"][:].tolist() == [0, *np.cumsum(lengths)[:-1]]
        told = {n: file[n].attrs["dimensions"] for n in ("walk", "lengths/walk")}
        assert told == {"walk": "entry walk_0", "lengths/walk": "sequence"}
        assert file["drift"].attrs["dimensions"] == "sequence drift_0"
    data = fw.generate(
        RandomWalks(), walks.parent / "npz", train=9, store="npz", **SIZES
    )
    with np.load(data.path / "train" / "shard-00000.npz") as file:
        first = np.concatenate(rows(train)[:8])
        assert np.array_equal(file["walk"], first)
        assert file["lengths/walk"].sum() == len(first)
    assert same(data.train.walk[:], rows(train)[:9]) and check_dataset(data.path) == []


def test_rows_in_numpy(train: Split) -> None:
    wanted = rows(train)
    for index in (0, -1, np.int64(7), 19):
        assert np.array_equal(train.walk[index], wanted[index])
        assert np.array_equal(train[index]["walk"], wanted[index])
    for index in (slice(None), slice(5, 12), slice(0, 0), slice(None, None, -3)):
        assert same(train.walk[index], wanted[index])
    for numbers in ([19, 3, 3, 8, 0], [], [7, 8, 9]):
        assert same(train.walk[numbers], [wanted[i] for i in numbers])
    assert same(train.walk[np.arange(20) > 16], wanted[17:])
    assert same(pickle.loads(pickle.dumps(train)).walk[:3], wanted[:3])
    # Workers of loaders need no code of a person's own.
    assert b"RandomWalks" not in pickle.dumps(train)
    assert len(train.walk) == 20 and len(next(iter(train.walk))) == 3
    assert train.walk.max_len == 12 and train.walk.dtype == np.float32
    with pytest.raises(ConfigError) as caught:
        np.asarray(train.walk)
    assert str(caught.value) == (
        f"walk of {train.place} has rows of different lengths, which make no one "
        f"array. One row is split.walk[7]; some with their lengths are split.walk[:8], "
        f"and .rows(np.arange(8)) of these fills them up."
    )
    with pytest.raises(IndexError, match="there is no sequence 20 in the split train"):
        train.walk[20]
    values, there = train.walk[:8].rows(np.arange(8))
    assert values.shape == (8, 12, 2) and there.sum(1).tolist() == [
        len(row) for row in wanted[:8]
    ]


@pytest.mark.parametrize("pad", [False, True])
def test_batches(train: Split, pad: bool) -> None:
    wanted = rows(train)
    loader = train.loader(6, seed=1, pad=pad)
    tensors = iter(loader.torch())
    for batch in loader.epoch(0):
        some = [wanted[i] for i in batch["index"]]
        lengths = [len(row) for row in some]
        if pad:
            assert batch["walk"].shape == (len(some), max(lengths), 2)
            assert batch["mask/walk"].sum(1).tolist() == lengths
            assert np.array_equal(
                batch["walk"][batch["mask/walk"]], np.concatenate(some)
            )
            assert not batch["walk"][~batch["mask/walk"]].any()
        else:
            assert batch["lengths/walk"].tolist() == lengths
            assert np.array_equal(batch["walk"], np.concatenate(some))
        found = next(tensors)
        assert found.keys() == batch.keys()
        assert all(np.array_equal(found[n].numpy(), batch[n]) for n in batch)
    assert set(train.batch([2, 1])) == {
        *("walk", "upwards", "lengths/walk", "lengths/upwards"),
        *("drift", "key", "index"),
    }


def test_views_of_frames_are_refused(train: Split) -> None:
    with pytest.raises(ConfigError, match="have no frames: there is no column valid"):
        train.loader(2, window=3)
    with pytest.raises(ConfigError, match="of which there are no few-shot episodes"):
        train.episodes(1)
    with pytest.raises(ConfigError, match="holds no switching series"):
        train.windows()


def test_learners_see_values_and_lengths(walks: Path, train: Split) -> None:
    source, wanted = train.device(), rows(train)
    column = source.get("walk")
    entry = Box(-np.inf, np.inf, (2,), "float32")
    assert source.spaces["walk"] == Sequence(entry, 12)
    assert isinstance(column, Ragged) and isinstance(column.values, jax.Array)
    assert source.num_sequences == 20 and column.longest == 12
    values, there = jax.jit(Ragged.rows)(column, jnp.array([19, 3]))
    assert there.sum(1).tolist() == [len(wanted[19]), len(wanted[3])]
    assert np.array_equal(values[0][: len(wanted[19])], wanted[19])

    learner = ColumnProbe(column="walk", num_updates=2)
    parameters = fw.Parameters(None, learner, str(walks))
    study = fw.run_experiment(parameters, out=walks.parent / "run", quiet=True)
    mean = np.concatenate(rows(fw.load(walks).test)).mean()
    assert float(study.results.test_mean.squeeze()) == pytest.approx(mean, rel=1e-5)
    shared = DataRef(str(walks)).read("train")
    assert shared["lengths/walk"].sum() == len(shared["walk"])


def test_several_tasks(tmp_path: Path) -> None:
    sizes = {"train": 6, "shard_len": 4, "chunk_len": 4}
    tasks = {
        name: TaskRecipe(RandomWalks(max_len=most), task=name, **sizes)
        for name, most in (("short", 3), ("long", 9))
    }
    data = fw.generate(Recipe(tasks), tmp_path / "data", quiet=True)
    apart = [*data.tasks["short"].train.walk, *data.tasks["long"].train.walk]
    assert same(data.train.walk[:], apart) and data.train.walk.max_len == 9
    mixed = [11, 0, 5, 6, 0]
    assert same(data.train.walk[mixed], [apart[i] for i in mixed])
    batch = next(iter(data.train.loader(12, shuffle=False)))
    assert batch["label"].ravel().tolist() == [0] * 6 + [1] * 6
    assert np.array_equal(batch["walk"], np.concatenate(apart))
    assert data.train.device().spaces["walk"].max_len == 9
    assert check_dataset(data.path) == []


def change(name: str, row: int, by: int) -> Callable[[Path], None]:
    def changed(folder: Path) -> None:
        with h5py.File(folder / SHARD, "r+") as file:
            file[name][row] += by

    return changed


def retype(folder: Path) -> None:
    with h5py.File(folder / SHARD, "r+") as file:
        lengths = file["lengths/walk"][:].astype(np.int32)
        del file["lengths/walk"]
        file["lengths/walk"] = lengths


def shorten(folder: Path) -> None:
    with h5py.File(folder / SHARD, "r+") as file:
        values = file["walk"][:-1]
        del file["walk"]
        file["walk"] = values


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            change("offsets/walk", 3, 1),
            "offsets/walk says 19 at row 3, but the lengths before it add up to 18",
        ),
        (
            change("lengths/walk", 1, -9),
            "lengths/walk says -6 at row 1; 0 to 12 are allowed",
        ),
        (
            change("lengths/walk", 0, 20),
            "lengths/walk says 27 at row 0; 0 to 12 are allowed",
        ),
        (
            change("lengths/walk", 4, 1),
            "lengths/walk adds up to 30, but walk has 29 entries",
        ),
        (shorten, "lengths/walk adds up to 29, but walk has 28 entries"),
    ],
)
def test_damage(
    walks: Path, tmp_path: Path, damage: Callable[[Path], None], said: str
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(walks, folder)
    damage(folder)
    assert "altered" in check_dataset(folder)[0]
    reseal(folder)
    assert check_dataset(folder) == [f"{folder / SHARD}: {said}."]
    split = fw.load(folder).train
    assert len(split.walk[0]) == 3
    for read in (split.device, lambda: split.walk[9], lambda: split[9]):
        with pytest.raises(DamagedError) as caught:
            read()
        assert str(caught.value) == f"{folder / SHARD} is damaged: {said}."


def test_lengths_of_another_type(walks: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(walks, folder)
    retype(folder)
    reseal(folder)
    assert check_dataset(folder) == [
        f"{folder / SHARD}: lengths/walk is (8,) int32 instead of (8,) int64."
    ]
    with pytest.raises(DamagedError, match=r"lengths/walk is int32\[8\] instead of in"):
        fw.load(folder).train.walk[:]

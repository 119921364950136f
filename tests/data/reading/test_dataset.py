"""Data sets in Python: lazy columns, batches, device arrays, references."""

import pickle
from pathlib import Path

import h5py
import jax.numpy as jnp
import numpy as np
import pytest

import foreworld as fw
from foreworld.core.errors import ConfigError, DamagedError, UnknownNameError
from foreworld.core.parts.config import content_hash, from_json, to_json
from foreworld.data.reading.dataset import DataSet, open_dataset
from foreworld.data.reading.reference import DataRef
from foreworld.worlds.dynamics.pendulum import Pendulum
from tests.data.small import NUM_FRAMES


@pytest.fixture(scope="module")
def data(made: Path) -> DataSet:
    return open_dataset(made)


def test_a_relative_folder_outlives_the_working_folder(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(made.parent)
    data = open_dataset(made.name)
    assert repr(data).startswith(f"DataSet {made.name}: Pendulum(")
    split = pickle.loads(pickle.dumps(data.train))
    monkeypatch.chdir(tmp_path)
    assert data.path == made
    for one in (data.train, data.val, split):
        assert one.image[0].shape == (NUM_FRAMES, 32, 32, 1)


def test_a_home_is_meant_by_its_sign(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(made.parent))
    assert open_dataset(f"~/{made.name}").path == made
    assert fw.load(f"~/{made.name}").path == made
    assert DataRef(f"~/{made.name}").dataset().path == made


def test_others_can_open_a_shard_meanwhile(data: DataSet) -> None:
    first = data.train.state[0]
    with h5py.File(data.path / "train/shard-00000.h5") as file:
        np.testing.assert_array_equal(file["state"][0], first)
        np.testing.assert_array_equal(data.train.state[1], file["state"][1])


def test_what_it_says_of_itself(made: Path, data: DataSet) -> None:
    assert repr(data) == (
        f"DataSet {made}: Pendulum(picture.canvas={data.family.world.picture.canvas}, "
        f"mass=0.47..0.93, length=0.5..1.1); train 600, val 20 sequences of 6 frames; "
        f"seed 0"
    )
    assert repr(data.val) == f"Split val of {made}: 20 sequences"
    assert repr(data.val.state).startswith("state (20, 6, 2) float32 of Split val")
    assert len(data) == 620 and len(data.train) == 600 and len(data.val.image) == 20


def test_columns_index_like_arrays(data: DataSet) -> None:
    image, state = data.train.image, data.train.state
    whole = np.asarray(state)
    assert image.shape == (600, NUM_FRAMES, 32, 32, 1) and image.dtype == np.uint8
    assert image[3].shape == (NUM_FRAMES, 32, 32, 1)
    for index in (
        0,
        -1,
        np.int64(251),
        slice(None),
        slice(240, 260),
        slice(590, None, 3),
        slice(5, 5),
        [3, 599, 3, 0],
        np.array([500, 20]),
        np.arange(600) % 7 == 0,
        [],
        np.uint8(7),
        np.array(3),
        jnp.array(2),
        ...,
        (),
        None,
        (4, 1),
        (slice(2, 5), 1, 0),
        ([0, 1], [1, 2]),
        (2, slice(None), [0, 1]),
        np.array([[0, 1], [2, 3]], np.uint8),
        np.ones((600, NUM_FRAMES), bool),
    ):
        wanted = np.asarray(index, int) if isinstance(index, list) else index
        np.testing.assert_array_equal(state[index], whole[wanted])
    np.testing.assert_array_equal(image[[5, 255]], image[:][[5, 255]])
    for bad in (600, -601, [0, 600]):
        with pytest.raises(IndexError, match="in the split train"):
            state[bad]
    for few in ([True] * 599, True, [True]):
        with pytest.raises(IndexError, match="choose among the 600 sequences"):
            state[few]
    for strange in (1.0, [1.0], np.array(2.0), "state", {}):
        with pytest.raises(
            TypeError, match=r"by whole numbers of sequences, by slices"
        ):
            state[strange]
    with pytest.raises(AttributeError, match=r"train of .*: 'label'\. Known: image"):
        _ = data.train.label
    assert set(data.train.parameters) == {"mass", "length"}
    assert data.train.parameters["mass"][:].shape == (600,)


def test_columns_are_counted_and_changed_as_arrays_are(data: DataSet) -> None:
    state = data.train.state
    assert state.ndim == 3 and state.size == 600 * NUM_FRAMES * 2
    assert state.astype(np.float64).dtype == np.float64
    assert state[0, 0, 0] in state and 1e9 not in state


def test_batches(data: DataSet) -> None:
    batches = list(data.train.loader(64, seed=3))
    assert [len(batch["index"]) for batch in batches] == [64] * 9 + [24]
    order = np.concatenate([batch["index"] for batch in batches])
    assert sorted(order) == list(range(600)) and order.tolist() != sorted(order)
    batch = batches[4]
    np.testing.assert_array_equal(batch["state"], data.train.state[batch["index"]])
    np.testing.assert_array_equal(batch["image"], data.train.image[batch["index"]])
    assert set(batch) == set(data.train.columns)

    def order_of(epoch: int = 0, **settings: int) -> list[int]:
        parts = data.train.loader(64, **settings).epoch(epoch)
        return np.concatenate([part["index"] for part in parts]).tolist()

    assert order_of(seed=3) == order.tolist()
    assert order_of(seed=4) != order.tolist()
    assert order_of(seed=3, epoch=1) != order.tolist()
    assert order_of(shuffle=False) == list(range(600))
    assert len(order_of(drop_last=True)) == 576
    data.train.close()


def test_bad_batches(data: DataSet) -> None:
    with pytest.raises(ConfigError, match=r"batch_size=0 must be at least 1: the"):
        data.train.loader(0)
    with pytest.raises(ConfigError, match=r"batch_size=21 must .* and at most 20: the"):
        data.val.loader(21, drop_last=True)


def test_device(data: DataSet, made: Path) -> None:
    source = data.val.device()
    assert source.num_sequences == 20 and source.sequence_len == NUM_FRAMES
    assert source.image.dtype == jnp.uint8 and source.action is None
    np.testing.assert_array_equal(source.image, data.val.image[:])
    np.testing.assert_array_equal(source.state, data.val.state[:])
    np.testing.assert_array_equal(
        source.parameters["mass"], data.val.parameters["mass"][:]
    )
    assert bool(source.valid.all()) and source.action_space is None
    assert open_dataset(made).val.device() is source


def test_splits_travel_to_other_processes(data: DataSet) -> None:
    data.train.state[0]
    there = pickle.loads(pickle.dumps(data.train))
    np.testing.assert_array_equal(there.state[7], data.train.state[7])


def test_missing_splits(data: DataSet, made: Path) -> None:
    assert len(data.test) == 0
    for use in (lambda: data.test.image, lambda: data.test.device()):
        with pytest.raises(
            ConfigError,
            match=r"has no test sequences, only train, val\. Generate it with --test",
        ):
            use()
    with pytest.raises(UnknownNameError, match=r"split 'valid'\. Did you mean 'val'\?"):
        data.split("valid")


def test_the_wrong_folder(made: Path, copy: Path, tmp_path: Path) -> None:
    with pytest.raises(DamagedError, match=r"no data set: .*config\.json is missing"):
        open_dataset(tmp_path / "nowhere")
    assert open_dataset(made, world="pendulum").family.world.picture.canvas > 0
    assert open_dataset(made, world=Pendulum)
    with pytest.raises(
        ConfigError, match=r"is a data set of Pendulum, not of TMaze\. Choose"
    ):
        open_dataset(made, world="tmaze")
    config = copy / "config.json"
    text = config.read_text()
    config.write_text(text.replace('"seed": 0', '"seed": 1'))
    with pytest.raises(DamagedError, match=r"config\.json was altered: its checksum"):
        open_dataset(copy)
    (copy / "manifest.json").unlink()
    config.write_text(text.replace('"kind": "data set"', '"kind": "study"'))
    with pytest.raises(ConfigError, match="holds a study, not a data set"):
        open_dataset(copy)
    config.write_text(text.replace('"format": 3', '"format": 9'))
    with pytest.raises(ConfigError, match=r"format 9 .* reads formats 2 and 3"):
        open_dataset(copy)
    config.write_text(text)
    with pytest.raises(DamagedError, match="is not finished: its generation was"):
        open_dataset(copy)


def test_shards_that_went_bad_are_named_when_read(copy: Path) -> None:
    (copy / "train" / "shard-00001.h5").unlink()
    data = open_dataset(copy)
    assert data.train.state[10].shape == (NUM_FRAMES, 2)
    with pytest.raises(DamagedError, match=r"shard-00001\.h5 is missing"):
        data.train.state[:]


def test_a_reference_is_the_data_set_and_not_its_place(made: Path, copy: Path) -> None:
    here, there = DataRef(str(made)), DataRef(path=str(copy))
    assert here.identity == open_dataset(made).identity
    assert content_hash(here) == content_hash(there)
    assert from_json(to_json(here)) == here
    np.testing.assert_array_equal(
        there.dataset().val.state[:], here.dataset().val.state[:]
    )
    other = here.replace(identity="another")
    assert content_hash(other) != content_hash(here)
    with pytest.raises(ConfigError, match="holds another data set than this"):
        other.open()
    with pytest.raises(DamagedError, match="is no data set"):
        DataRef("nowhere")

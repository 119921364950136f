"""A person's own recordings as data sets."""

import h5py
import jax
import numpy as np
import pytest
from PIL import Image

from foreworld.cli.main import main
from foreworld.core.disk.folder import verify
from foreworld.core.errors import ConfigError, OccupiedError
from foreworld.core.spaces import Box, Discrete
from foreworld.data.exchange import described, importing
from foreworld.data.exchange.importing import import_data
from foreworld.data.exchange.recordings import names as recorded_names
from foreworld.data.format import schema
from foreworld.data.format.check import check_dataset
from foreworld.data.format.config import read_columns
from foreworld.data.reading.reference import DataRef

RNG = np.random.default_rng(0)


def frames(num=10, time=4, size=(6, 5), channels=3):
    return RNG.integers(0, 256, (num, time, *size, channels), np.uint8)


def save(path, **arrays):
    np.savez(path, **arrays)
    return path


def brought_in(*args, **settings):
    return import_data(*args, **{"quiet": True, **settings})


def rows_of(data, name):
    splits = [s for s, n in data.recipe.sizes.items() if n]
    return np.concatenate([getattr(data.split(s), name)[:] for s in splits])


def test_npz_with_everything(tmp_path):
    image = frames()
    action = RNG.integers(0, 3, (10, 3))
    action[0, 0] = 2
    state = RNG.normal(size=(10, 4, 2))
    path = save(
        tmp_path / "a.npz",
        image=image,
        state=state,
        action=action,
        reward=np.ones((10, 3)),
        terminated=np.zeros((10, 3), bool),
    )
    data = brought_in(path, tmp_path / "out", val=0.2, test=0.1)
    assert data.recipe.sizes == {"train": 7, "val": 2, "test": 1}
    assert check_dataset(tmp_path / "out") == []
    # Every sequence is there once, with what belongs to it.
    found = rows_of(data, "image")
    order = [
        next(i for i in range(10) if np.array_equal(image[i], one)) for one in found
    ]
    assert sorted(order) == list(range(10)) and order != list(range(10))
    np.testing.assert_array_equal(rows_of(data, "action"), action[order])
    np.testing.assert_allclose(rows_of(data, "state"), state[order], rtol=1e-6)
    assert rows_of(data, "valid").all()
    source = data.train.device()
    assert source.action_space == Discrete(3) and source.state.shape == (7, 4, 2)


def test_a_column_is_a_row_of_the_schema(tmp_path, monkeypatch):
    """One entry a frame, a step and a sequence; of sequences of unequal length."""
    both = ("world", "recording")
    rows = {
        "warmth": schema.Row("frame", "float32", (), both),
        "effort": schema.Row("step", "float32", (), both),
        "peak": schema.Row("none", "float32", (), both),
    }
    known = (*schema.RECORDED, *rows)
    monkeypatch.setattr(schema, "SCHEMA", {**schema.SCHEMA, **rows})
    for module in (schema, described, recorded_names):
        monkeypatch.setattr(module, "RECORDED", known)
    monkeypatch.setattr(importing, "BROUGHT", (*schema.BROUGHT, *rows))
    image = frames(6, 4)
    warmth = RNG.normal(size=(6, 4)).astype(np.float32)
    effort, peak = warmth[:, :3] * 2, warmth.max(axis=1)
    long = save(
        tmp_path / "a.npz", image=image, warmth=warmth, effort=effort, peak=peak
    )
    short = save(
        tmp_path / "b.npz",
        image=image[:1, :3],
        warmth=warmth[:1, :3],
        effort=effort[:1, :2],
        peak=peak[:1],
    )
    data = brought_in([long, short], tmp_path / "out", val=0, test=0)
    assert data.train.columns["peak"] == ((7,), "float32")
    found = data.train.warmth[:]
    for row in range(7):
        (which,) = np.flatnonzero(peak == data.train.peak[row])
        num = int(data.train.valid[row].sum())
        np.testing.assert_array_equal(found[row, :num], warmth[which, :num])
        # As frames and states do, it repeats the last entry after the end.
        assert (found[row, num:] == warmth[which, num - 1]).all()
        steps = data.train.effort[row][: num - 1]
        np.testing.assert_array_equal(steps, effort[which, : num - 1])
    (batch,) = data.train.loader(7, window=2)
    assert batch["warmth"].shape == (7, 2) and batch["peak"].shape == (7,)
    assert set(rows) <= set(data.train.device().columns)
    wrong = save(tmp_path / "c.npz", image=image, peak=peak[:3])
    with pytest.raises(ConfigError, match=r"begin with \(6,\): one entry for each seq"):
        brought_in(wrong, tmp_path / "wrong")


def test_shards_hold_what_is_expected(tmp_path):
    data = brought_in(save(tmp_path / "a.npz", image=frames()), tmp_path / "out")
    for column in read_columns(data.path, data.recipe)[""]:
        wanted = ((len(data.train), *column.shape), column.dtype)
        assert data.train.columns[column.name] == wanted
    assert set(data.train.columns) == {"image", "state", "valid", "index"}
    assert data.train.state.shape == (8, 4, 0)
    assert data.train.device().action_space is None


def test_hdf5_and_other_names(tmp_path):
    image, action = frames(channels=1)[..., 0], RNG.normal(size=(10, 3, 2))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["pictures/left"] = image
        file["controls"] = action
    data = brought_in(
        tmp_path / "a.h5",
        tmp_path / "out",
        names={"image": "pictures/left", "action": "controls"},
        val=0,
        test=0,
    )
    assert data.train.image.shape == (10, 4, 6, 5, 1)
    assert data.family.world.action_space == Box(-np.inf, np.inf, (2,))
    assert data.train.action[:].dtype == np.float32


def test_folders_of_images(tmp_path):
    made = {}
    for name, mode in (("two", "RGB"), ("one", "RGB")):
        (tmp_path / "videos" / name).mkdir(parents=True)
        length = 12 if name == "one" else 11
        made[name] = frames(1, length)[0]
        for i, frame in enumerate(made[name]):
            image = Image.fromarray(frame, mode)
            image.save(tmp_path / "videos" / name / f"frame_{i}.png")
    data = brought_in(tmp_path / "videos", tmp_path / "out", val=0, test=0)
    both = sorted(data.train.image[:], key=lambda frames: int(frames[0].sum()))
    wanted = sorted(made.values(), key=lambda frames: int(frames[0].sum()))
    for found, frames_ in zip(both, wanted, strict=True):
        # frame_2 comes before frame_10; a shorter one is filled up with its last frame.
        np.testing.assert_array_equal(found[: len(frames_)], frames_)
        np.testing.assert_array_equal(found[-1], frames_[-1])
    assert sorted(data.train.valid[:].sum(axis=1)) == [11, 12]


def test_pieces_of_a_sequence_stay_in_one_split(tmp_path):
    image = np.zeros((5, 13, 4, 4, 1), np.uint8) + np.arange(5, dtype=np.uint8).reshape(
        5, 1, 1, 1, 1
    )
    image[..., 0, 0, 0] = np.arange(13)
    path = save(tmp_path / "a.npz", image=image, state=np.ones((5, 13, 1)))
    data = brought_in(path, tmp_path / "out", num_frames=4, val=0.2, test=0.2)
    assert data.recipe.sizes == {"train": 9, "val": 3, "test": 3}
    of = {s: set(data.split(s).image[:][..., 1, 1, 0].ravel()) for s in ("val", "test")}
    assert all(len(which) == 1 for which in of.values()) and of["val"] != of["test"]
    first = data.val.image[:][..., 0, 0, 0]
    np.testing.assert_array_equal(first, np.arange(12).reshape(3, 4))


def test_seed_decides_the_splits_and_the_identity(tmp_path):
    path = save(tmp_path / "a.npz", image=frames())
    one = brought_in(path, tmp_path / "one")
    same = brought_in(path, tmp_path / "same")
    other = brought_in(path, tmp_path / "other", seed=1)
    assert one.identity == same.identity != other.identity
    shard = "train/shard-00000.h5"
    assert (tmp_path / "one" / shard).read_bytes() == (
        tmp_path / "same" / shard
    ).read_bytes()
    changed = save(tmp_path / "b.npz", image=frames())
    assert brought_in(changed, tmp_path / "b").identity != one.identity
    assert DataRef(str(tmp_path / "one")).dataset().identity == one.identity


def test_goes_on_where_it_was_interrupted(tmp_path):
    path = save(tmp_path / "a.npz", image=frames())
    brought_in(path, tmp_path / "out")
    before = (tmp_path / "out/val/shard-00000.h5").read_bytes()
    (tmp_path / "out/val/shard-00000.h5").unlink()
    assert verify(tmp_path / "out")
    brought_in(path, tmp_path / "out")
    assert (tmp_path / "out/val/shard-00000.h5").read_bytes() == before
    with pytest.raises(OccupiedError, match="holds another data set"):
        brought_in(path, tmp_path / "out", seed=5)
    again = brought_in(path, tmp_path / "out", seed=5, force=True)
    assert again.recipe.tasks[""].seed == 5


@pytest.mark.parametrize(
    ("array", "low", "high"),
    [
        (np.array([0.0, 0.5, 1.0]), 0, 255),
        (np.array([False, True, True]), 0, 255),
        (np.array([0, 7, 200]), 0, 200),
    ],
)
def test_other_types_of_frames(tmp_path, array, low, high):
    # Each begins elsewhere, and has a value less.
    image = np.stack(
        [np.resize(np.append(array, array[:i]), (3, 6, 5)) for i in range(3)]
    )
    data = brought_in(
        save(tmp_path / "a.npz", image=image), tmp_path / "out", val=0, test=0
    )
    found = data.train.image[:]
    assert found.dtype == np.uint8 and found.min() == low and found.max() == high


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"frames": frames()}, "has no array 'image'; it has: frames. Say which one"),
        ({"image": frames()[0, 0, 0]}, r"image has shape \(5, 3\)\. Frames are"),
        (
            {"image": np.moveaxis(frames(), -1, 2)},
            r"image has shape \(10, 4, 3, 6, 5\)\. Move the channels to the end",
        ),
        (
            {"image": frames() * 2.0},
            "image is float64 from 0 to 5.* Frames are whole numbers from 0 to 255",
        ),
        ({"image": frames() * np.nan}, "image holds values that are not finite"),
        (
            {"image": frames(), "reward": np.full((10, 3), -1e300)},
            "reward holds -1e[+]300, which is too large for float32",
        ),
        ({"image": np.full((10, 3, 4, 5), "a")}, "only numbers can be imported"),
        (
            {"image": frames(), "action": np.zeros((10, 4))},
            r"must begin with \(10, 3\): one entry for each step between two frames\. "
            "Leave out the last one",
        ),
        (
            {"image": frames(), "state": np.zeros((9, 4, 2))},
            r"state has shape \(9, 4, 2\), but it must begin with \(10, 4\)",
        ),
        (
            {"image": frames(), "action": np.full((10, 3), -1)},
            "action holds -1; choices are counted from 0",
        ),
        (
            {"image": frames(), "valid": np.full((10, 4), 2)},
            "valid must hold 0 and 1 only",
        ),
        (
            {"image": frames(), "valid": np.arange(10)[:, None] != [3] * 4},
            r"a\.npz, sequence 3: valid is false for every frame\. Of each sequence at "
            r"least one frame must be valid: correct it, or leave that sequence out\.",
        ),
        ({"image": frames(time=1)}, "sequences of 1 frame cannot be learned from"),
        (
            {"image": frames(num=2)},
            "2 recorded sequences cannot be shared out",
        ),
    ],
)
def test_errors_name_file_value_and_what_is_allowed(tmp_path, arrays, said):
    with pytest.raises(ConfigError, match=said):
        brought_in(save(tmp_path / "a.npz", **arrays), tmp_path / "out")


def test_errors_of_files_and_settings(tmp_path):
    with pytest.raises(ConfigError, match="no such file or folder"):
        brought_in(tmp_path / "none.npz", tmp_path / "out")
    (tmp_path / "a.txt").write_bytes(b"1")
    with pytest.raises(ConfigError, match=r"a file must end in \.npz"):
        brought_in(tmp_path / "a.txt", tmp_path / "out")
    (tmp_path / "broken.npz").write_bytes(b"PK nonsense")
    with pytest.raises(ConfigError, match="cannot be read as NPZ"):
        brought_in(tmp_path / "broken.npz", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="holds no images"):
        brought_in(tmp_path / "empty", tmp_path / "out")
    Image.fromarray(frames()[0, 0]).save(tmp_path / "empty" / "0.png")
    Image.fromarray(frames(size=(7, 5))[0, 0]).save(tmp_path / "empty" / "1.png")
    with pytest.raises(ConfigError, match=r"1\.png is 7 x 5 colour, but .*0\.png is 6"):
        brought_in(tmp_path / "empty", tmp_path / "out", val=0, test=0)
    path = save(tmp_path / "a.npz", image=frames())
    with pytest.raises(ConfigError, match=r"val=1\.5 must be a fraction"):
        brought_in(path, tmp_path / "out", val=1.5)
    with pytest.raises(ConfigError, match="num_frames=9 leaves nothing of train"):
        brought_in(path, tmp_path / "out", num_frames=9)
    assert not (tmp_path / "out").exists()


LEFT = (
    "arrays that are not stored: {}. A data set of recordings holds image, state, "
    "action, reward, terminated, truncated, valid, time, mode, label, dt, parameters; "
    "--state NAME and so on say what these are called in the files."
)


def test_arrays_that_are_not_stored_are_named(tmp_path, capsys):
    """Each once, in whatever files; they are in no data set."""
    for name in ("a", "b"):
        save(
            tmp_path / f"{name}.npz",
            image=frames(),
            mass=np.ones(10),
            speed=np.zeros((10, 3), bool),
        )
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file["image"] = frames()
        file["sensors/wind"] = np.ones((10, 4))
        file["left"] = np.ones((10, 4, 2))
    files = [tmp_path / name for name in ("a.npz", "b.npz", "c.h5")]
    with pytest.warns(UserWarning) as warned:
        data = brought_in(files, tmp_path / "out")
    (warning,) = warned
    listed = "mass, speed, left, sensors/wind"
    assert str(warning.message) == LEFT.format(listed)
    assert set(data.train.columns) == {"image", "state", "valid", "index"}
    words = [
        "import",
        str(files[2]),
        "--out",
        str(tmp_path / "verb"),
        "--state",
        "/left",
    ]
    assert main(words) == 0
    told = capsys.readouterr().err.splitlines()
    assert [line for line in told if "not stored" in line] == [
        f"foreworld: {LEFT.format('sensors/wind')}"
    ]
    assert main([*words, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_recorded_worlds_cannot_be_simulated(tmp_path):
    data = brought_in(save(tmp_path / "a.npz", image=frames()), tmp_path / "out")
    with pytest.raises(ConfigError, match="recorded data cannot be stepped"):
        data.family.world.step(None, None, jax.random.key(0))


def test_verb(tmp_path, capsys):
    path = save(tmp_path / "a.npz", pictures=frames())
    words = ["import", str(path), "--out", str(tmp_path / "out"), "--image", "pictures"]
    assert main([*words, "--val", "0.3", "--num-frames", "2"]) == 0
    said = capsys.readouterr().out
    assert "train 12, val 6, test 2 sequences of 2 frames" in said
    assert main(["import", str(path)]) == 2
    assert "import needs --out DIR" in capsys.readouterr().err

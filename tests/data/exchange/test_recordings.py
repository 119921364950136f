"""What people bring: pictures, films, arrays, and what is made of them."""

import contextlib
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import scipy.io
from PIL import Image

from foreworld.cli.main import main
from foreworld.core.errors import ConfigError
from foreworld.core.spaces import Discrete
from foreworld.data.exchange.importing import import_data
from foreworld.data.format.check import check_dataset
from foreworld.data.reading.dataset import DataSet
from foreworld.render.mp4 import mp4_bytes

RNG = np.random.default_rng(0)


def frames(*shape: int) -> np.ndarray:
    return RNG.integers(0, 256, shape, np.uint8)


def brought(files: Any, **settings: Any) -> DataSet:
    path = Path(files[0] if isinstance(files, list) else files)
    out = path.parent / f"{path.stem}-set"
    data = import_data(
        files, out, **{"val": 0, "test": 0, "quiet": True, "force": True, **settings}
    )
    assert check_dataset(out) == []
    return data


def refused(files: Any, said: str, **settings: Any) -> None:
    with pytest.raises(ConfigError, match=said):
        brought(files, **settings)


def folder(path: Path, **pictures: Any) -> Path:
    """A folder of pictures, the names' underlines being points."""
    path.mkdir(parents=True, exist_ok=True)
    for name, image in pictures.items():
        image.save(path / name.replace("_", "."))
    return path


def grey(value: int, mode: str = "L") -> Image.Image:
    return Image.new("L", (5, 6), value).convert(mode)


# Pixels


def test_every_mode_has_a_rule(tmp_path: Path) -> None:
    """One that Pillow would clip, cut or lay bare is scaled, laid over or refused."""
    ramp = np.arange(30, dtype=np.uint16).reshape(6, 5) * 2000
    sixteen = Image.fromarray(ramp)
    data = brought(folder(tmp_path / "16", a_png=sixteen, b_png=sixteen))
    np.testing.assert_array_equal(
        data.train.image[0, 0, ..., 0], np.round(ramp / 257).astype(np.uint8)
    )
    shape = np.zeros((6, 5, 4), np.uint8)
    shape[..., 0], shape[1:3, 1:3, 3] = 200, 255
    clear = Image.fromarray(shape)
    for name, image in {"rgba": clear, "pal": clear.quantize(4)}.items():
        place = folder(tmp_path / name, a_png=image, b_png=image)
        data = brought(place)
        colours = np.unique(data.train.image[:].reshape(-1, 3), axis=0).tolist()
        assert colours == [[0, 0, 0], [200, 0, 0]]
        other = brought(place, background="white")
        assert other.identity != data.identity
        assert other.train.image[0, 0, 0, 0].tolist() == [255] * 3
    keyed = Image.fromarray(frames(6, 5))
    keyed.save(tmp_path / "k.png", transparency=7)
    half = Image.merge("LA", (grey(100), grey(128)))
    data = brought(folder(tmp_path / "la", a_png=half, b_png=half))
    assert np.unique(data.train.image[:]).tolist() == [50]
    fractions = Image.fromarray(np.full((6, 5), 0.5, np.float32))
    data = brought(folder(tmp_path / "f", a_tif=fractions, b_tif=fractions))
    assert np.unique(data.train.image[:]).tolist() == [128]
    large = Image.fromarray(np.full((6, 5), 70000, np.int32))
    place = folder(tmp_path / "i", a_tif=large, b_tif=large)
    refused(place, "pixels of the mode 'I', for which there is no rule; there is one")
    place = folder(tmp_path / "c", a_jpg=grey(9, "CMYK"), b_jpg=grey(9, "CMYK"))
    refused(place, "mode 'CMYK'.* Save it as grey or RGB with 8 bits")
    refused(place, "background='grye' is no colour: give a name", background="grye")


def test_pictures_are_turned_as_cameras_say(tmp_path: Path) -> None:
    image = Image.fromarray(frames(6, 5))
    exif = Image.Exif()
    exif[0x0112] = 6
    place = folder(tmp_path / "v")
    for name in "ab":
        image.save(place / f"{name}.png", exif=exif)
    data = brought(place)
    turned = np.rot90(np.asarray(image), -1)
    np.testing.assert_array_equal(data.train.image[0, 0, ..., 0], turned)


def test_formats_are_those_that_are_listed(tmp_path: Path) -> None:
    """Also in one sequence; a name does not choose what decodes a file."""
    image = frames(6, 5)
    place = folder(tmp_path / "v")
    endings = ("png", "bmp", "gif", "tif", "ppm", "webp")
    for i, ending in enumerate(endings):
        Image.fromarray(image).save(place / f"{i}.{ending}", lossless=True)
    data = brought(place)
    assert data.train.image.shape == (1, len(endings), 6, 5, 1)
    assert (data.train.image[0] == image[..., None]).all()
    (place / "1.bmp").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 5 6\n")
    refused(place, r"1\.bmp cannot be read as an image: cannot identify")


# Folders


def test_frames_are_ordered_by_value(tmp_path: Path) -> None:
    names = ("-2", "-1", "0", "3", "20", "²1", "²2")
    place = folder(tmp_path / "v")
    for i, name in enumerate(names):
        grey(i).save(place / f"{name}.png")
    data = brought(place)
    assert data.train.image[0, :, 0, 0, 0].tolist() == list(range(7))
    place = folder(tmp_path / "t", **{"t0_5_png": grey(1), "t0_25_png": grey(2)})
    refused(place, r"not clear: t0\.5\.png comes before t0\.25\.png or after it")
    place = folder(tmp_path / "d", f1_png=grey(1), f01_png=grey(2))
    refused(place, "have the same name or number: it is not clear which comes first")


def test_missing_numbers_are_said(tmp_path: Path) -> None:
    place = folder(tmp_path / "v")
    for i in (0, 5, 10, 20):
        grey(i).save(place / f"f_{i}.png")
    with pytest.warns(UserWarning, match=r"after f_10\.png comes a step of 10 instead"):
        brought(place)


def test_what_is_left_out_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "videos"
    for name in ("a", "b"):
        folder(root / name, **{"0_png": grey(1), "1_png": grey(2), "2_png": grey(3)})
    (root / "a" / "notes.txt").touch()
    (root / "a" / ".DS_Store").touch()
    (root / "empty").mkdir()
    folder(root / "deep" / "er", **{"0_png": grey(1)})
    words = ["import", str(root), "--out", str(tmp_path / "o"), "--val", "0"]
    assert main([*words, "--test", "0"]) == 0
    said = capsys.readouterr().err
    assert f"taken: {root / 'a'}, 1 sequence of 3 frames\n" in said
    assert f"left out, files of a kind that is not read: {root / 'a/notes.txt'}" in said
    assert f"left out, no images, films or arrays in it: {root / 'empty'}" in said
    deep = root / "deep/er"
    assert f"left out, folders too deep (name them themselves): {deep}" in said
    assert "DS_Store" not in said and "hold the same as another one" in said
    grey(1).save(root / "sheet.png")
    refused(
        root, r"holds images \(sheet\.png\); folders \(a, b, deep\): it is not clear"
    )


def test_splits_that_are_given_are_kept(tmp_path: Path) -> None:
    root = tmp_path / "sets"
    for split, value in (("train", 1), ("valid", 2), ("test", 3)):
        for name in ("a", "b"):
            place = root / split / name
            folder(place, **{"0_png": grey(value), "1_png": grey(10 * value)})
    told = {"val": None, "test": None}
    with pytest.warns(UserWarning, match="sequences hold the same as another one"):
        data = brought(root, **told)
    assert data.recipe.sizes == {"train": 2, "val": 2, "test": 2}
    assert np.unique(data.val.image[:]).tolist() == [2, 20]
    refused(root, "val=0.1 and test=None: the folders are splits", val=0.1, test=None)
    folder(root / "more", **{"0_png": grey(1), "1_png": grey(2)})
    refused(root, "holds the splits train, val, test and also more", **told)
    for name in ("train", "test"):
        np.savez(tmp_path / f"{name}.npz", image=frames(3, 4, 6, 5))
    files = [tmp_path / "train.npz", tmp_path / "test.npz"]
    assert brought(files, **told).recipe.sizes == {"train": 3, "val": 0, "test": 3}
    # One that is no split is no test set of it: all are recordings like others.
    np.savez(tmp_path / "more.npz", image=frames(3, 4, 6, 5))
    files = [tmp_path / "train.npz", tmp_path / "more.npz"]
    assert brought(files).recipe.sizes == {"train": 6, "val": 0, "test": 0}


def test_the_same_recording_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, image=frames(4, 3, 6, 5))
    (tmp_path / "link.npz").symlink_to(path)
    (tmp_path / "hard.npz").hardlink_to(path)
    for other in (path, tmp_path / "link.npz", tmp_path / "hard.npz"):
        refused([path, other], f"{other.name} is given twice: as .*a.npz it is taken")
    place = folder(tmp_path / "v" / "a", **{"0_png": grey(1), "1_png": grey(2)})
    refused([place.parent, place], "is given twice")
    shutil.copy(path, tmp_path / "copy.npz")
    with pytest.warns(UserWarning, match="4 of 8 sequences hold the same as another"):
        brought([path, tmp_path / "copy.npz"])


# Films


@pytest.mark.parametrize("ending", ["gif", "tif", "webp", "png"])
def test_films_of_pictures(tmp_path: Path, ending: str) -> None:
    made = [np.full((6, 5), 20 * i, np.uint8) for i in range(4)]
    images = [Image.fromarray(frame) for frame in made]
    path, settings = tmp_path / f"a.{ending}", {"save_all": True}
    if ending == "webp":
        settings["lossless"] = True
    images[0].save(path, append_images=images[1:], **settings)
    data = brought(path)
    assert data.train.image.shape[:4] == (1, 4, 6, 5)
    assert data.train.image[0, :, 0, 0, 0].tolist() == [0, 20, 40, 60]
    place = folder(tmp_path / "v", a_png=grey(1))
    shutil.copy(path, place / f"b.{ending}")
    several = "holds 4 pictures, among files" if ending == "png" else "it is not clear"
    refused(place, several)
    refused(folder(tmp_path / "w", a_png=grey(1)) / "a.png", "is one picture and no")


def test_films_of_cameras(tmp_path: Path) -> None:
    shown = np.repeat(np.arange(5, dtype=np.uint8)[:, None, None, None] * 40, 16, 1)
    shown = np.broadcast_to(shown.repeat(24, 2), (5, 16, 24, 3))
    path = tmp_path / "a.mp4"
    path.write_bytes(mp4_bytes(np.ascontiguousarray(shown), scale=1))
    found = brought(path).train.image[0]
    assert found.shape == shown.shape
    assert np.abs(found.astype(int) - shown).max() < 4
    path.write_bytes(path.read_bytes()[:500])
    refused(path, r"a\.mp4 cannot be read as a film|holds no frames")
    path.write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")
    refused(path, r"a\.mp4 cannot be read as a film")


def test_films_without_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "foreworld.data.exchange.recordings.video.find_ffmpeg", lambda: None
    )
    (tmp_path / "a.mp4").write_bytes(b"1")
    refused(tmp_path / "a.mp4", r"no ffmpeg on this machine\. Install it .*frames as")


# Arrays


def test_npy_and_axes(tmp_path: Path) -> None:
    image = frames(4, 3, 6, 5)
    np.save(tmp_path / "a.npy", np.asfortranarray(image))
    np.testing.assert_array_equal(
        brought(tmp_path / "a.npy").train.image[:][..., 0].sum(0), image.sum(0)
    )
    state = RNG.normal(size=(4, 3, 2)).astype(np.float32)
    for axes in ("tnhw", "hwtn", "htwn", "ntwh"):
        order = [{"n": 0, "t": 1, "h": 2, "w": 3}[letter] for letter in axes]
        lead = (1, 0, 2) if axes == "tnhw" else (0, 1, 2)
        beside = (
            np.moveaxis(state, 2, 0).transpose(0, 2, 1) if axes[0] == "h" else state
        )
        beside = beside.transpose(lead) if axes == "tnhw" else beside
        path = tmp_path / f"{axes}.npz"
        np.savez(path, image=image.transpose(order), state=beside)
        data = brought(path, axes=axes)
        for row in range(4):
            found = data.train.image[row][..., 0]
            (which,) = [i for i in range(4) if (image[i] == found).all()]
            np.testing.assert_array_equal(data.train.state[row], state[which])
    refused(path, "axes='tnhh' must name each axis of the frames once", axes="tnhh")
    refused(path, r"shape \(4, 3, 5, 6\), which has not the axes 'tnhwc'", axes="tnhwc")
    path = tmp_path / "alpha.npz"
    np.savez(path, image=frames(9, 6, 8, 4))
    refused(path, r"of which 4 may be channels\. Lay transparency over a background")


def everything(num: int, time: int) -> dict[str, np.ndarray]:
    clock = 1.7e9 + 0.05 * np.arange(time) + np.arange(num)[:, None]
    return {
        "image": frames(num, time, 6, 5),
        "action": RNG.integers(0, 2, (num, time - 1)).astype(bool),
        "reward": RNG.normal(size=(num, time - 1)),
        "terminated": RNG.integers(0, 2, (num, time - 1)),
        "truncated": RNG.integers(0, 2, (num, time - 1)),
        "time": clock,
        "mode": RNG.integers(0, 5, (num, time)),
        "label": np.arange(num) % 3,
        "dt": np.asarray(0.05),
        "parameters/mass": RNG.normal(size=num),
    }


def test_every_column_that_can_be_brought(tmp_path: Path) -> None:
    arrays = everything(6, 4)
    np.savez(tmp_path / "a.npz", **arrays)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, array in arrays.items():
            file[name] = array
    for path in (tmp_path / "a.npz", tmp_path / "a.h5"):
        train = brought(path).train
        (order,) = [
            [int(i) for i in train.label[:, 0] * 0 + _which(arrays["image"], train)]
        ]
        assert train.action_space() == Discrete(2)
        for name in ("action", "terminated", "truncated", "mode"):
            np.testing.assert_array_equal(getattr(train, name)[:], arrays[name][order])
        assert train.label[:].tolist() == (arrays["label"][order])[:, None].tolist()
        np.testing.assert_allclose(train.reward[:], arrays["reward"][order], rtol=1e-6)
        np.testing.assert_allclose(
            train.time[:], np.broadcast_to(0.05 * np.arange(4), (6, 4)), atol=1e-6
        )
        found = {name: column[:] for name, column in train.parameters.items()}
        np.testing.assert_allclose(found["dt"], 0.05)
        np.testing.assert_allclose(found["mass"], arrays["parameters/mass"][order])
        assert set(train.loader(6, window=2).epoch(0).__next__()) > {"mode", "label"}


def _which(image: np.ndarray, train: Any) -> np.ndarray:
    rows = [train.image[i][..., 0] for i in range(len(train))]
    return np.array(
        [next(i for i, x in enumerate(image) if (x == r).all()) for r in rows]
    )


@pytest.mark.parametrize("version", ["5", "7.3"])
def test_matlab(tmp_path: Path, version: str) -> None:
    """Axes are as MATLAB shows them, and what it leaves out at the end is put back."""
    image, path = frames(6, 5, 3, 4, 7), tmp_path / "a.mat"
    state, ends = RNG.normal(size=(2, 4, 7)), RNG.integers(0, 2, (3, 7)).astype(bool)
    arrays = {"image": image, "state": state, "terminated": ends, "word": "text"}
    if version == "5":
        scipy.io.savemat(path, arrays, do_compression=True)
    else:
        del arrays["word"]
        with h5py.File(path, "w", userblock_size=512) as file:
            for name, array in arrays.items():
                stored = np.uint8 if array.dtype == bool else array.dtype
                one = file.create_dataset(name, data=np.asarray(array.T, stored))
                kind = {"b": b"logical", "f": b"double", "u": b"uint8"}[
                    array.dtype.kind
                ]
                one.attrs["MATLAB_class"] = np.bytes_(kind)
    with (
        pytest.warns(UserWarning, match="word")
        if version == "5"
        else contextlib.nullcontext()
    ):
        data = brought(path, axes="hwctn")
    assert data.train.image.shape == (7, 4, 6, 5, 3)
    wanted = image.transpose(4, 3, 0, 1, 2)
    for row in range(7):
        (i,) = [i for i in range(7) if (wanted[i] == data.train.image[row]).all()]
        np.testing.assert_allclose(data.train.state[row], state[..., i].T, rtol=1e-6)
        np.testing.assert_array_equal(data.train.terminated[row], ends[:, i])
    if version == "5":
        scipy.io.savemat(path, {"image": image[..., :1]})
        assert brought(path, axes="hwctn").train.image.shape == (1, 4, 6, 5, 3)
        scipy.io.savemat(path, {"image": np.array([{"a": 1}], object)})
        refused(path, r"a\.mat cannot be read as a MATLAB file: image is a")


def test_states_without_frames(tmp_path: Path) -> None:
    state = RNG.normal(size=(6, 4, 2)).astype(np.float32)
    np.savez(tmp_path / "a.npz", state=state, reward=np.ones((6, 3)))
    data = brought(tmp_path / "a.npz", num_frames=2)
    assert set(data.train.columns) == {"state", "reward", "valid", "index"}
    assert data.train.state.shape == (12, 2, 2)
    assert next(iter(data.train.loader(4)))["state"].shape == (4, 2, 2)
    with pytest.raises(ConfigError, match="holds no frames"):
        data.train.device()
    np.save(tmp_path / "state.npy", state)
    assert brought(tmp_path / "state.npy").train.state.shape == (6, 4, 2)
    np.savez(tmp_path / "b.npz", reward=np.ones((6, 3)))
    refused(tmp_path / "b.npz", r"no array 'image'; it has: reward\..*need a state\)")


def test_parameters_that_no_world_draws(tmp_path: Path) -> None:
    """Previews and exports know them too."""
    arrays = {"image": frames(3, 4, 6, 5), "state": RNG.normal(size=(3, 4, 2))}
    np.savez(tmp_path / "a.npz", **arrays, dt=[0.1, 0.2, 0.3])
    data = brought(tmp_path / "a.npz")
    out = ["--out", str(tmp_path / "made")]
    assert main(["preview", str(data.path), *out]) == 0
    assert main(["export", str(data.path), "--to", "well", *out]) == 0
    (path,) = (tmp_path / "made").rglob("*.hdf5")
    with h5py.File(path) as file:
        found = np.asarray(file["dimensions/time"])
    dt = np.asarray(data.train.parameters["dt"])
    np.testing.assert_allclose(found, dt[:, None] * np.arange(4), rtol=1e-6)


def test_arrays_can_be_left_out(tmp_path: Path) -> None:
    """What happens to have a name of ours may mean something else."""
    np.savez(tmp_path / "a.npz", image=frames(3, 4, 6, 5), label=np.ones((3, 4)))
    said = r"label has shape \(4,\), but it is one number a sequence\. If it is some"
    refused(tmp_path / "a.npz", said)
    with pytest.warns(UserWarning, match="arrays that are not stored: label"):
        data = brought(tmp_path / "a.npz", names={"label": ""})
    assert "label" not in data.train.columns


def test_last_actions_can_be_left_out(tmp_path: Path) -> None:
    arrays = {"image": frames(5, 4, 6, 5), "reward": np.tile(np.arange(4.0), (5, 1))}
    np.savez(tmp_path / "a.npz", **arrays, action=np.zeros((5, 4, 2)))
    refused(tmp_path / "a.npz", "no frame: --drop-last-action .* does so")
    data = brought(tmp_path / "a.npz", drop_last_action=True)
    assert data.train.reward[:].tolist() == [[0, 1, 2]] * 5
    assert data.train.action.shape == (5, 3, 2)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        (
            {"action": np.full((3, 3), 2**31 + 5)},
            "action holds 2147483653, and the largest .* stored is 2147483647",
        ),
        (
            {"action": np.full((3, 3), 2**33)},
            "action holds 8589934592, and the largest",
        ),
        ({"state": np.full((3, 4), 2**24 + 1)}, "16777217, which float32 would change"),
        ({"reward": np.full((3, 3), 1e-60)}, r"1e-60, which float32 would change to 0"),
        ({"label": np.full(3, 0.5)}, "label holds 0.5; it must be whole numbers"),
        ({"label": np.full(3, -1)}, "label holds -1; choices are counted from 0"),
        ({"time": np.tile([0, 2, 1, 3], (3, 1))}, "time goes backwards"),
        (
            {"time": np.tile([0, 1, 1 + 1e-9, 9], (3, 1))},
            "times are so close that float32 does not tell them apart",
        ),
        ({"reward": np.ones((3, 3, 2))}, "reward has shape .*, but it is one number a"),
        ({"state": np.ones((3, 4), complex)}, "state is complex128; only numbers can"),
        ({"valid": [[0, 0, 1, 1]] * 3}, "valid is true again at frame 2, after it was"),
        ({"valid": [[1, 0, 0, 1]] * 3}, "valid is true again at frame 3, after it was"),
    ],
)
def test_casts_that_would_change_a_value_are_refused(
    tmp_path: Path, arrays: dict[str, Any], said: str
) -> None:
    np.savez(tmp_path / "a.npz", image=frames(3, 4, 6, 5), **arrays)
    refused(tmp_path / "a.npz", said)


def test_pieces_without_a_valid_frame_are_dropped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    valid = np.arange(24) < np.array([10, 24, 13])[:, None]
    np.savez(tmp_path / "a.npz", image=frames(3, 24, 6, 5), valid=valid)
    data = brought(tmp_path / "a.npz", num_frames=12)
    assert sorted(data.train.valid[:].sum(1).tolist()) == [1, 10, 12, 12, 12]
    for short in (0, 1, -3):
        refused(tmp_path / "a.npz", f"num_frames={short}", num_frames=short)
    brought(tmp_path / "a.npz", num_frames=11, quiet=False)
    assert "dropped: 2 frames that fill no piece of 11" in capsys.readouterr().err


def test_masks_of_0_and_1_are_warned_of(tmp_path: Path) -> None:
    mask = frames(3, 4, 6, 5) & 1
    for dtype in (np.uint8, np.int64):
        np.savez(tmp_path / "a.npz", image=mask.astype(dtype))
        with pytest.warns(UserWarning, match="no frame is brighter than 1 of 255 in"):
            brought(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", image=mask.astype(bool))
    assert brought(tmp_path / "a.npz").train.image[:].max() == 255


# HDF5


def test_attributes_that_scale_are_applied_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"

    def write(**attributes: Any) -> Path:
        with h5py.File(path, "w") as file:
            file["image"] = frames(3, 4, 6, 5)
            state = file.create_dataset("state", data=np.arange(24).reshape(3, 4, 2))
            state.attrs.update(attributes)
        return path

    data = brought(write(scale_factor=0.5, add_offset=1.0, _FillValue=-1))
    assert sorted(data.train.state[:].ravel()) == [1 + i / 2 for i in range(24)]
    refused(write(_FillValue=7), r"state holds 1 missing values .* that 7 is one\)")
    refused(write(missing_value=[1, 2]), "attribute missing_value of state is no num")
    refused(write(PALETTE=1), "state has an attribute PALETTE, which says what its")


def test_links_within_a_file_are_followed(tmp_path: Path) -> None:
    """What they lead to is not said to be left out."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["left/camera"] = frames(3, 4, 6, 5)
        file["image"] = h5py.SoftLink("/left/camera")
        file["hard"] = RNG.normal(size=(3, 4, 2))
        file["state"] = file["hard"]
    data = brought(tmp_path / "a.h5")
    assert data.train.state.shape == (3, 4, 2)


def test_chunks_are_unpacked_once(tmp_path: Path, monkeypatch: Any) -> None:
    image = frames(64, 3, 6, 5)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("image", data=image, chunks=(16, 3, 6, 5), compression=1)
    reads: list[Any] = []
    before = h5py.Dataset.__getitem__

    def counted(self: Any, index: Any) -> Any:
        reads.append(index)
        return before(self, index)

    monkeypatch.setattr(h5py.Dataset, "__getitem__", counted)
    data = import_data(tmp_path / "a.h5", tmp_path / "out", val=0, test=0, quiet=True)
    assert len(reads) == 2 * 4
    found = data.train.image[:][..., 0]
    assert {x.tobytes() for x in found} == {x.tobytes() for x in image}

"""What people bring: pictures, films, arrays, and what is made of them."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from foreworld.cli.main import main
from foreworld.render.mp4 import find_ffmpeg, mp4_bytes
from tests.data.exchange.files import brought, folder, frames, refused


def grey(value: int, mode: str = "L") -> Image.Image:
    return Image.new("L", (5, 6), value).convert(mode)


# Pixels


def test_every_mode_has_a_rule(tmp_path: Path) -> None:
    """One that Pillow would clip, cut or lay bare is scaled, laid over or refused."""
    ramp = np.arange(30, dtype=np.uint16).reshape(6, 5) * 2000
    sixteen = Image.fromarray(ramp)
    data = brought(folder(tmp_path / "16", f0_png=sixteen, f1_png=sixteen))
    np.testing.assert_array_equal(
        data.train.image[0, 0, ..., 0], np.round(ramp / 257).astype(np.uint8)
    )
    shape = np.zeros((6, 5, 4), np.uint8)
    shape[..., 0], shape[1:3, 1:3, 3] = 200, 255
    clear = Image.fromarray(shape)
    for name, image in {"rgba": clear, "pal": clear.quantize(4)}.items():
        place = folder(tmp_path / name, f0_png=image, f1_png=image)
        data = brought(place)
        colours = np.unique(data.train.image[:].reshape(-1, 3), axis=0).tolist()
        assert colours == [[0, 0, 0], [200, 0, 0]]
        other = brought(place, background="white")
        assert other.identity != data.identity
        assert other.train.image[0, 0, 0, 0].tolist() == [255] * 3
    keyed = Image.fromarray(frames(6, 5))
    keyed.save(tmp_path / "k.png", transparency=7)
    half = Image.merge("LA", (grey(100), grey(128)))
    data = brought(folder(tmp_path / "la", f0_png=half, f1_png=half))
    assert np.unique(data.train.image[:]).tolist() == [50]
    fractions = Image.fromarray(np.full((6, 5), 0.5, np.float32))
    data = brought(folder(tmp_path / "f", f0_tif=fractions, f1_tif=fractions))
    assert np.unique(data.train.image[:]).tolist() == [128]
    large = Image.fromarray(np.full((6, 5), 70000, np.int32))
    place = folder(tmp_path / "i", f0_tif=large, f1_tif=large)
    refused(place, "pixels of the mode 'I', for which there is no rule; there is one")
    place = folder(tmp_path / "c", f0_jpg=grey(9, "CMYK"), f1_jpg=grey(9, "CMYK"))
    refused(place, "mode 'CMYK'.* Save it as grey or RGB with 8 bits")
    refused(place, "background='grye' is no colour: give a name", background="grye")


def test_pictures_are_turned_as_cameras_say(tmp_path: Path) -> None:
    image = Image.fromarray(frames(6, 5))
    exif = Image.Exif()
    exif[0x0112] = 6
    place = folder(tmp_path / "v")
    for name in "01":
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
    names = ("-2", "-1", "0", "1", "2", "3", "10")
    place = folder(tmp_path / "v")
    for i, name in enumerate(names):
        grey(i).save(place / f"{name}.png")
    with pytest.warns(
        UserWarning, match=r"after 3\.png comes a step of 7 instead of 1"
    ):
        data = brought(place)
    assert data.train.image[0, :, 0, 0, 0].tolist() == list(range(7))
    place = folder(tmp_path / "t", **{"t0_5_png": grey(1), "t0_25_png": grey(2)})
    refused(place, r"not clear: t0\.5\.png comes before t0\.25\.png or after it")


def test_what_is_left_out_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "videos"
    for value, name in enumerate(("a", "b")):
        folder(root / name, **{f"{i}_png": grey(i + value) for i in range(3)})
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
    assert "DS_Store" not in said
    grey(1).save(root / "sheet.png")
    refused(
        root, r"holds images \(sheet\.png\); folders \(a, b, deep\): it is not clear"
    )


def test_splits_that_are_given_are_kept(tmp_path: Path) -> None:
    root = tmp_path / "sets"
    for split, value in (("train", 1), ("valid", 2), ("test", 3)):
        for i, name in enumerate(("a", "b")):
            place = root / split / name
            folder(place, **{"0_png": grey(value), "1_png": grey(10 * value + i)})
    told = {"val": None, "test": None}
    data = brought(root, **told)
    assert data.recipe.sizes == {"train": 2, "val": 2, "test": 2}
    assert np.unique(data.val.image[:]).tolist() == [2, 20, 21]
    refused(root, "val=0.1 and test=None: the folders are splits", val=0.1, test=None)
    folder(root / "more", **{"0_png": grey(1), "1_png": grey(2)})
    refused(root, "holds the splits train, val, test and also more", **told)
    shutil.rmtree(root / "more")
    shutil.rmtree(root / "train")
    lacking = "holds val and test, and no train with sequences in it: there is nothing"
    refused(root, lacking, **told)
    (root / "train").mkdir()
    refused(root, lacking, **told)
    shutil.rmtree(root / "valid")
    refused(
        root, r"holds folders \(test\) in which there are only folders again", **told
    )
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


def test_equal_recordings_are_refused(tmp_path: Path) -> None:
    """Within a file, across files of any kind, and across splits that are given."""
    image = frames(4, 3, 6, 5)
    np.savez(tmp_path / "a.npz", image=image)
    shutil.copy(tmp_path / "a.npz", tmp_path / "copy.npz")
    said = r"4 of 8 sequences .* another one: .*copy\.npz, sequence 0 and .*a\.npz, seq"
    refused([tmp_path / "a.npz", tmp_path / "copy.npz"], said)
    path = tmp_path / "b.npz"
    for twice in (image[[0, 1, 2, 0]], np.zeros((4, 3, 6, 5), np.uint8)):
        np.savez(path, image=twice)
        refused(path, r"sequence [13] and .*b\.npz, sequence 0\. The same recording in")
    np.savez(path, image=image[[0, 0]], state=np.arange(6.0).reshape(2, 3))
    assert len(brought(path).train) == 2
    # What fills up after the end is not recorded.
    image[1, :2] = image[0, :2]
    valid = np.ones((4, 3), bool)
    valid[:2, 2] = False
    np.savez(path, image=image, valid=valid)
    refused(path, "1 of 4 sequences hold the same .*sequence 1 and .*sequence 0")
    place = folder(
        tmp_path / "v", **{f"{i}_png": Image.fromarray(image[3, i]) for i in range(3)}
    )
    refused([tmp_path / "a.npz", place], r"/v and .*a\.npz, sequence 3")
    for split in ("train", "test"):
        folder(tmp_path / "s" / split / "x", **{"0_png": grey(1), "1_png": grey(1)})
    told = {"val": None, "test": None}
    refused(tmp_path / "s", "s/test/x and .*s/train/x", **told)


# Films


def film(path: Path, shown: Any = None, first: int = 0) -> Path:
    """Four pictures, each of them shown for so many milliseconds."""
    images = [grey(first + 20 * i) for i in range(4)]
    settings: dict[str, Any] = {"lossless": True} if path.suffix == ".webp" else {}
    settings |= {"duration": shown} if shown else {}
    path.parent.mkdir(exist_ok=True)
    images[0].save(path, save_all=True, append_images=images[1:], **settings)
    return path


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_films_say_when_their_pictures_were_taken(tmp_path: Path, ending: str) -> None:
    one, other = tmp_path / "v" / f"a.{ending}", tmp_path / "v" / f"b.{ending}"
    film(one, 50), film(other, [40, 40, 40, 700], first=1)
    train = brought(one.parent).train
    assert "time" not in train.columns
    found = np.asarray(train.parameters["dt"])
    np.testing.assert_allclose(np.sort(found), [0.04, 0.05], rtol=1e-6)
    film(other, [10, 100, 50, 50], first=1)
    said = rf"unequal times in .*b\.{ending}: the column time has them"
    with pytest.warns(UserWarning, match=said):
        train = brought(one.parent).train
    assert not train.parameters
    order = np.argsort(train.image[:, 0, 0, 0, 0])
    wanted = [[0, 0.05, 0.1, 0.15], [0, 0.01, 0.11, 0.16]]
    np.testing.assert_allclose(train.time[:][order], wanted, rtol=1e-6)
    assert "time" not in brought(one.parent, names={"time": ""}).train.columns
    mode = "L" if ending == "png" else "RGB"
    still = folder(tmp_path / "s", **{f"{i}_png": grey(i, mode) for i in range(4)})
    said = r"which is left out, as other sequences have no times"
    with pytest.warns(UserWarning, match=said):
        train = brought([one, other, still]).train
    assert set(train.columns) == {"image", "state", "valid", "index"}


def test_the_cover_of_a_film_is_no_frame(tmp_path: Path) -> None:
    images = [grey(20 * i) for i in range(4)]
    path = tmp_path / "a.png"
    images[0].save(path, save_all=True, append_images=images[1:], default_image=True)
    assert brought(path).train.image[0, :, 0, 0, 0].tolist() == [20, 40, 60]


@pytest.mark.parametrize("ending", ["gif", "tif", "webp", "png"])
def test_films_of_pictures(tmp_path: Path, ending: str) -> None:
    path = film(tmp_path / f"a.{ending}")
    data = brought(path)
    assert data.train.image.shape[:4] == (1, 4, 6, 5)
    assert data.train.image[0, :, 0, 0, 0].tolist() == [0, 20, 40, 60]
    assert set(data.train.columns) == {"image", "state", "valid", "index"}
    place = folder(tmp_path / "v")
    for i in range(2):
        film(place / f"b{i}.{ending}", first=i)
    assert brought(place).train.image.shape[:4] == (2, 4, 6, 5)
    assert brought([place.parent / "v"]).train.image.shape[:4] == (2, 4, 6, 5)
    folder(place, f0_png=grey(1))
    refused(place, "it is not clear")
    refused(folder(tmp_path / "w", f0_png=grey(1)) / "f0.png", "is one picture and no")


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


def test_what_of_a_film_would_be_left_out(tmp_path: Path) -> None:
    program, size = find_ffmpeg(), "s=24x16:d=0.2:r=10"
    assert program is not None
    for name, words, message in (
        ("a.mkv", ["-map", "0", "-map", "1"], "holds 2 tracks of pictures. Save the"),
        ("b.webm", ["-c:v", "libvpx-vp9"], "b.webm has transparent parts, for which"),
        ("c.mov", ["-c:v", "qtrle", "-pix_fmt", "argb"], "c.mov has transparent parts"),
    ):
        sources = [f"color=red:{size},format=yuva420p", f"testsrc={size}"]
        asked = [word for one in sources for word in ("-f", "lavfi", "-i", one)]
        subprocess.run(
            [program, "-v", "error", *asked, *words, tmp_path / name], check=True
        )
        refused(tmp_path / name, message)


def test_films_without_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "foreworld.data.exchange.recordings.formats.video.find_ffmpeg", lambda: None
    )
    (tmp_path / "a.mp4").write_bytes(b"1")
    refused(tmp_path / "a.mp4", r"no ffmpeg on this machine\. Install it .*frames as")


# Arrays

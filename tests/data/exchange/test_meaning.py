"""What files say of numbers beside the numbers: axes, units, names, fills, white."""

import struct
import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from tests.data.exchange.files import RNG, brought, frames, refused

STATE = RNG.normal(size=(3, 5, 2)).astype(np.float32)


def hdf5(path: Path, **arrays: Any) -> h5py.File:
    file = h5py.File(path, "w")
    for name, array in arrays.items():
        file[name] = array
    return file


def test_axes_are_those_that_are_named(tmp_path: Path) -> None:
    state = np.swapaxes(STATE, 0, 1)
    with hdf5(tmp_path / "a.h5", state=state) as file:
        for i, label in enumerate(("time", "sequence", "feature")):
            file["state"].dims[i].label = label
    rows = brought(tmp_path / "a.h5").train.state[:]
    assert {row.tobytes() for row in rows} == {row.tobytes() for row in STATE}
    image = frames(4, 6, 6, 3, 3)
    with hdf5(tmp_path / "b.nc", image=image, state=STATE[:, :4]) as file:
        for i, label in enumerate(["t", "h", "w", "n", "c"]):
            # The netCDF way: a scale of its own for each axis.
            file[label] = np.arange(image.shape[i])
            file[label].make_scale(label)
            file["image"].dims[i].attach_scale(file[label])
        file["state"].dims[0].label, file["state"].dims[1].label = "n", "t"
    data = brought(tmp_path / "b.nc")
    assert data.train.image.shape == (3, 4, 6, 6, 3)
    wanted = image.transpose(3, 0, 1, 2, 4)
    kept = {row.tobytes() for row in data.train.image[:]}
    assert kept == {row.tobytes() for row in wanted}
    rows = data.train.state[:]
    assert {row.tobytes() for row in rows} == {row.tobytes() for row in STATE[:, :4]}


def test_names_of_axes_against_what_is_told_or_guessed(tmp_path: Path) -> None:
    with hdf5(tmp_path / "a.h5", image=frames(3, 4, 6, 5)) as file:
        file["image"].dims[0].label = "time"
    refused(tmp_path / "a.h5", r"would be read as n t h w, but the file calls its axes")
    with pytest.warns(UserWarning, match="as n t h w, as --axes says, against the"):
        data = brought(tmp_path / "a.h5", axes="nthw")
    assert data.train.image.shape[:2] == (3, 4)
    assert brought(tmp_path / "a.h5", axes="tnhw").train.image.shape[:2] == (4, 3)
    # Of states alone, and of what stands beside frames.
    with hdf5(tmp_path / "b.h5", state=STATE) as file:
        file["state"].attrs["_ARRAY_DIMENSIONS"] = ["time", "ensemble", "numbers"]
    with hdf5(tmp_path / "d.h5", state=STATE) as file:
        file["state"].attrs["dimensions"] = "time ensemble, numbers"
    refused(tmp_path / "d.h5", "state has shape .* read as n t, but the file calls its")
    refused(tmp_path / "b.h5", "state has shape .* read as n t, but the file calls its")
    assert brought(tmp_path / "b.h5", axes="tn").train.state.shape == (5, 3, 2)
    with hdf5(tmp_path / "c.h5", image=frames(3, 5, 6, 5), state=STATE) as file:
        file["state"].dims[0].label = "time"
    refused(tmp_path / "c.h5", "axis 0 of state would not be read as time, as the file")


@pytest.mark.parametrize(
    ("name", "value", "same"),
    [
        ("scale", 0.5, 1),
        ("offset", [3.0], 0.0),
        ("slope", 2, 1.0),
        ("color_order", "BGR", "rgb"),
        ("IMAGE_SUBCLASS", "IMAGE_INDEXED", "IMAGE_TRUECOLOR"),
    ],
)
def test_attributes_that_may_change_the_numbers(
    tmp_path: Path, name: str, value: Any, same: Any
) -> None:
    for told in (same, value):
        with hdf5(tmp_path / "a.h5", image=frames(3, 4, 6, 5, 3)) as file:
            file["image"].attrs[name] = told
        if told is same:
            brought(tmp_path / "a.h5")
        else:
            refused(
                tmp_path / "a.h5",
                "image (has an attribute|has colours|holds numbers)",
            )


def test_colours_of_16_bits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pillow gives their upper 8 bits, which is said; written by hand as it cannot."""
    place = tmp_path / "a"
    place.mkdir()
    for i, clear in ((0, b""), (1, b""), (2, b"\xff\xff" * 3)):
        rows = frames(6, 5, 3).astype(">u2") * 257 + i
        data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
        head = struct.pack(">IIBBBBB", 5, 6, 16, 2, 0, 0, 0)
        parts = [(b"IHDR", head), (b"tRNS", clear), (b"IDAT", data), (b"IEND", b"")]
        (place / f"{i}.png").write_bytes(
            b"\x89PNG\r\n\x1a\n"
            + b"".join(
                struct.pack(">I", len(body))
                + word
                + body
                + struct.pack(">I", zlib.crc32(word + body))
                for word, body in parts
                if body or word == b"IEND"
            )
        )
    refused(place, "2.png has 16 bits and a transparent colour, for which there is no")
    (place / "2.png").unlink()
    brought(place, quiet=False, val=0, test=0)
    said = capsys.readouterr().err
    assert "pixels: 16 bits of colour cut to the upper 8\n" in said


@pytest.mark.parametrize("hole", [True, False])
def test_parts_of_a_virtual_array_that_show_nothing(tmp_path: Path, hole: bool) -> None:
    with hdf5(tmp_path / "source.h5", s=STATE):
        pass
    layout = h5py.VirtualLayout(STATE.shape, "f4")
    source = h5py.VirtualSource("source.h5", "s", STATE.shape)
    if hole:
        layout[0], layout[1] = source[0], source[1]
        layout[1] = source[2]
    else:
        # Boxes that meet, and cover all between them.
        layout[:, ::2], layout[:, 1::2] = source[:, ::2], source[:, 1::2]
    with hdf5(tmp_path / "a.h5") as file:
        file.create_virtual_dataset("state", layout)
    if hole:
        refused(tmp_path / "a.h5", "state is virtual, and parts of it show nothing")
    else:
        rows = brought(tmp_path / "a.h5").train.state[:]
        assert {row.tobytes() for row in rows} == {row.tobytes() for row in STATE}


def test_a_fill_value_that_somebody_chose_is_no_number(tmp_path: Path) -> None:
    for fill in (-999.0, 0.0):
        with hdf5(tmp_path / "a.h5") as file:
            state = file.create_dataset("state", STATE.shape, "f4", fillvalue=fill)
            state[:, :4] = STATE[:, :4]
        if fill:
            refused(
                tmp_path / "a.h5", r"state holds \d missing values \(where nothing is"
            )
        else:
            assert (brought(tmp_path / "a.h5").train.state[:, 4] == 0).all()


def test_units_of_one_column_and_of_times(tmp_path: Path) -> None:
    def write(name: str, **units: str) -> Path:
        time, dt = np.arange(5.0), np.ones(3)
        arrays = {"state": RNG.normal(size=(3, 5, 2)), "time": time, "dt": dt}
        with hdf5(tmp_path / name, **arrays) as file:
            for array, unit in units.items():
                file[array].attrs["units"] = unit
        return tmp_path / name

    centimetres, metres = write("a.h5", state="cm"), write("b.h5", state="m")
    refused([centimetres, metres], r"state is in 'm', but state in 'cm' .*a\.h5")
    brought([metres, write("c.h5", state="metres")])
    refused(write("a.h5", time="s", dt="ms"), "is in '.*s', but .* in '.*s'")
    brought(write("a.h5", time="seconds since 1970-01-01", dt="s"))


def test_names_of_numbers(tmp_path: Path) -> None:
    ends = np.array([[0, 0, 0, 1]] * 3)
    for names, fine in (({"NO": 1, "YES": 0}, False), ({"FALSE": 0, "TRUE": 1}, True)):
        with hdf5(tmp_path / "a.h5", state=STATE) as file:
            kind = h5py.enum_dtype(names, "i2")
            file.create_dataset("terminated", data=ends, dtype=kind)
        if fine:
            assert brought(tmp_path / "a.h5").train.terminated[:].sum() == 3
        else:
            refused(tmp_path / "a.h5", r"is an enumeration \(NO=1, YES=0\), and truths")


@pytest.mark.parametrize("name", ["IMAGE_COLORMODEL", "IMAGE_MINMAXRANGE"])
def test_pictures_that_are_no_rgb(tmp_path: Path, name: str) -> None:
    with hdf5(tmp_path / "a.h5", image=frames(3, 4, 6, 5, 3)) as file:
        file["image"].attrs[name] = np.bytes_("YUV")
    refused(tmp_path / "a.h5", "YUV" if "MODEL" in name else name)


def test_pixels_shown_from_black_to_white(tmp_path: Path) -> None:
    with hdf5(tmp_path / "a.h5", image=frames(3, 4, 6, 5, 3)) as file:
        file["image"].attrs["IMAGE_MINMAXRANGE"] = [0, 255]
    assert brought(tmp_path / "a.h5").train.image.shape == (3, 4, 6, 5, 3)
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["image"].attrs["IMAGE_MINMAXRANGE"] = [10, 200]
    refused(tmp_path / "a.h5", r"image is to be shown from 10 to 200 \(its attribute")


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32"])
def test_white_that_is_zero(tmp_path: Path, kind: str) -> None:
    most = 1.0 if kind == "float32" else float(np.iinfo(kind).max)
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    folder = tmp_path / kind
    folder.mkdir()
    for number in range(3):
        ramp = np.linspace(0, most, 64).reshape(8, 8).astype(kind)
        ramp = np.roll(ramp, number)
        path = folder / f"{number}.tif"
        Image.fromarray(ramp).save(path, tiffinfo=tags)
        data = bytearray(path.read_bytes())
        first = int.from_bytes(data[4:8], "little")
        for entry in range(first + 2, len(data) - 12, 12):
            if int.from_bytes(data[entry : entry + 2], "little") == 262:
                data[entry + 8 : entry + 10] = b"\0\0"
                break
        path.write_bytes(data)
    first_frame = brought(folder).train.image[0, 0].reshape(-1)
    assert first_frame[0] == 255 and first_frame[-1] == 0


def test_shades_of_a_pgm(tmp_path: Path) -> None:
    for number in range(3):
        shades = np.roll(np.arange(64) * 1000 // 63, number).astype(">u2")
        head = b"P5 8 8 1000\n"
        (tmp_path / "a").mkdir(exist_ok=True)
        (tmp_path / "a" / f"{number}.pgm").write_bytes(head + shades.tobytes())
    frame = brought(tmp_path / "a").train.image[0, 0].reshape(-1)
    wanted = np.arange(64) * 1000 // 63 * 255 / 1000
    assert np.abs(frame - wanted).max() <= 1


def test_offsets_that_float32_cannot_carry(tmp_path: Path) -> None:
    clock = 1.7e9 + 0.1 * np.arange(5) + 10.0 * np.arange(3)[:, None]
    state = np.stack([STATE[..., 0], clock], -1)
    np.savez(tmp_path / "a.npz", state=state)
    said = r"state \[1\] differs by 0\.4 about .*: of 5 values .* keeps 1 apart"
    with pytest.warns(UserWarning, match=said):
        brought(tmp_path / "a.npz")
    rewards = 1e9 + np.arange(12.0).reshape(3, 4)
    np.savez(tmp_path / "a.npz", state=STATE, reward=rewards)
    with pytest.warns(UserWarning, match=r"reward  ?differs by 3 about 1e\+09"):
        brought(tmp_path / "a.npz")
    # Last digits of a computation, and doubles that are near each other enough.
    still = 9.81 + 1e-15 * RNG.normal(size=(3, 5))
    near = 100 + RNG.normal(size=(3, 5))
    np.savez(tmp_path / "a.npz", state=np.stack([still, near], -1))
    brought(tmp_path / "a.npz")


def test_choices_with_an_axis_that_says_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    action = RNG.integers(0, 3, (3, 4, 1))
    np.savez(tmp_path / "a.npz", state=STATE, action=action)
    data = brought(tmp_path / "a.npz", quiet=False)
    assert data.train.action.shape == (3, 4)
    said = "read: action without its last axis, which has length 1, in "
    assert said in capsys.readouterr().err

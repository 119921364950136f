"""What people bring as arrays: NPZ, NPY, HDF5, MATLAB, and what is made of them."""

import contextlib
import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import scipy.io

from foreworld.cli.main import main
from foreworld.core.errors import ConfigError
from foreworld.core.spaces import Discrete
from foreworld.data.exchange.importing import import_data
from foreworld.data.format.check import check_dataset
from tests.data.exchange.files import RNG, brought, frames, refused


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
        "terminated": np.arange(1, time) == time - RNG.integers(0, 2, (num, 1)),
        "truncated": np.arange(1, time) == time - RNG.integers(0, 2, (num, 1)),
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
        assert train.spaces() == {"action": Discrete(2)}
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
    state, ends = RNG.normal(size=(2, 4, 7)), np.zeros((3, 7), bool)
    ends[2] = np.arange(7) % 2
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
    assert sorted(data.train.device().columns) == ["reward", "state", "valid"]
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


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            ["dt", "parameters/dt"],
            "a.npz cannot be read as NPZ: 'parameters/dt' and 'dt' would both be the "
            "column parameters/dt. Name one of them otherwise, or leave one out.",
        ),
        (["parameters/a/b", "parameters/a.b"], "both be the column parameters/a.b. "),
        (
            ["parameters/."],
            "'parameters/.' cannot name a parameter: '.', '..' and nothing are no "
            "names. Name it otherwise.",
        ),
        (["parameters/../x"], "'parameters/../x' cannot name a parameter: '.', '..' a"),
        (["parameters/a//b"], "'parameters/a//b' cannot name a parameter: '.', '..' a"),
        (["parameters/\x1b[3"], "cannot name a parameter: it holds a control charact"),
        (["parameters/" + "x" * 201], "it has 201 letters, and at most 200 are allowe"),
    ],
)
def test_names_of_parameters(tmp_path: Path, names: list[str], said: str) -> None:
    arrays = {name: np.arange(3) + i + 1.0 for i, name in enumerate(names)}
    np.savez(tmp_path / "a.npz", image=frames(3, 4, 6, 5), **arrays)
    refused(tmp_path / "a.npz", re.escape(said))


def test_parameters_within_others_are_renamed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is called as the group of parameters is none of them."""
    arrays = {"parameters/a/b": np.arange(3), "parameters/" + "x" * 200: np.arange(3)}
    path = tmp_path / "a.npz"
    for name in ("parameters", "parameters/"):
        np.savez(path, image=frames(3, 4, 6, 5), **arrays, **{name: np.ones((3, 2))})
        with pytest.warns(UserWarning, match=f"arrays that are not stored: {name}\\."):
            data = brought(path, quiet=False)
        assert set(data.train.parameters) == {"a.b", "x" * 200}
        told = f"read: parameters/a.b (parameters/a/b in the file), in {path}\n"
        assert told in capsys.readouterr().err
        assert check_dataset(data.path) == []


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
        (
            {"state": np.full((3, 4), 2**63 + 1, np.uint64)},
            "9223372036854775809, which float32 would change to 9223372036854775808",
        ),
        ({"reward": np.full((3, 3), -(2**63) + 1)}, "reward holds the whole .*5807, "),
        ({"parameters/n": np.full(3, 2**53 + 1)}, r"parameters/n .* 9007199254740993"),
        ({"parameters/n": np.full(3, 2**24 + 1)}, r"parameters/n .* 16777217, which"),
        ({"label": np.full(3, 2**63, np.uint64)}, "label holds 9223372036854775808, "),
        ({"label": np.full(3, 2.0**63)}, "label holds 9223372036854775808, and the la"),
        ({"mode": np.full((3, 4), 2**31)}, "mode holds 2147483648, and the largest"),
        ({"dt": -0.1}, r"dt is -0\.1, but the time between two frames is greater than"),
        ({"parameters/dt": [0.1, 0, 0.1]}, "sequence 1: dt is 0, but the time between"),
        ({"time": np.zeros((3, 4))}, "time is the same at frames 0 and 1, and 3 of 3"),
        ({"time": np.full(4, 7)}, "time is the same at frames 0 and 1, and 3 of 3"),
        ({"time": [0, 1, 1, 2]}, "time is the same at frames 1 and 2, and 1 of 3"),
        (
            {"dt": 0.1, "time": 5 * np.arange(4)},
            r"a\.npz, sequence 0: dt is 0\.1, but time goes on by 5 to 5 from one "
            r"frame to the next\. dt is the time between two frames, in the unit of "
            r"time: correct one of them, or leave one out: --dt '' or --time ''\.",
        ),
        ({"dt": 2, "time": [0, 1, 2.3, 3]}, "dt is 2, but time goes on by 0.7 to 1.3"),
        (
            {"terminated": [[1, 0, 0]] * 3, "valid": [[1, 1, 1, 0]] * 3},
            r"a\.npz, sequence 0: terminated is true at step 0 of 3, but frame 2 is "
            r"valid\. No frame of an episode follows its end: make valid false from "
            r"there on, or terminated false\. If it is something else: --terminated ''",
        ),
        (
            {"truncated": [[1, 0, 1]] * 3},
            r"an episode ends at step 0 \(truncated\), and again at step 2\. Make a s",
        ),
        ({"time": 2**60 + np.array([0, 2, 1, 3])}, "time goes backwards"),
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


def test_frames_after_an_end_are_not_valid(tmp_path: Path) -> None:
    """Where nothing else is recorded; an end may stay true to the last step."""
    ends = np.array([[0, 1, 0], [0, 0, 1], [1, 1, 1]])
    image, time = frames(3, 4, 6, 5), np.array([0, 1, 1.2, 1.3])
    arrays = {"image": image, "terminated": ends, "time": time, "dt": 1}
    np.savez(tmp_path / "a.npz", **arrays)
    said = (
        f"frames after the end of an episode are not valid, in 2 of 3 sequences: "
        f"{tmp_path}/a.npz, sequence 0, {tmp_path}/a.npz, sequence 2. If they are, "
        f"leave the ends out: --terminated '' --truncated ''."
    )
    with pytest.warns(UserWarning, match=re.escape(said)):
        train = brought(tmp_path / "a.npz").train
    assert sorted(train.valid[:].sum(1).tolist()) == [2, 3, 4]
    valid = np.arange(4) < np.array([[3], [4], [2]])
    np.savez(tmp_path / "a.npz", **arrays, valid=valid)
    assert sorted(brought(tmp_path / "a.npz").train.valid[:].sum(1)) == [2, 3, 4]


def test_what_float32_makes_equal_is_said(tmp_path: Path) -> None:
    state = RNG.normal(size=(3, 4, 2))
    np.savez(tmp_path / "a.npz", state=state + 1e9, time=np.arange(4))
    where = [f"{tmp_path}/a.npz, sequence {i}" for i in range(3)]
    said = (
        f"2 of 3 sequences hold the same as another one once they are stored: "
        f"{where[1]} and {where[0]}, {where[2]} and {where[0]}. In the files they "
        f"differ (state), by less than float32, or 8 bits of frames, can tell apart. "
        f"Subtract the offset that all have, or choose another unit."
    )
    refused(tmp_path / "a.npz", f"^{re.escape(said)}$")
    np.savez(tmp_path / "a.npz", state=np.stack([state[0], state[0], state[1]]))
    refused(tmp_path / "a.npz", r"1 of 3 .* same as another one: .* Leave one of each")


def test_large_whole_numbers_are_kept_where_they_can_be(tmp_path: Path) -> None:
    """Clocks count from their first frame; after the end they may stand still."""
    state = np.full((3, 4), 2**63, np.uint64) + np.uint64(2**40)
    time = np.uint64(2**64 - 100) + np.array([0, 1, 2, 2], np.uint64)
    valid = np.arange(4) < np.full((3, 1), 3)
    image, low = frames(3, 4, 6, 5), np.full(3, -(2**63))
    arrays = {"state": state, "time": time, "valid": valid, "parameters/low": low}
    np.savez(tmp_path / "a.npz", image=image, **arrays)
    train = brought(tmp_path / "a.npz").train
    assert (train.state[:] == 2.0**63 + 2.0**40).all()
    assert train.time[0].tolist() == [0, 1, 2, 2]
    assert (np.asarray(train.parameters["low"]) == -(2.0**63)).all()


def test_labels_that_a_device_cannot_hold(tmp_path: Path) -> None:
    """They are kept as they are, and never wrapped."""
    label = np.arange(3) + 2**40
    np.savez(tmp_path / "a.npz", state=RNG.normal(size=(3, 4, 2)), label=label)
    train = brought(tmp_path / "a.npz").train
    assert sorted(train.label[:].ravel().tolist()) == label.tolist()
    with pytest.raises(ConfigError) as caught:
        train.device()
    first = int(train.label[0][0])
    assert str(caught.value) == (
        f"label of the split train of {train.place} holds {first}, but numbers on the "
        f"device are int32, from -2147483648 to 2147483647. Number choices from 0, "
        f"choose a larger unit, subtract an offset or leave it out."
    )


@pytest.mark.parametrize("kind", ["<u2", ">u2"])
def test_arrays_of_16_bits_are_scaled(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As pictures of 16 bits are, whatever the largest value is."""
    image = np.linspace(0, 65535, 180).reshape(2, 3, 6, 5).astype(kind)
    np.savez(tmp_path / "a.npz", image=image)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["image"] = image
    for path in (tmp_path / "a.npz", tmp_path / "a.h5"):
        train = brought(path, quiet=False).train
        assert "pixels: 16 bits scaled to 8\n" in capsys.readouterr().err
        order = np.argsort(train.image[:, 0, 0, 0, 0])
        wanted = np.round(image.astype(float) / 257).astype(np.uint8)
        np.testing.assert_array_equal(train.image[:][order][..., 0], wanted)
    np.savez(tmp_path / "a.npz", image=frames(3, 4, 6, 5).astype(kind))
    said = r"brighter than 1 .* 16 bits are divided by 257: save 8 bits as uint8\."
    with pytest.warns(UserWarning, match=said):
        brought(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", image=frames(3, 4, 6, 5).astype(kind) // 2)
    refused(tmp_path / "a.npz", f"2 of 3 sequences hold the same .* {said}")


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
    said = capsys.readouterr().err
    assert "dropped: 2 frames that fill no piece of 11\n" in said
    assert "dropped: 15 frames that are not valid\n" in said


def test_masks_of_0_and_1_are_warned_of(tmp_path: Path) -> None:
    mask = frames(3, 4, 6, 5) & 1
    for dtype in (np.uint8, np.int64):
        np.savez(tmp_path / "a.npz", image=mask.astype(dtype))
        with pytest.warns(UserWarning, match="no frame is brighter than 1 of 255 in"):
            brought(tmp_path / "a.npz")
    # A camera of 12 bits: what the division leaves of its shades is said.
    np.savez(tmp_path / "a.npz", image=frames(3, 4, 6, 5).astype(np.uint16) * 16)
    with pytest.warns(UserWarning, match="than 1[56] of 255 in .*, so that 1[67] shad"):
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
    refused(write(valid_range=3), "attribute valid_range of state is not 2 numbers")
    inside = {"valid_min": 0, "valid_max": 23, "valid_range": [0, 23]}
    brought(write(**inside))
    # Of whole numbers the limits are as they lie in the file, floats as they are meant.
    brought(write(**inside, scale_factor=0.5))
    brought(write(valid_max=np.float32(11.5), scale_factor=0.5))
    refused(
        write(valid_max=np.float32(11), scale_factor=0.5), "holds 1 values above 11"
    )
    refused(
        write(valid_min=3),
        r"a\.h5 cannot be read as HDF5: state holds 3 values below 3, such as 0, which "
        r"its attribute valid_min calls not valid\. Leave such sequences out, or corre",
    )
    refused(
        write(valid_range=[0, 20]), "3 values above 20, .* valid_range calls not va"
    )


def test_what_attributes_say_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [tmp_path / "a.h5", tmp_path / "b.h5"]
    for path in paths:
        with h5py.File(path, "w") as file:
            file["state"] = RNG.normal(size=(3, 4, 2))
            file["state"].attrs.update(scale_factor=2.0, add_offset=0.5, units="m")
            file["time"], file["dt"] = 20 * np.arange(4), 20
            file["time"].attrs["units"] = np.bytes_("milli\x1bseconds")
            file["dt"].attrs["unit"] = "milli\x1bseconds"
    data = brought(paths, quiet=False)
    assert data.train.time[0].tolist() == [0, 20, 40, 60]
    where = f"in {paths[0]}, {paths[1]}"
    told = capsys.readouterr().err.splitlines()
    assert [line for line in told if line.startswith("read: ")] == [
        f"read: state is multiplied by 2 and raised by 0.5, as its attributes say, "
        f"{where}",
        f"read: time is in 'milli\\x1bseconds', which is not converted, {where}",
        f"read: dt is in 'milli\\x1bseconds', which is not converted, {where}",
    ]


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


@pytest.mark.parametrize("version", ["5", "7.3"])
def test_rows_of_matlab_are_vectors(tmp_path: Path, version: str) -> None:
    """MATLAB has none: a label of each sequence, or a clock, is saved as a row."""
    image, path = frames(3, 4, 6, 5), tmp_path / "a.mat"
    arrays = {"image": image, "label": np.array([[0, 2, 1]], np.uint64)}
    arrays["time"] = np.array([[0.0, 1, 3, 4]])

    def save(arrays: dict[str, np.ndarray]) -> None:
        if version == "5":
            scipy.io.savemat(path, arrays)
            return
        with h5py.File(path, "w") as file:
            for name, array in arrays.items():
                # As MATLAB writes them: axes the other way round.
                file[name] = array.T
                file[name].attrs["MATLAB_class"] = np.bytes_(array.dtype.name)

    save(arrays)
    train = brought(path).train
    assert sorted(train.label[:].ravel().tolist()) == [0, 1, 2]
    assert train.time[:].tolist() == [[0, 1, 3, 4]] * 3
    save({**arrays, "label": np.array([[0, 2**63, 1]], np.uint64)})
    refused(path, "label holds 9223372036854775808, and the largest number that can")

"""The Well's layout: as its specification says, and as its own reader reads it."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

import foreworld as fw
from foreworld.core.errors import ConfigError, OccupiedError
from foreworld.data.exchange.well import FOLDERS, write_well

SIZES = {"train": 3, "val": 1, "test": 1, "num_frames": 4, "chunk_len": 1}
SIZES |= {"shard_len": 2, "quiet": True}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory):
    return fw.generate(
        "slvm/pendulum3", tmp_path_factory.mktemp("d") / "pendulum3", **SIZES
    )


@pytest.fixture(scope="module")
def well(data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("w") / "swings"
    write_well(data, out)
    return out


def check_file(path: Path) -> list[str]:
    """What of a file is not as the specification of the format says."""
    wrong = []

    def expect(true: bool, what: str) -> None:
        if not true:
            wrong.append(f"{path.name}: {what}")

    with h5py.File(path) as file:
        attrs = dict(file.attrs)
        for name in ("dataset_name", "grid_type", "n_spatial_dims", "n_trajectories"):
            expect(name in attrs, f"no {name}")
        expect(attrs["grid_type"] in ("cartesian", "spherical"), "grid_type")
        for name in attrs["simulation_parameters"]:
            expect(name in attrs, f"no value of {name}")
        num, axes = (
            int(attrs["n_trajectories"]),
            list(file["dimensions"].attrs["spatial_dims"]),
        )
        expect(len(axes) == attrs["n_spatial_dims"], "spatial_dims")
        time = file["dimensions/time"]
        expect("sample_varying" in time.attrs, "time: sample_varying")
        steps = time.shape[-1]
        expect(np.allclose(np.diff(time[...]), np.diff(time[...])[..., :1]), "uneven")
        shape = []
        for axis in axes:
            entry = file["dimensions"][axis]
            expect({"sample_varying", "time_varying"} <= set(entry.attrs), axis)
            expect((np.diff(entry[:]) > 0).all(), f"{axis} does not ascend")
            shape.append(entry.shape[-1])
        for name, side in file["boundary_conditions"].items():
            for key in ("associated_dims", "associated_fields", "bc_type"):
                expect(key in side.attrs, f"{name}: {key}")
            expect(side.attrs["bc_type"] in ("WALL", "OPEN", "PERIODIC"), name)
            dims = [axes.index(axis) for axis in side.attrs["associated_dims"]]
            expect(side["mask"].shape == tuple(shape[d] for d in dims), f"{name}: mask")
        groups = {"scalars": 0, "t0_fields": 0, "t1_fields": 1, "t2_fields": 2}
        for group, rank in groups.items():
            names = list(file[group].attrs["field_names"])
            expect(sorted(names) == sorted(file[group]), f"{group}: field_names")
            for name in names:
                entry = file[group][name]
                lead = (num,) * bool(entry.attrs["sample_varying"])
                lead += (steps,) * bool(entry.attrs["time_varying"])
                if group != "scalars":
                    used = entry.attrs["dim_varying"]
                    lead += tuple(n for n, u in zip(shape, used, strict=True) if u)
                    lead += (len(axes),) * rank
                expect(entry.shape == lead, f"{name}: {entry.shape} is not {lead}")
                expect(entry.dtype == np.float32, f"{name}: {entry.dtype}")
    return wrong


def test_files_are_as_the_specification_says(well):
    files = sorted(well.rglob("*.hdf5"))
    assert [str(f.relative_to(well)) for f in files] == [
        f"data/{split}/pendulum_{i}.hdf5"
        for split in sorted(FOLDERS.values())
        for i in range(3)
    ]
    for file in files:
        assert check_file(file) == []


def test_the_checker_sees_what_is_wrong(well, tmp_path):
    path = tmp_path / "broken.hdf5"
    path.write_bytes((well / "data/train/pendulum_0.hdf5").read_bytes())
    with h5py.File(path, "a") as file:
        del file.attrs["grid_type"]
        file.attrs["grid_type"] = "round"
        del file["t0_fields/brightness"]
        file["t0_fields"]["brightness"] = np.zeros((3, 4, 32, 31))
        for name in ("sample_varying", "time_varying"):
            file["t0_fields/brightness"].attrs[name] = True
        file["t0_fields/brightness"].attrs["dim_varying"] = [True, True]
    assert check_file(path) == [
        "broken.hdf5: grid_type",
        "broken.hdf5: brightness: (3, 4, 32, 31) is not (3, 4, 32, 32)",
        "broken.hdf5: brightness: float64",
    ]


def test_axes_are_right_and_up(data, well):
    task = data.tasks["pendulum_1"]
    with h5py.File(well / "data/train/pendulum_1.hdf5") as file:
        field = file["t0_fields/brightness"][:]
        mass, q = file["scalars/mass"][:], file["scalars/state_0"][:]
        assert file.attrs["gravity"] == 3 and "mass" not in file.attrs
        assert list(np.diff(file["dimensions/time"][:])) == pytest.approx([0.1] * 3)
    frames = task.train.image[:][..., 0] / 255
    # Frames have rows from the top; here x comes first and y goes up.
    np.testing.assert_array_equal(field, np.swapaxes(frames[:, :, ::-1], 2, 3))
    np.testing.assert_array_equal(mass, task.train.parameters["mass"][:])
    np.testing.assert_array_equal(q, task.train.state[:][..., 0])


def test_statistics_are_of_the_training_split(data, well):
    text = (well / "stats.yaml").read_text()
    # As JSON without its braces: no YAML library is needed to look at two levels.
    found, word = {}, ""
    for line in text.splitlines():
        if line.startswith("  "):
            name, _, value = line.strip().partition(": ")
            found[word, name] = json.loads(value)
        else:
            word = line.removesuffix(":")
    frames = data.train.image[:].astype(float) / 255
    wanted = {}
    for kind, values in (("", frames), ("_delta", np.diff(frames, axis=1))):
        wanted[f"mean{kind}", "brightness"] = values.mean()
        wanted[f"std{kind}", "brightness"] = values.std()
        wanted[f"rms{kind}", "brightness"] = np.sqrt((values**2).mean())
    assert found == pytest.approx(wanted, abs=1e-6)


def test_their_reader_reads_it(data, well):
    reader = pytest.importorskip("the_well.data")
    from the_well.data.normalization import (  # type: ignore[import-not-found]
        ZScoreNormalization,
    )

    read = reader.WellDataset(
        path=str(well),
        well_split_name="train",
        use_normalization=True,
        normalization_type=ZScoreNormalization,
    )
    assert len(read) == 9 * 3 and read.dataset_name == "swings"
    sample = read[0]
    assert sample["input_fields"].shape == (1, 32, 32, 1)
    assert sample["constant_scalars"].shape == (4,)
    np.testing.assert_allclose(
        sample["output_scalars"][0], data.tasks["pendulum_0"].train.state[0, 1]
    )


def test_walls_periods_and_colours(tmp_path):
    for name, kind in (("slvm/gravity", "WALL"), ("dm/lj_4", "PERIODIC")):
        world = fw.make_set(name).tasks
        (family,) = world.values()
        if kind == "PERIODIC":
            family = fw.worlds.LennardJones.family(
                num_particles=4, density=0.04, temperature=1.0, thermalisation=0.1
            )
        data = fw.generate(family, tmp_path / kind, **SIZES)
        write_well(data, tmp_path / f"{kind}-well")
        path = tmp_path / f"{kind}-well/data/train/{kind}-well.hdf5"
        assert check_file(path) == []
        with h5py.File(path) as file:
            sides = list(file["boundary_conditions"].values())
            assert {side.attrs["bc_type"] for side in sides} == {kind}
            colours = list(file["t0_fields"].attrs["field_names"])
        rgb = ["red", "green", "blue"]
        assert colours == (rgb if kind == "PERIODIC" else ["brightness"])


def test_what_has_no_place_there(data, well, tmp_path):
    with pytest.raises(OccupiedError, match=r"pendulum_0\.hdf5 is there already"):
        write_well(data, well)
    write_well(data, well, force=True)
    acting = fw.generate("tmaze", tmp_path / "t", train=1, num_frames=3, quiet=True)
    with pytest.raises(ConfigError, match=r"holds actions, for which The Well has no"):
        write_well(acting, tmp_path / "w")
    blind = fw.generate(
        "pendulum", tmp_path / "p", train=1, num_frames=3, images=False, quiet=True
    )
    with pytest.raises(ConfigError, match=r"holds no frames, and The Well holds"):
        write_well(blind, tmp_path / "w")
    assert not (tmp_path / "w").exists()

"""NPZ files of slvm-data-generation: keys, dtypes and axes of every kind of set."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import foreworld as fw
from foreworld.compat.windows import leaky_windows
from foreworld.core.errors import ConfigError, OccupiedError
from foreworld.data.exchange.npz_slvm import write_triples
from foreworld.testing.faults import killing

SIZES = {"train": 3, "val": 2, "test": 1, "chunk_len": 1, "shard_len": 4}
SIZES |= {"quiet": True}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("t") / "mixed"
    return fw.generate("slvm/mixed_physics_2025", folder, **SIZES)


@pytest.mark.fact("dynamics-datasets", "C23")
def test_fact_c23_files_of_tasks(mixed, tmp_path):
    written = write_triples(mixed, tmp_path)
    assert len(written) == 36
    widths = [4] * 3 + [2] * 6 + [8] * 3
    for label, width in enumerate(widths):
        for split, num in (("train", 3), ("val", 2), ("test", 1)):
            with np.load(tmp_path / f"mixed_{label}/{split}.npz") as file:
                assert sorted(file) == ["image", "label", "state"]
                image, state, labels = (file[n] for n in ("image", "state", "label"))
            axes = (32, 32) if width == 4 else (3, 32, 32)
            assert image.shape == (num, 30, *axes) and image.dtype == np.float64
            assert set(np.unique(image)) == {0, 1}
            assert state.shape == (num, 30, width) and state.dtype == np.float32
            assert labels.tolist() == [[label]] * num and labels.dtype == np.int64


def test_combined_in_the_order_of_tasks(mixed, tmp_path):
    with pytest.raises(ConfigError, match=r"state is unequal \(30x4 in mixed_0, "):
        write_triples(mixed, tmp_path, combined=True)
    assert not list(tmp_path.iterdir())
    cut = mixed.with_states("truncate", 2)
    written = write_triples(cut, tmp_path, combined=True)
    assert [p.name for p in written] == [
        f"combined_{split}.npz" for split in ("train", "val", "test")
    ]
    with np.load(written[0]) as file:
        image, state, label = (file[n] for n in ("image", "state", "label"))
    # Balls have one channel without an axis, so all have.
    assert image.shape == (36, 30, 32, 32) and set(np.unique(image)) == {0, 1}
    assert state.shape == (36, 30, 2)
    assert label[:, 0].tolist() == np.repeat(np.arange(12), 3).tolist()
    own = mixed.tasks["mixed_10"].train
    np.testing.assert_array_equal(image[30:33, :, ::-1], own.image[:][..., 0] / 255)
    np.testing.assert_array_equal(state[30:33], own.state[:][..., :2])


def test_combined_of_equal_tasks_has_their_axes(tmp_path):
    data = fw.generate("slvm/pendulum3", tmp_path / "p", **SIZES)
    written = write_triples(data, tmp_path / "out", combined=True)
    with np.load(written[0]) as file:
        assert file["image"].shape == (9, 30, 3, 32, 32)
    with pytest.raises(ConfigError, match=r"combined: .* is of one task, so there is"):
        write_triples(data.tasks["pendulum_0"], tmp_path / "x", combined=True)


def test_legacy_frames_keep_their_channels(tmp_path):
    data = fw.generate("slvm/two_body", tmp_path / "t", legacy=True, **SIZES)
    write_triples(data, tmp_path / "out")
    with np.load(tmp_path / "out/train.npz") as file:
        image = file["image"]
    assert image.shape == (3, 30, 3, 32, 32) and set(np.unique(image)) == {0, 1}
    assert not np.array_equal(image[:, :, 0], image[:, :, 1])


WINDOWS = {
    "queries": ((7, 10), np.float64),
    "domains": ((3, 7, 10), np.float64),
    "labels": ((7,), np.int64),
    "latents": ((7, None), np.float32),
}


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("lorenz", "lorenz"),
        ("nascar", "nascar"),
        ("switching_double_pendulum", "double_pendulum"),
    ],
)
def test_windows_have_one_schema(name, file, tmp_path):
    data = fw.generate(f"slvm/{name}", tmp_path / "d", num_frames=400, quiet=True)
    written = write_triples(data, tmp_path)
    assert [p.name for p in written] == [
        f"{file}_{split}.npz" for split in ("train", "val", "test")
    ]
    for path in written:
        with np.load(path) as arrays:
            assert sorted(arrays) == sorted(WINDOWS)
            for key, (shape, dtype) in WINDOWS.items():
                array = arrays[key]
                wanted = (*shape[:-1], shape[-1] or data.train.state.shape[-1])
                assert array.shape[1:] == wanted and array.dtype == dtype
            sizes = {len(arrays[key]) for key in WINDOWS}
        assert len(sizes) == 1


@pytest.mark.fact("dynamics-datasets", "C24")
def test_fact_c24_windows_as_the_source_cuts_them(tmp_path):
    data = fw.generate("slvm/lorenz", tmp_path / "d", quiet=True)
    written = write_triples(data, tmp_path, cut=leaky_windows)
    assert [p.name for p in written] == ["lorenz_train.npz", "lorenz_test.npz"]
    found = []
    for path, num in zip(written, (8000, 1976), strict=True):
        with np.load(path) as arrays:
            assert len(arrays["queries"]) == num
            found.append(dict(arrays))
    queries = np.concatenate([f["queries"] for f in found])
    domains = np.concatenate([f["domains"] for f in found])
    # The last step of the context is the one before the query.
    np.testing.assert_array_equal(domains[1:, 2, -1], queries[:-1, 0])
    np.testing.assert_array_equal(domains[9:, 0, 0], queries[:-9, 0])


def test_what_is_for_other_data(mixed, tmp_path):
    with pytest.raises(ConfigError, match=r"leaky is for series with modes, which "):
        write_triples(mixed, tmp_path, cut=leaky_windows)
    blind = fw.generate(
        "pendulum", tmp_path / "p", train=1, num_frames=3, images=False, quiet=True
    )
    with pytest.raises(ConfigError, match=r"holds no frames, which npz-slvm needs"):
        write_triples(blind, tmp_path / "x")
    assert not Path(tmp_path / "x").exists()


def test_an_export_killed_half_way_goes_on(tmp_path):
    data = fw.generate(
        "pendulum", tmp_path / "p", train=2, val=1, test=1, num_frames=3, quiet=True
    )
    out = tmp_path / "out"
    with killing(10**9) as disk:
        whole = {p.name: p.read_bytes() for p in write_triples(data, tmp_path / "a")}
    for number in range(1, len(disk.calls) + 1):
        with killing(number):
            write_triples(data, out)
        again = write_triples(data, out, force=number == len(disk.calls))
        assert {path.name: path.read_bytes() for path in again} == whole
        assert sorted(p.name for p in out.iterdir()) == sorted(whole)
        shutil.rmtree(out)
    # Files of another export are told from those of this one.
    names = [path.name for _, path in disk.calls]
    with killing(len(names) - names[::-1].index("val.npz")):
        write_triples(data, out)
    assert (out / "train.npz").exists()
    other = fw.generate("pendulum", tmp_path / "o", train=2, num_frames=3, quiet=True)
    with pytest.raises(OccupiedError, match=r"train\.npz is there already\. Choose"):
        write_triples(other, out)

"""Exports: results as long tables, data sets as NPZ triples."""

import csv
import sys
from pathlib import Path

import numpy as np
import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.sweeps.run.sweep import sweep
from foreworld.testing.probes import ProbeLearner, ProbeWorld


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    base = fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=7))
    over = {"learning_rate": [0.1, 0.2], "broken_from": [2.0, 0.5]}
    out = tmp_path_factory.mktemp("s") / "s"
    return sweep(fw.Study("probe", base, over, seeds=2), out=out, quiet=True)


def rows_of(path):
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def test_csv_holds_every_number(study, capsys):
    assert main(["export", str(study.path), "--to", "csv", "--out", "t.csv"]) == 0
    assert capsys.readouterr().out == "t.csv\n"
    rows = rows_of("t.csv")
    assert ",".join(rows[0]) == (
        "study,world,learner,point,learning_rate,broken_from,seed,metric,step,horizon,"
        "failed,value"
    )
    table = study.results
    known = table.data_vars.values()
    assert len(rows) == sum(np.isfinite(array.values).sum() for array in known)
    for row in rows[:: len(rows) // 50]:
        array = table[row["metric"]].isel(
            point=int(row["point"]), seed=int(row["seed"])
        )
        axis = next((d for d in array.dims if d in ("step", "val_step")), None)
        if axis:
            array = array.sel({axis: int(row["step"])})
        if row["horizon"]:
            array = array.sel(horizon=int(row["horizon"]))
        assert float(row["value"]) == float(array)
        point = study.points[int(row["point"])].fields
        assert float(row["learning_rate"]) == point["learning_rate"]
        assert row["failed"] == str(point["broken_from"] < 1)
    assert {row["world"] for row in rows} == {"probeworld"}


def test_parquet_holds_the_same(study):
    parquet = pytest.importorskip("pyarrow.parquet")
    words = ["export", str(study.path), "--quiet", "--out"]
    assert main([*words, "t.parquet", "--to", "parquet"]) == 0
    assert main([*words, "t.csv", "--to", "csv"]) == 0
    table = parquet.read_table("t.parquet").to_pylist()
    plain = rows_of("t.csv")
    assert len(table) == len(plain)
    for one, other in zip(table, plain, strict=True):
        assert {k: "" if v is None else str(v) for k, v in one.items()}.keys() == (
            other.keys()
        )
        assert one["value"] == pytest.approx(float(other["value"]), rel=1e-6)
        assert (one["metric"], str(one["point"])) == (other["metric"], other["point"])


def test_parquet_without_pyarrow(study, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert main(["export", str(study.path), "--to", "parquet"]) == 2
    assert capsys.readouterr().err == (
        "foreworld: Parquet needs the package pyarrow, which is not installed. Install "
        "it with: pip install 'foreworld[parquet]', or export to csv.\n"
    )


def test_swept_worlds_have_their_names(tmp_path):
    base = fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=3))
    worlds = [ProbeWorld(), ProbeWorld(target=2.0)]
    done = sweep(fw.Study("w", base, {"world": worlds}), out=tmp_path / "w", quiet=True)
    assert main(["export", str(done.path), "--to", "csv", "--out", "w.csv"]) == 0
    names = [row["world"] for row in rows_of("w.csv")]
    assert set(names) == {"probeworld()", "probeworld(target=2.0)"}


def test_triples(capsys):
    fw.generate("pendulum", "data/p", train=3, val=2, num_frames=5, quiet=True)
    words = ["export", "data/p", "--to", "npz-slvm", "--out", "out"]
    assert main(words) == 0
    assert capsys.readouterr().out == "out/train.npz\nout/val.npz\n"
    data = fw.load("data/p")
    with np.load("out/train.npz") as file:
        assert sorted(file) == ["image", "label", "state"]
        image, state, label = file["image"], file["state"], file["label"]
    assert image.shape == (3, 5, 3, 32, 32) and image.dtype == np.float64
    assert set(np.unique(image)) == {0.0, 1.0}
    ours = data.train.image[:][..., 0] / 255
    np.testing.assert_array_equal(image[:, :, 0, ::-1], ours)
    # One colour is red there.
    assert not image[:, :, 1:].any()
    # A pendulum that hangs appears at the top there: row 0 is the smallest y.
    assert state.dtype == np.float32
    np.testing.assert_array_equal(state, data.train.state[:])
    assert label.dtype == np.int64 and label.tolist() == [[0], [0], [0]]
    assert main(words) == 1
    assert "out/train.npz is there already" in capsys.readouterr().err
    assert main([*words, "--force", "--quiet"]) == 0


def test_mistakes(study, capsys):
    fw.generate("tmaze", "data/t", train=1, num_frames=3, quiet=True)
    assert main(["export", "data/t", "--to", "npz-slvm"]) == 2
    assert "data/t holds actions of a TMaze, for which" in capsys.readouterr().err
    assert main(["export", "data/t", "--to", "csv"]) == 2
    said = (
        "foreworld: --to csv is not for a data set: for a data set choose npz-slvm or "
        "well.\n"
    )
    assert capsys.readouterr().err == said
    assert main(["export", str(study.path)]) == 2
    said = "foreworld: export needs --to: for a study choose csv or parquet.\n"
    assert capsys.readouterr().err == said

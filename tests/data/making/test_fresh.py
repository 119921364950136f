"""An endless stream of episodes: drawn anew for every update, held out ones fixed."""

from pathlib import Path

import jax
import numpy as np
import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.errors import ConfigError, FitError
from foreworld.core.keys import root_key
from foreworld.data.making.fresh import Fresh
from foreworld.testing.columns import ColumnProbe
from foreworld.testing.masked import Nim
from foreworld.testing.probes import ProbeWorld
from foreworld.train.sources import read_split
from tests.data.worlds import Escaping

LEARNER, WORLD = "foreworld.testing:ColumnProbe", "foreworld.testing:ProbeWorld"


def test_every_draw_is_another_and_what_is_held_out_stays() -> None:
    world = ProbeWorld.family(target=fw.Uniform(0, 1))
    stream = Fresh(world, num_frames=5, num_sequences=6, num_held_out=3)
    draw = jax.jit(lambda key: stream.draw(key))
    first, other = draw(root_key(1)), draw(root_key(2))
    assert first.image.shape[:2] == first.valid.shape == (6, 5)
    assert set(first.parameters) == {"target"}
    assert (first.parameters["target"] != other.parameters["target"]).all()
    # Each is taken once.
    assert first.sequences(root_key(0), 8).tolist() == [0, 1, 2, 3, 4, 5, 0, 1]
    held = [stream.held_out(name).parameters["target"] for name in ("val", "test")]
    assert held[0].shape == (3,) and (held[0] != held[1]).all()
    np.testing.assert_array_equal(held[0], stream.held_out("val").parameters["target"])


def test_what_a_data_set_would_draw_again_does_not_count() -> None:
    source = Fresh(Escaping(), num_frames=2, num_sequences=64).draw(root_key(0))
    good = np.asarray(source.valid.any(1))
    assert 0.05 < good.mean() < 0.5
    assert np.isfinite(source.state).all()


def test_games_and_bad_input() -> None:
    source = Fresh(Nim(), num_frames=4, num_sequences=2).draw(root_key(0))
    assert set(source.action) == set(source.action_space) == set(Nim().agents)
    with pytest.raises(ConfigError, match=r"num_frames=1 must be at least 2"):
        Fresh(Nim(), num_frames=1)
    with pytest.raises(FitError, match=r"Parameters\(None, \.\.\., fw\.Fresh\(ProbeW"):
        fw.run_experiment(fw.Parameters(ProbeWorld(), "rnn_deconvolve"), quiet=True)


def test_a_learner_of_data_learns_from_a_world() -> None:
    words = ["--world.target", "0.5", "--data.num-frames", "6", "--out", "r"]
    words += ["--data.num-held-out", "4", "--quiet", "--track", "off", "--seeds", "2"]
    assert main(["train", LEARNER, "--on", WORLD, *words]) == 0
    parameters = fw.load("r").points[0].parameters
    assert parameters == fw.Parameters.from_json(parameters.to_json())
    assert parameters.get("data.world") == ProbeWorld(target=0.5)
    held_out = read_split(parameters, "test")
    assert held_out is not None and held_out.num_sequences == 4
    found = fw.results("r", write=False, quiet=True)
    # The mean of what is held out, which no run has seen; every update saw others.
    np.testing.assert_allclose(found["test_mean"], np.asarray(held_out.state).mean())
    assert (found["loss"].values > 0).all()
    assert (found["test_nearness"] > -0.01).all()
    assert fw.check("r") == []
    study = fw.Study("s", parameters, over={"data.world.target": [0.1, 0.2]})
    assert [p.parameters.get("data.world.target") for p in study.points()] == [0.1, 0.2]


def test_a_file_of_arrays_is_a_source_too(tmp_path: Path) -> None:
    path, rows = tmp_path / "points.npz", np.arange(12.0, dtype=np.float32)
    np.savez(path, **{"train/x": rows.reshape(6, 2), "val/x": rows[:4].reshape(2, 2)})
    probe = ColumnProbe(column="x", num_updates=4, learning_rate=1.0)
    parameters = fw.Parameters(None, probe, str(path))
    with pytest.raises(ConfigError, match="holds nothing for the split test"):
        fw.run_experiment(parameters, quiet=True)
    np.savez(path, **{f"{s}/x": rows.reshape(6, 2) for s in ("train", "val", "test")})
    parameters = fw.Parameters(None, probe, str(path))
    assert parameters.name == "points_columnprobe"
    run = fw.run_experiment(parameters, quiet=True)
    assert float(run.results["test_mean"].values[0, 0]) == 5.5
    np.savez(path, x=rows, y=rows[:3])
    other = fw.Parameters(None, probe, str(path))
    with pytest.raises(
        ConfigError, match="equally many, and here there are: x 12, y 3"
    ):
        fw.run_experiment(other, quiet=True)
    with pytest.raises(ConfigError, match="was altered"):
        fw.run_experiment(parameters, quiet=True, out=tmp_path / "again")

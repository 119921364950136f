"""Verbs on parts: list and show, and what WHAT means."""

import json
import re
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from foreworld.cli.main import main
from foreworld.core.errors import ConfigError, UnknownNameError
from foreworld.workspace.words import meaning

OWN = '''
"""A person's own world."""
from foreworld.testing.probes import ProbeWorld as Mine
'''


def test_list_prints_every_kind(capsys):
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    for kind in ("worlds:", "learners:", "trackers:", "launchers:", "studies:"):
        assert kind in out
    assert "pendulum" in out
    assert re.search(r"\n  pobax_tmaze +compat: The T-maze with the cues of POBAX", out)


def test_list_as_json(capsys):
    assert main(["list", "trackers", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == ["off", "trackio", "wandb"]
    assert all(row["summary"] and row["kind"] == "trackers" for row in rows)


def test_list_finds_studies_without_running_them(capsys):
    Path("studies/pomdp").mkdir(parents=True)
    Path("studies/pomdp/mine.py").write_text('"""My study."""\nraise SystemExit(3)\n')
    assert main(["list", "studies"]) == 0
    assert "pomdp/mine  My study." in capsys.readouterr().out


def test_show_a_world_with_its_picture(capsys):
    assert main(["show", "pendulum", "--mass", "1.5", "--out", "p.png"]) == 0
    out = capsys.readouterr().out
    assert "mass of the bob" in out
    assert "kg; above 0; traced" in out
    assert "observation space: Box" in out
    assert iio.imread("p.png").shape == (256, 256)


def test_show_as_json(capsys):
    assert main(["show", "trackio", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["class"] == "foreworld.track:Trackio"
    assert facts["fields"] == []


def test_show_unknown(capsys):
    assert main(["show", "pendulun"]) == 2
    assert (
        "unknown world, user, learner, network, launcher, tracker or set 'pendulun'. "
        "Did you mean 'pendulum'"
    ) in capsys.readouterr().err


def test_a_word_is_a_world_a_class_or_a_folder(tmp_path):
    kinds = ("folder", "worlds")
    assert meaning("tmaze", *kinds).world.__name__ == "TMaze"
    own = tmp_path / "own.py"
    own.write_text(OWN)
    assert meaning(f"{own}:Mine", *kinds).world.__name__ == "ProbeWorld"
    assert meaning(str(tmp_path), *kinds).folder == tmp_path


def test_a_word_that_means_nothing_is_refused(tmp_path):
    kinds = ("folder", "worlds")
    with pytest.raises(UnknownNameError, match="Did you mean 'tmaze'"):
        meaning("tmazee", *kinds)
    with pytest.raises(ConfigError, match="neither a folder nor a world"):
        meaning("data/none", *kinds)
    with pytest.raises(UnknownNameError, match="'trackio' is a tracker, and a folder"):
        meaning("trackio", *kinds)


def test_worlds_that_refer_to_data(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arrays = {"place": np.ones((4, 2), np.float32), "side": np.ones(4, np.int32)}
    np.savez("points.npz", **arrays, worth=np.ones(4, np.float32))
    game, short = "foreworld.testing:PointsGame", ["--quiet", "--out"]
    assert main(["show", game, "--points", "points.npz"]) == 0
    assert "pointsgame.png" in capsys.readouterr().out
    words = ["--train", "2", "--val", "1", "--test", "1", "--num-frames", "2"]
    assert main(["generate", game, "--points", "points.npz", *words, *short, "d"]) == 0
    assert main(["check", "d"]) == 0
    words = ["--total-steps", "512", "--eval-num-steps", "4", *short, "r"]
    train = ["train", "ppo", "--on", game, *words]
    assert main([*train, "--data", "points.npz", "--track", "off"]) == 0
    # The same field, by its name: there is nothing to do.
    assert main([*train, "--world.points", "points.npz", "--track", "off"]) == 0
    assert main([*train, "--world.points", "nowhere.npz"]) == 2
    assert "there is nothing at nowhere.npz to refer to." in capsys.readouterr().err
    assert main(["train", "ppo", "--on", "tmaze", "--data", "points.npz"]) == 2
    assert "tmaze refers to no data; leave it out" in capsys.readouterr().err

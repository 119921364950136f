"""A world in a person's own file works in every verb, in worker processes too."""

import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.disk.folder import manifest
from foreworld.core.registry import locate

WORLD = "./car.py:Car"
SIZES = ["--train", "2", "--val", "1", "--test", "1", "--num-frames", "4", "--quiet"]
SMALL = ["--network.hidden-size", "4", "--network.num-layers", "1"]
SMALL += ["--num-steps", "8", "--num-epochs", "1", "--total-steps", "64"]
TWO = ["--launch", "processes", "--workers", "2", "--quiet"]
STUDY = """
import foreworld as fw

study = fw.Study(
    "car",
    fw.Parameters(
        "./car.py:Car", "ppo", num_steps=8, total_steps=64,
        world={"size": 4},
    ),
    over={"world.size": [4, 5]},
)
"""


@pytest.fixture(autouse=True)
def own_world(own_folder, capsys):
    assert main(["new", "world", "car", "--quiet"]) == 0
    return own_folder


def test_data_sets_from_workers(capsys):
    words = ["generate", WORLD, "--slip", "0..0.5", "--size", "4", *SIZES]
    assert main([*words, "--out", "a"]) == 0, capsys.readouterr().err
    assert main([*words, "--out", "b", *TWO]) == 0, capsys.readouterr().err
    assert manifest(fw.load("a").path)["files"] == manifest(fw.load("b").path)["files"]
    assert main(["check", "a", "b", "--quiet"]) == 0
    assert main(["preview", "a", "--quiet"]) == 0
    assert main(["generate", WORLD, *SIZES]) == 0, "the default folder has a name"


def test_what_was_not_finite_is_named(own_world, capsys):
    file = own_world / "car.py"
    written = "reward = reached.astype(jnp.float32)"
    assert written in file.read_text()
    broken = "reward = jnp.where(self.slip > 0.3, jnp.nan, jnp.float32(0))"
    file.write_text(file.read_text().replace(written, broken))
    words = ["generate", WORLD, "--slip", "0..0.5", "--size", "4", "--train", "20"]
    assert main([*words, "--num-frames", "4", "--out", "a"]) == 0
    said = capsys.readouterr()
    assert "draws (" in said.out + said.err
    assert "were refused and made again (not finite: reward)" in said.out + said.err
    # What the world gives as it is, is looked at.
    words = ["generate", WORLD, "--slip", "0.5", *SIZES, "--out", "b"]
    assert main(words) == 2
    assert capsys.readouterr().err == (
        "foreworld: Car.step: reward is nan; it must be finite.\n"
    )


def played(monkeypatch, *words):
    """What ``foreworld play`` would serve."""
    stages = []

    def serve(stage, port, open_browser):
        stages.append(stage)

    monkeypatch.setattr("foreworld.play.web.server.play", serve)
    assert main(["play", *words]) == 0
    (stage,) = stages
    return stage


def test_train_again_collect_and_play(own_world, tmp_path, monkeypatch, capsys):
    words = ["train", "ppo", "--on", WORLD, "--world.size", "4", "--seeds", "2", *SMALL]
    words += ["--track", "off"]
    assert main([*words, "--out", "r", *TWO]) == 0, capsys.readouterr().err
    # The run names the file by its whole path, so it is found from anywhere.
    run = own_world / "r"
    monkeypatch.chdir(tmp_path)
    words = ["rerun", str(run), "--world.slip", "0.3", "--out", "s", "--track", "off"]
    assert main([*words, "--quiet"]) == 0, capsys.readouterr().err
    assert main(["diff", str(run), "s"]) == 0
    assert "base.world.slip: 0.1 -> 0.3" in capsys.readouterr().out
    assert main(["collect", str(run), "--out", "c", *SIZES]) == 0
    assert main(["best", str(run)]) == 0
    assert main(["check", str(run), "s", "c", "--quiet"]) == 0
    assert main(["report", str(run), "--out", "p.html", "--quiet"]) == 0
    assert played(monkeypatch, str(run)) is not None


def test_a_study_of_it_in_workers(own_world, capsys):
    (own_world / "sweep_car.py").write_text(STUDY)
    words = ["sweep", "sweep_car.py", "--out", "s", "--track", "off", *TWO]
    assert main(words) == 0, capsys.readouterr().err
    found = fw.load("s")
    assert found.finished and found.plan.workers == 2
    assert len(found.plan.groups) == 2
    assert type(found.study.base.world) is locate(WORLD)
    assert main(["status", "s"]) == 0


def test_play_and_show(monkeypatch, capsys):
    assert played(monkeypatch, WORLD, "--size", "5") is not None
    assert main(["show", WORLD, "--size", "5"]) == 0
    assert "cells of the line" in capsys.readouterr().out


@pytest.mark.parametrize("launch", [[], TWO], ids=["here", "processes"])
def test_a_mistake_in_it_names_its_line(own_world, capsys, launch):
    file = own_world / "car.py"
    lines = file.read_text().splitlines()
    step = next(i for i, line in enumerate(lines) if "def step(" in line)
    body = next(
        i for i in range(step, len(lines)) if lines[i].rstrip().endswith('."""')
    )
    lines.insert(body + 1, "        jnp.zeros(3) + jnp.zeros(4)")
    file.write_text("\n".join(lines))
    words = ["train", "ppo", "--on", WORLD, "--track", "off", "--out", "r", *SMALL]
    assert main([*words, *launch]) == 2
    said = capsys.readouterr().err
    assert "Car.step: it raised an error: TypeError: add got incompatible" in said
    assert f"({file}, line {body + 2}, in step)" in said
    assert "Traceback" not in said

"""Named sets on the command line: listed, shown, made, exported."""

import json
import re
from pathlib import Path

import pytest

import foreworld as fw
from foreworld.cli.main import main

SMALL = ["--train", "2", "--val", "1", "--test", "1", "--num-frames", "3"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sets") / "g"
    words = ["generate", "slvm/gravity3", *SMALL, "--out", str(folder), "--quiet"]
    assert main(words) == 0
    return folder


def test_list(capsys):
    assert main(["list", "sets", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 33 and all(row["source"] for row in rows)
    assert {row["name"].partition("/")[0] for row in rows} == {"dm", "slvm"}


def test_show(capsys):
    assert main(["show", "slvm/gravity3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "slvm/gravity3: A ball under gravity in 3 directions."
    assert lines[2] == (
        "sequences a task: train 3,000, val 1,000, test 1,000; 30 frames each"
    )
    assert lines[5] == (
        "   1  grav_1  BouncingBall(gravity_x=-1.767767, gravity_y=1.767767, "
        "inset=0.0, angle=[45.0, 135.0])"
    )
    assert "  world: PymunkBall" in lines
    assert main(["show", "slvm/mixed_physics_2025"]) == 0
    lines = capsys.readouterr().out.splitlines()
    first = lines.index("with --legacy mixed_0, mixed_1, mixed_2 differ in:")
    pendulums = "mixed_3, mixed_4, mixed_5"
    assert lines[first + 1 : first + 6] == [
        "  world: PymunkBall",
        f"with --legacy {pendulums}, mixed_9, mixed_10, mixed_11 differ in:",
        "  picture.colour: thresholded",
        "  observation.skip: 1",
        "  observation.random_skip: True",
    ]
    for name in ("dm/lj_4", "slvm/lorenz"):
        assert main(["show", name]) == 0
        assert "--legacy" not in capsys.readouterr().out
    assert main(["show", "dm/lj_16", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["train"] == 45_000 and facts["legacy"] == {}
    assert main(["show", "slvm/lorenz"]) == 0
    assert "10,000 steps, no frames each" in capsys.readouterr().out


def test_the_plan(made, capsys):
    words = ["generate", "slvm/gravity3", *SMALL, "--out", str(made)]
    assert main(words) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "slvm/gravity3: 3 tasks (grav_0, grav_1, grav_2), 12 sequences (train 6, val "
        "3, test 3) of 3 frames of 32x32x1, seed 0",
        f"0.0 MB of frames before compression -> {made}",
    ]


def test_the_plan_of_a_series_tells_a_time_that_was_measured(capsys):
    words = ["generate", "slvm/lorenz", "--scale", "0.002", "--train", "120"]
    assert main([*words, "--out", "lorenz"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == (
        "slvm/lorenz: 120 sequences (train 120, val 0, test 0) of 20 steps of 3 "
        "numbers, no frames, seed 0"
    )
    assert main([*words, "--out", "lorenz2", "--seed", "1"]) == 0
    told = capsys.readouterr().out.splitlines()[2]
    assert re.fullmatch(
        r"about \d+ s for one process, as measured on this machine", told
    )


def test_options_of_observation(capsys):
    words = ["generate", "pendulum", *SMALL, "--out", "p", "--quiet"]
    given = ["--derivatives", "true", "--state-noise", "0.1", "--images", "false"]
    assert main([*words, *given]) == 0
    seen = fw.load("p").recipe.tasks[""].observation
    assert (seen.derivatives, seen.state_noise, seen.images) == (True, 0.1, False)
    assert main([*words[:-3], "--out", "q", "--missing", "1.5"]) == 2
    assert "Observation.missing=1.5 must be at least 0 and at most 1" in (
        capsys.readouterr().err
    )


def test_legacy_and_scale():
    words = ["generate", "slvm/pendulum", "--scale", "0.001", "--num-frames", "3"]
    assert main([*words, "--out", "p", "--legacy", "--quiet"]) == 0
    data = fw.load("p")
    assert data.recipe.sizes == {"train": 10, "val": 3, "test": 3}
    assert (
        data.family.world.picture.colour == "thresholded"
        and data.recipe.tasks[""].observation.random_skip
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["slvm/pendulm3"],
            "unknown set 'slvm/pendulm3'. Did you mean 'slvm/pendulum3'",
        ),
        (
            ["slvm/pendulum3", "--mass", "2"],
            "--mass: the worlds of the named set slvm/pendulum3 are as they are. "
            "'foreworld show slvm/pendulum3' tells them; generate a world with fields "
            "of your own instead.\n",
        ),
        (
            ["slvm/pendulum3", "--scale", "0.0001"],
            "scale=0.0001 is too small: train and val and test would be empty.",
        ),
        (["pendulum", "--scale", "0.1"], "scale=0.1 is for named sets"),
        (["pendulum", "--legacy"], "legacy=True is for named sets"),
        (["slvm/nascar", "--legacy"], "legacy=True: nothing differs between this"),
        (["dm/lj_4", "--legacy"], "legacy=True: nothing differs between this"),
    ],
)
def test_mistakes(words, said, capsys):
    assert main(["generate", *words, "--out", "x"]) == 2
    assert capsys.readouterr().err.startswith(f"foreworld: {said}")
    assert not Path("x").exists()


def test_check_preview_export(made, capsys):
    assert main(["check", str(made)]) == 0
    assert main(["preview", str(made), "--out", "pictures", "--quiet"]) == 0
    assert list(Path("pictures").iterdir())
    words = ["export", str(made), "--out", "out", "--quiet", "--to"]
    assert main([*words, "npz-slvm", "--combined"]) == 0
    assert sorted(p.name for p in Path("out").iterdir()) == [
        f"combined_{split}.npz" for split in ("test", "train", "val")
    ]
    assert main([*words, "well"]) == 0
    assert Path("out/data/valid/grav_2.hdf5").is_file()
    capsys.readouterr()
    assert main(["export", str(made), "--to", "well", "--combined"]) == 2
    assert capsys.readouterr().err == (
        "foreworld: --combined is for --to npz-slvm. Leave it away.\n"
    )

"""The generate verb: plan, ranges, resumption, refusals."""

import json
import shutil
from pathlib import Path

import imageio.v3 as iio
import pytest

from foreworld.cli.main import main

SMALL = ["--train", "3", "--val", "1", "--test", "1", "--num-frames", "4"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "pendulum"
    words = ["generate", "pendulum", "--mass", "0.5..1.0", "--out", str(folder)]
    assert main([*words, *SMALL, "--quiet"]) == 0
    return folder


def test_the_plan_comes_first(data, capsys):
    words = ["generate", "--mass", "0.5..1.0", "pendulum", *SMALL, "--out", str(data)]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        "Pendulum: 5 sequences (train 3, val 1, test 1) of 4 frames of 32x32x1, "
        "seed 0; ranges: mass 0.5..1"
    )
    assert lines[1] == f"0.0 MB of frames before compression -> {data}"
    assert lines[2].startswith(f"{data} is complete")


def test_ranges_and_values_are_in_the_configuration(data):
    text = (data / "config.json").read_text()
    ranges = json.loads(text)["recipe"]["tasks"]["dict"][""]["family"]["ranges"]["dict"]
    assert ranges["mass"]["low"] == 0.5
    assert ranges["mass"]["high"] == 1.0


def test_another_data_set_is_not_overwritten(data, capsys):
    before = (data / "manifest.json").read_bytes()
    words = ["generate", "pendulum", *SMALL, "--out", str(data), "--quiet"]
    assert main(words) == 1
    assert "holds another data set" in capsys.readouterr().err
    assert (data / "manifest.json").read_bytes() == before


def test_refusals(data, capsys):
    assert main(["generate", str(data), "--out", "x"]) == 2
    assert "is a folder. 'foreworld generate' takes a world" in capsys.readouterr().err
    assert (
        main(["generate", "pendulum", "--picture.image-size", "8..16", "--out", "x"])
        == 2
    )
    assert "Picture.image_size=8..16 cannot be a range" in capsys.readouterr().err
    assert main(["generate", "pendulum", "--train", "-3", "--out", "x"]) == 2
    assert "-3" in capsys.readouterr().err
    assert main(["generate", "pendulum", "--workers", "0", "--out", "x"]) == 2
    assert "--workers=0 must be at least 1." in capsys.readouterr().err
    assert not Path("x").exists()


def test_help_with_a_name_shows_its_fields(capsys):
    assert main(["generate", "pendulum", "-h"]) == 0
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "--train N" in text
    assert "--gravity FLOAT gravitational acceleration" in text
    assert "low..high" in text


def test_preview_of_a_data_set(data, capsys):
    assert main(["preview", str(data), "--out", "pictures", "--fps", "5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    endings = [".png", ".gif", ".mp4", "_phase.png", "_energy.png", "_parameters.png"]
    assert lines == [f"pictures/pendulum{ending}" for ending in endings]
    sheet, moving = (iio.imread(file) for file in lines[:2])
    # 3 sequences of 4 frames, twice as large, with gaps of 2 pixels.
    assert sheet.shape == (2 * (3 * 34 + 2), 2 * (4 * 34 + 2))
    assert moving.shape[0] == 4
    for fps, said in {
        "nan": "--fps=nan must be above 0.",
        "inf": "--fps=inf must be a finite number.",
        "1e9": "fps=1000000000.0 must be at least 0.01 and at most 1000.",
    }.items():
        assert main(["preview", str(data), "--out", "none", "--fps", fps]) == 2
        assert said in capsys.readouterr().err
        assert not Path("none").exists()
    assert main(["preview", str(data), "--fps", "0"]) == 2
    assert "--fps=0 must be above 0." in capsys.readouterr().err


def test_preview_of_a_world_and_of_a_set(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["--num-frames", "4", "--quiet"]
    assert main(["preview", "pendulum", "--mass", "0.5..1.0", *words]) == 0
    assert main(["preview", "slvm/nascar", *words]) == 0
    found = {file.name for file in Path("preview").iterdir()}
    assert {"pendulum_parameters.png", "slvm_nascar_signals.png"} < found
    assert main(["preview", "slvm/nascar", "--mass", "1"]) == 2
    assert capsys.readouterr().err == (
        "foreworld: --mass: slvm/nascar is as it was made; only a world's fields can "
        "be given. 'foreworld list worlds' names the worlds.\n"
    )


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("slvm/pendulm", "unknown set 'slvm/pendulm'. Did you mean 'slvm/pendulum'"),
        ("pendulm", "unknown folder, world, set or study 'pendulm'. Did you mean 'p"),
    ],
)
def test_preview_of_what_is_not_there(word, said, capsys):
    assert main(["preview", word]) == 2
    assert said in capsys.readouterr().err


def test_check_of_a_data_set(data, tmp_path, capsys):
    assert main(["check", str(data)]) == 0
    assert "complete and unaltered" in capsys.readouterr().out
    copy = tmp_path / "copy"
    shutil.copytree(data, copy)
    shard = next((copy / "val").glob("*.h5"))
    shard.unlink()
    assert main(["check", str(copy), str(data)]) == 1
    assert str(shard) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "--image-size 100000",
            "image_size=100000 must be at least 2 and at most 4096",
        ),
        (
            "--image-size 4096 --num-frames 1000",
            "image of one sequence would take 16.8 GB; it can be at most 4.29 GB. Take "
            "smaller frames (image_size, frame_size) or fewer (num_frames).",
        ),
    ],
)
def test_frames_too_large_are_refused_before_anything_is_made(
    words: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "d"
    sizes = ["--train", "2", "--val", "0", "--test", "0", "--num-frames", "4"]
    sizes += [*words.split(), "--quiet", "--out", str(out)]
    assert main(["generate", "pendulum", *sizes]) == 2
    assert said in capsys.readouterr().err
    assert not out.exists()

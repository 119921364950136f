"""Fields of launchers as options, before anything is submitted."""

import pytest

from foreworld.cli.main import main

GENERATE = ["generate", "pendulum", "--out=x", "--train=2"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--launch.cpus=3"],
            "--launch.cpus is a field of a launcher, and none is named. Add --launch",
        ),
        (
            ["--launch", "slurm", "--launch.cpu", "3"],
            "unknown field of Slurm: 'launch.cpu'. Did you mean 'launch.cpus'",
        ),
        (["--launch", "slurm", "--launch.cpus", "0"], "Slurm.cpus=0 must be at least"),
        (["--launch", "slurm", "--launch.cpus"], "--launch.cpus needs a value"),
        (
            ["--launch=slurm", "--workers=2", "--launch.workers=2"],
            "--workers and --launch.workers are the same. Give one.",
        ),
        (
            ["--launch", "here", "--launch.cpus=1"],
            "unknown field of Here: 'launch.cpus'",
        ),
    ],
)
def test_mistakes(words, message, capsys, own_folder):
    assert main([*GENERATE, *words]) == 2
    assert message in capsys.readouterr().err
    assert not (own_folder / "x").exists()


def test_fields_of_a_launcher(capsys, own_folder):
    words = ["--launch", "processes", "--launch.workers", "2", "--quiet"]
    assert main([*GENERATE, "--val=0", "--test=0", "--num-frames=2", *words]) == 0
    assert (own_folder / "x" / "manifest.json").exists()
    assert main(["show", "slurm"]) == 0
    assert "memory of a job" in capsys.readouterr().out


def test_verbs_without_fields_take_them_too(capsys, own_folder, monkeypatch):
    monkeypatch.setenv("PATH", str(own_folder))
    (own_folder / "s.py").write_text(
        "import foreworld as fw\n"
        "from foreworld.testing.probes import ProbeLearner, ProbeWorld\n"
        "study = fw.Study('s', fw.Parameters(ProbeWorld(), ProbeLearner()))\n"
    )
    words = ["--launch=slurm", "--launch.sbatch=qos=long,exclusive", "--out=y"]
    assert main(["sweep", "s.py", *words]) == 1
    assert "Slurm's command 'sbatch' is not here." in capsys.readouterr().err
    assert not (own_folder / "y").exists()

"""Deleting: asks, refuses what is not ours, never follows a link."""

import os
from pathlib import Path

import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.disk.life import at_work
from foreworld.data.format.config import read_recipe
from foreworld.data.format.folder import using
from foreworld.testing.probes import ProbeLearner, ProbeWorld


@pytest.fixture
def run(own_folder):
    parameters = fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=3))
    return fw.run_experiment(parameters, out="runs/one", quiet=True).path


def test_yes_deletes_without_asking(run, capsys):
    fw.results(run, quiet=True)
    assert main(["rm", str(run), "--yes"]) == 0
    assert capsys.readouterr().out == f"deleted {run}\n"
    assert not run.exists()


@pytest.mark.parametrize(("answer", "gone"), [("y", True), ("", False), ("n", False)])
def test_asks(run, answer, gone, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    asked = []
    monkeypatch.setattr("builtins.input", lambda text: asked.append(text) or answer)
    assert main(["rm", str(run)]) == (0 if gone else 1)
    assert asked == ["delete it? [y/N] "]
    assert capsys.readouterr().out.startswith(f"{run}: study, 0.0 MB\n")
    assert run.exists() is not gone


def test_nobody_to_ask(run, capsys):
    assert main(["rm", str(run)]) == 2
    said = "foreworld: nothing was deleted: nobody can be asked. Add --yes.\n"
    assert capsys.readouterr().err == said
    assert run.exists()


def test_data_sets_too(own_folder):
    fw.generate("pendulum", "data/p", train=3, quiet=True)
    assert main(["rm", "data/p", "--yes", "--quiet"]) == 0
    assert not (own_folder / "data" / "p").exists()


def refused(words, capsys, code=2):
    assert main(["rm", *map(str, words), "--yes"]) == code
    return capsys.readouterr().err


def test_refuses_what_is_not_ours(run, own_folder, capsys):
    (own_folder / "mine").mkdir()
    (own_folder / "mine" / "thesis.tex").write_text("years of work")
    said = refused(["mine"], capsys)
    assert said.startswith(
        "foreworld: mine is not deleted: mine is no data set, run or study: it has no "
    )
    (own_folder / "mine" / "config.json").write_text('{"kind": "web server"}')
    assert "it holds a 'web server'" in refused(["mine"], capsys)
    for name in ("notes.txt", ".git"):
        (run / name).write_text("mine")
        assert refused([run], capsys) == (
            f"foreworld: {run} is not deleted: it also holds {name}, which Foreworld "
            f"did not make. Move that away first.\n"
        )
        (run / name).unlink()
    assert "unknown folder or study 'nowhere'" in refused(["nowhere"], capsys)
    # One that cannot be deleted keeps the others.
    refused([run, "mine"], capsys)
    assert run.exists()


def test_links_are_not_followed(run, own_folder, capsys):
    (own_folder / "link").symlink_to(run)
    assert refused(["link"], capsys) == (
        f"foreworld: link is a link to {run.resolve()}. Links are not followed: name "
        f"the folder itself.\n"
    )
    outside = own_folder / "outside"
    outside.mkdir()
    (outside / "precious").write_text("keep")
    (run / "chunks" / "out").symlink_to(outside)
    said = f"{run} is not deleted: {run}/chunks/out in it is a link, which Foreworld"
    assert said in refused([str(run), "--yes"], capsys)
    (run / "chunks" / "out").unlink()
    assert main(["rm", str(run), "--yes", "--quiet"]) == 0
    assert (outside / "precious").read_text() == "keep"


def test_a_running_study_is_kept(run, capsys):
    with at_work(run):
        assert refused([run], capsys, code=1) == (
            f"foreworld: {run} is not deleted: process {os.getpid()} on "
            f"{os.uname().nodename} is at work on it. 'foreworld cancel {run}' stops "
            f"it.\n"
        )
    assert run.exists()


def test_half_deleted_folders_can_be_deleted_again(run):
    (run / "manifest.json").unlink()
    (run / "plan.json").unlink()
    assert main(["rm", str(run), "--yes", "--quiet"]) == 0
    assert not run.exists()


def test_neither_the_working_folder_nor_an_empty_word(run, monkeypatch, capsys):
    assert "unknown folder or study ''" in refused([""], capsys)
    whole = run.resolve()
    monkeypatch.chdir(whole)
    for word in (".", whole):
        assert "the working folder is in it" in refused([word], capsys)
    assert (whole / "config.json").is_file()


def test_a_data_set_that_is_being_made_is_neither_deleted_nor_replaced(capsys):
    fw.generate("pendulum", "d", train=2, num_frames=2, quiet=True)
    with using(Path("d"), read_recipe(Path("d"))):
        here = f"process {os.getpid()} on {os.uname().nodename} is at work on it"
        assert refused(["d"], capsys, code=1) == (
            f"foreworld: d is not deleted: {here}. Wait until that has ended, or stop "
            f"it.\n"
        )
        words = ["generate", "pendulum", "--train", "3", "--out", "d", "--force"]
        assert main([*words, "--quiet"]) == 1
        assert f"d is not replaced: {here}. Wait until that has ended, or stop it." in (
            capsys.readouterr().err
        )
    assert main(["rm", "d", "--yes"]) == 0

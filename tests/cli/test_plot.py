"""Figures by command, and reports that follow a running study."""

import re
import threading
from pathlib import Path

import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.plot.report.page import follow
from foreworld.sweeps.folder import StudyFolder
from foreworld.sweeps.run.jobs import job_list
from foreworld.sweeps.run.sweep import sweep
from foreworld.testing.probes import ProbeLearner, ProbeWorld, SlowProbeLearner

MAGIC = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    base = fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=7))
    out = tmp_path_factory.mktemp("s") / "s"
    over = {"learning_rate": [0.1, 0.2]}
    return sweep(fw.Study("probe", base, over, seeds=2), out=out, quiet=True).path


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    base = fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=9))
    out = tmp_path_factory.mktemp("r") / "run"
    return fw.run_experiment(base, out=out, quiet=True).path


@pytest.mark.parametrize("kind", MAGIC)
def test_formats(study, kind, own_folder, capsys):
    words = ["plot", str(study), "--out", f"a.{kind}", "--title", "Nearness"]
    assert main(words) == 0
    assert capsys.readouterr().out == f"a.{kind}\n"
    first = (own_folder / f"a.{kind}").read_bytes()
    assert first.startswith(MAGIC[kind])
    assert main([*words, "--force", "--quiet"]) == 0
    assert (own_folder / f"a.{kind}").read_bytes() == first
    if kind == "svg":
        assert b"Nearness" in first


def test_metrics(study, own_folder, capsys):
    for metric in ("loss", "test_square_by_horizon"):
        words = ["plot", str(study), "--metric", metric, "--out", f"{metric}.png"]
        assert main(words) == 0
    assert main(["plot", str(study), "--metric", "los", "--out", "x.png"]) == 2
    assert "unknown metric 'los'. Did you mean 'loss'" in capsys.readouterr().err


def test_several_studies_in_one_figure(study, run, own_folder):
    words = ["plot", str(study), str(run), "--metric", "loss", "--out", "both.svg"]
    assert main(words) == 0
    text = (own_folder / "both.svg").read_text()
    assert re.search(r">s: learning rate 0\.\d+<", text) and ">run<" in text


def test_mistakes(study, own_folder, capsys):
    assert main(["plot", str(study), "--out", "a.bmp"]) == 2
    said = "foreworld: --out=a.bmp ends in none of .png, .svg, .pdf, the formats there"
    assert capsys.readouterr().err.startswith(said)
    (own_folder / "a.png").write_text("mine")
    assert main(["plot", str(study), "--out", "a.png"]) == 1
    assert "a.png is there already" in capsys.readouterr().err
    assert (own_folder / "a.png").read_text() == "mine"


@pytest.mark.parametrize("verb", ["plot", "report", "results", "preview", "export"])
def test_what_out_names_is_replaced_only_by_force(verb, study, run, capsys):
    out = {"preview": ".", "plot": "s.png"}.get(verb, "s.csv")
    file = Path("s.png" if verb == "preview" else out)
    words = [verb, str(study), *(["--to", "csv"] if verb == "export" else [])]
    file.write_text("mine")
    assert main([*words, "--out", out]) == 1
    assert f"{file} is there already. Choose another file" in capsys.readouterr().err
    assert file.read_text() == "mine"
    assert main([*words, "--out", out, "--force", "--quiet"]) == 0
    assert file.read_bytes() != b"mine"


@pytest.mark.parametrize("verb", ["plot", "report", "results", "preview", "export"])
def test_nothing_is_written_among_the_files_of_a_run(verb, study, run, capsys):
    words = [verb, str(study), *(["--to", "csv"] if verb == "export" else [])]
    places = ["manifest.json", "chunks/a.png"]
    for place in {"preview": ["chunks"], "plot": places[1:]}.get(verb, places):
        assert main([*words, "--out", f"{run}/{place}", "--force"]) == 1
        said = "holds nothing but its own files. Choose another place with --out"
        assert said in capsys.readouterr().err
    assert fw.check(run) == []


def refreshes(path):
    return re.findall(r'http-equiv="refresh" content="([^"]+)"', path.read_text())


def test_live_reports_follow_a_study(tmp_path):
    learner = SlowProbeLearner(num_updates=40, sleep=0.05)
    study = fw.Study("live", fw.Parameters(ProbeWorld(), learner))
    thread = threading.Thread(
        target=lambda: sweep(study, out=tmp_path / "s", quiet=True)
    )
    thread.start()
    while not list((tmp_path / "s").glob("chunks/000/checkpoint-*")):
        pass
    pages, partial = 0, False
    for path in follow([fw.load(tmp_path / "s")], tmp_path / "p.html", every=0.1):
        pages += 1
        text = path.read_text()
        if "1 of 1 runs are not finished" in text and "Learning curves" in text:
            partial = True
            assert refreshes(path) == ["0.1"]
    thread.join()
    assert pages >= 2 and partial
    assert refreshes(path) == [] and "1 of 1" in text


def test_live_report_of_what_is_finished(study, tmp_path, capsys):
    out = tmp_path / "p.html"
    assert main(["report", str(study), "--live", "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    assert refreshes(out) == []
    assert main(["report", str(study), "--live", "--every", "0"]) == 2
    assert "--every=0 must be above 0." in capsys.readouterr().err


def test_curves_so_far_stop_at_the_last_checkpoint(tmp_path):
    base = fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=7))
    job_list(fw.Study("p", base), out=tmp_path / "planned")
    assert not StudyFolder(tmp_path / "planned").so_far.data_vars
    done = sweep(fw.Study("p", base), out=tmp_path / "s", quiet=True)
    whole = done.results
    assert done.so_far.identical(whole)

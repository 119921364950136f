"""Code stands beside an identity: a change is said, and the choice is the person's."""

import json
import re
import sys
from pathlib import Path

import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.disk.folder import read_json, write_json
from foreworld.core.errors import ForeworldError
from foreworld.core.own import files, made_with
from foreworld.train import loop

WORLD = "./walk.py:Walk"
SIZES = ["--train", "2", "--val", "1", "--test", "1", "--num-frames", "3", "--quiet"]
LEARNER = "foreworld.testing:ProbeLearner"
HELPER = "STEPS = 1\n"
FILE = """
import helper
from foreworld.testing.probes import ProbeWorld


class Walk(ProbeWorld):
    \"\"\"A probe of one's own.\"\"\"
"""


@pytest.fixture(autouse=True)
def mine(own_folder, monkeypatch):
    Path("helper.py").write_text(HELPER)
    Path("walk.py").write_text("import sys\nsys.path.insert(0, '.')\n" + FILE)
    path = list(sys.path)
    yield
    sys.path[:] = path
    sys.modules.pop("helper", None)


def edit(name="helper.py", text="STEPS = 2\n"):
    """Change a file, and begin as in another process."""
    Path(name).write_text(text)
    made_with._once.cache_clear()
    for module in list(sys.modules):
        if module.startswith(files.OWN_MODULES):
            del sys.modules[module]


def train(*words):
    fields = ["--num-updates", "4", "--out", "r", "--quiet", "--track", "off"]
    return main(["train", LEARNER, "--on", WORLD, *fields, *words])


def generate(*words):
    return main(["generate", WORLD, *SIZES, "--out", "r", *words])


@pytest.mark.parametrize("make", [train, generate])
def test_code_that_was_edited(make, capsys):
    assert make() == 0, capsys.readouterr().err
    (name,) = read_json(Path("r/config.json"))["code"]
    assert name == "walk.py:Walk"
    before = {p: p.read_bytes() for p in Path("r").rglob("*") if p.is_file()}
    assert make() == 0, "nothing was changed"
    edit()
    assert make() == 1
    said = capsys.readouterr().err
    assert said.endswith(
        "since r was finished, the code of walk.py:Walk was changed "
        "(helper.py). Nothing was done. "
        "--again makes a new one beside it (r-2); --go-on leaves this one as it is. "
        "In Python: again=True, go_on=True.\n"
    )
    assert make("--go-on") == 0
    assert {p: p.read_bytes() for p in before} == before
    assert make("--again") == 0
    assert {p: p.read_bytes() for p in before} == before
    assert sorted(p.name for p in Path().glob("r*")) == ["r", "r-2"]
    assert make() == 1
    said = capsys.readouterr().err
    assert "--again takes the one beside it of what is here (r-2);" in said
    assert make("--again") == 0, "the one beside it is found again"
    assert sorted(p.name for p in Path().glob("r*")) == ["r", "r-2"]
    assert fw.check("r-2") == []
    capsys.readouterr()
    assert main(["diff", "r", "r-2"]) == 0
    assert "code of walk.py:Walk, helper.py" in capsys.readouterr().out
    assert make("--again", "--go-on") == 2
    assert (
        "--again makes a new folder and --go-on goes on with the old one: give one"
        in (capsys.readouterr().err)
    )
    # What is replaced is made by the code of now, all of it.
    kept = {p: p.stat().st_mtime_ns for p in Path("r").rglob("*.[hs][5a]*")}
    assert kept
    assert make("--force") == 0
    assert not [p for p, when in kept.items() if p.stat().st_mtime_ns == when]
    assert make() == 0


def test_half_of_each_is_never_made_without_a_word(capsys):
    assert main(["jobs", study_file(), "--out", "s"]) == 0
    edit()
    for words in (["--chunk", "0"], []):
        assert main(["sweep", study_file(), "--out", "s", *words]) == 1
        said = capsys.readouterr().err
        assert "the code of walk.py:Walk was changed (helper.py)." in said
        assert "--go-on makes this one with what is here now." in said
    assert not list(Path("s").rglob("*.safetensors"))
    words = ["--out", "s", "--quiet", "--track", "off"]
    assert main(["sweep", study_file(), *words, "--go-on"]) == 0
    assert "earlier" not in read_json(Path("s/config.json")), "nothing was there"
    assert main(["sweep", study_file(), *words]) == 0
    assert fw.check("s") == []


TWO = (
    "was made with two versions of helper.py: the first up to {}, and another one for "
    "the rest."
)


def test_a_run_of_two_versions_says_so_wherever_it_is_read(capsys, monkeypatch):
    say = loop._say_saved

    def stop(folder, done, layout):
        say(folder, done, layout)
        if done == 2:
            raise ForeworldError("stopped half way.")

    with monkeypatch.context() as half_way:
        half_way.setattr(loop, "_say_saved", stop)
        assert train() == 1
    edit()
    capsys.readouterr()
    assert train() == 1
    assert (
        "--go-on keeps what is there (update 2 of 4) and makes the rest with what is "
        "here now." in capsys.readouterr().err
    )
    assert train("--go-on") == 0
    said = f"r {TWO.format('update 2 of 4')}"
    assert said in capsys.readouterr().err
    (stage,) = read_json(Path("r/config.json"))["earlier"]
    assert stage["reached"] == "update 2 of 4"
    says(capsys, TWO.format("update 2 of 4"), "r", "status", "best", "results", "check")
    assert main(["report", "r", "--quiet"]) == 0
    assert TWO.format("update 2 of 4") in Path("r/report.html").read_text()
    assert train("--again") == 0
    capsys.readouterr()
    assert main(["diff", "r", "r-2"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"helper.py: \"\w{12} up to update 2 of 4, then \w{12}\" ->", said)
    assert "the configuration is the same, what it was made with is not" in said


def test_a_data_set_of_two_versions_says_so(capsys):
    assert generate() == 0
    for name in ("manifest.json", "val/shard-00000.h5"):
        Path("r", name).unlink()
    edit()
    capsys.readouterr()
    assert generate() == 1
    there = "2 of 3 shards: train 0 to 1, test 0 to 0"
    assert f"--go-on keeps what is there ({there}) and makes" in capsys.readouterr().err
    assert generate("--go-on") == 0
    says(capsys, TWO.format(there), "r", "check")
    # Going back to the code of then makes nothing more.
    Path("r/manifest.json").unlink()
    edit(text=HELPER)
    assert generate("--go-on") == 0
    assert len(read_json(Path("r/config.json"))["earlier"]) == 2
    assert main(["check", "r"]) == 0
    assert "with two versions of helper.py: the first up to" in capsys.readouterr().out


def says(capsys, text, folder, *verbs):
    for verb in verbs:
        capsys.readouterr()
        assert main([verb, folder]) == 0
        told = capsys.readouterr()
        assert text in told.out + told.err, verb


def study_file():
    Path("study.py").write_text(
        "import foreworld as fw\n"
        f"study = fw.Study('s', fw.Parameters('{WORLD}', '{LEARNER}', num_updates=4))\n"
    )
    return "study.py"


@pytest.mark.parametrize(
    ("where", "name", "message"),
    [
        ("versions", "jax", "jax was '0.1' and is '"),
        ("versions", "foreworld", "foreworld was '0.1' and is '"),
        ("settings", "jax_optimization_level", "jax_optimization_level was '0.1' and"),
        ("settings", "XLA_FLAGS", "XLA_FLAGS was '0.1' and is '"),
        (
            "settings",
            "generator",
            "generator was '0.1' and is 'threefry2x32, partitionable'",
        ),
    ],
)
def test_versions_and_settings_are_compared_on_resume(where, name, message, capsys):
    assert main(["jobs", study_file(), "--out", "s"]) == 0
    config = read_json(Path("s/config.json"))
    config[where][name] = "0.1"
    write_json(Path("s/config.json"), config)
    words = ["sweep", study_file(), "--out", "s", "--quiet", "--track", "off"]
    assert main(words) == 1
    assert message in capsys.readouterr().err
    assert main([*words, "--again"]) == 0
    assert fw.load("s-2").finished and not fw.load("s").finished
    assert main([*words, "--go-on"]) == 0
    assert fw.load("s").finished


def test_a_finished_run_of_another_version_stays(capsys):
    assert train() == 0
    text = Path("r/config.json").read_text()
    found = made_with.changes(
        json.loads(re.sub(r'"jax": "[^"]+"', '"jax": "1"', text)), fw.load("r").study
    )
    assert found[0] == [] and found[1][0].startswith("jax was '1' and is")
    assert made_with.changes({}, fw.load("r").study) == ([], []), "folders of before"

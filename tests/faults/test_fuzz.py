"""Fuzzed configurations, plans, markers and data: an error for people, or no error.

Never a hang, and never an error that Foreworld does not know.
"""

import contextlib
import copy
import json
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.disk.folder import manifest, seal
from foreworld.core.errors import ForeworldError
from tests.faults.verbs import generate, sweep

SMALL = st.sampled_from([None, True, False, -1, 0, 1, 2, 7, 0.5, "", "x", [], {}])
ODD = st.sampled_from(
    [
        10**400,
        1e308,
        -1e-300,
        "\ud800",
        "os:system",
        "foreworld.core:Part",
        "./nowhere.py:World",
        "../..",
        {"class": "foreworld.worlds:TMaze"},
        {"class": 3},
        {"dict": []},
        {"array": [1, "a"], "dtype": "float32", "shape": [2]},
        {"array": [1.0], "dtype": "O", "shape": [-2]},
        [[]],
        ["a", 1],
    ]
)
KEYS = st.sampled_from(["x", "class", "dict", ""])
FEW = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
MANY = settings(FEW, max_examples=3000, derandomize=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    base = tmp_path_factory.mktemp("made")
    generate(base / "data")
    generate(base / "npz", store="npz")
    sweep(base / "study")
    return base


@contextlib.contextmanager
def damaged(made, kind):
    """A copy that may be spoiled."""
    folder = made / "copy"
    shutil.copytree(made / kind, folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def places(value, path=()):
    """Every path into a JSON value."""
    found = [path]
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            found += places(item, (*path, key))
    return found


def mutated(value, draw, new):
    """A JSON value with a few places changed, left out, or filled with others."""
    value = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 3))):
        everywhere = places(value)
        path = everywhere[draw(st.integers(0, len(everywhere) - 1))]
        if not path:
            continue
        holder = value
        for step in path[:-1]:
            holder = holder[step]
        how = draw(st.sampled_from(["change", "change", "drop", "name"]))
        if how == "drop":
            del holder[path[-1]]
        elif how == "name" and isinstance(holder, dict):
            holder[draw(KEYS)] = copy.deepcopy(draw(new))
        else:
            holder[path[-1]] = copy.deepcopy(draw(new))
    return value


def spoil_json(path, draw, new):
    path.write_text(json.dumps(mutated(json.loads(path.read_text()), draw, new)))


def spoil_bytes(path, draw):
    """Cut a file off, or write other bytes into it."""
    data = bytearray(path.read_bytes())
    if draw(st.booleans()):
        data = data[: draw(st.integers(0, len(data)))]
    for _ in range(draw(st.integers(0, 8))):
        if data:
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    path.write_bytes(data)


def seal_again(folder, draw):
    """Open the folder, leave it as it is, or let its marker agree with the damage."""
    marker = manifest(folder)
    how = draw(st.sampled_from(["as it is", "opened", "sealed again"]))
    if how == "opened":
        (folder / "manifest.json").unlink()
    if how == "sealed again":
        info = {k: v for k, v in marker.items() if k not in ("files", "seal")}
        seal(folder, [n for n in marker["files"] if (folder / n).exists()], info)


def tolerant(work):
    """Do something that may raise an error for people and nothing else."""
    try:
        return work()
    except ForeworldError as error:
        assert str(error).strip()
        return None


def use_study(folder):
    assert all(isinstance(line, str) for line in fw.check(folder))
    study = tolerant(lambda: fw.load(folder))
    if study is not None:
        tolerant(study.status)
        tolerant(lambda: study.results)
        tolerant(lambda: study.policy)
        tolerant(lambda: repr(study))


def use_data(folder):
    assert all(isinstance(line, str) for line in fw.check(folder))
    data = tolerant(lambda: fw.load(folder))
    if data is not None:
        tolerant(lambda: data.train.image[0])
        tolerant(lambda: data.val.state[:])
        tolerant(lambda: repr(data))
        tolerant(lambda: next(iter(data.train.loader(2))))


def use_commands(commands, folder, capsys):
    for words in commands:
        words = [word.replace("FOLDER", str(folder)) for word in words]
        code = main(words)
        said = capsys.readouterr().err
        assert code in (0, 1, 2), (words, code)
        assert "fault of Foreworld" not in said, (words, said)
        assert "Traceback" not in said, (words, said)


def fuzz_study(made, data, capsys):
    with damaged(made, "study") as folder:
        names = [
            "config.json",
            "plan.json",
            "manifest.json",
            "chunks/000/manifest.json",
        ]
        path = folder / data.draw(st.sampled_from(names))
        if path.name != "manifest.json":
            spoil_json(path, data.draw, st.one_of(SMALL, ODD))
            seal_again(folder, data.draw)
        else:
            spoil_json(path, data.draw, st.one_of(SMALL, ODD))
        use_study(folder)
        commands = [["check"], ["status"], ["results"], ["best"]]
        use_commands([[*words, "FOLDER"] for words in commands], folder, capsys)
        use_commands([["sweep", "FOLDER", "--dry-run"]], folder, capsys)


def fuzz_data(made, data, capsys):
    with damaged(made, data.draw(st.sampled_from(["data", "npz"]))) as folder:
        path = folder / data.draw(st.sampled_from(["config.json", "manifest.json"]))
        spoil_json(path, data.draw, st.one_of(SMALL, ODD))
        if path.name == "config.json":
            seal_again(folder, data.draw)
        use_data(folder)
        commands = [["check", "FOLDER"], ["train", "ppo", "--on", "FOLDER", "--quiet"]]
        use_commands(commands, folder, capsys)
        tolerant(lambda: generate(folder))


def fuzz_arrays(made, data, capsys):
    with damaged(made, data.draw(st.sampled_from(["data", "npz", "study"]))) as folder:
        kinds = ("*.h5", "*.npz", "*.safetensors")
        files = sorted(path for kind in kinds for path in folder.rglob(kind))
        spoil_bytes(data.draw(st.sampled_from(files)), data.draw)
        for place in sorted({*folder.glob("chunks/*"), folder}, reverse=True):
            seal_again(place, data.draw)
        if (folder / "plan.json").exists():
            use_study(folder)
            use_commands([["check", "FOLDER"], ["best", "FOLDER"]], folder, capsys)
        else:
            use_data(folder)
            use_commands([["check", "FOLDER"]], folder, capsys)
            tolerant(lambda: generate(folder))


def fuzz_sweep(made, data, capsys):
    """Going on with a spoiled study; small numbers only, so that none takes long."""
    with damaged(made, "study") as folder:
        (folder / "manifest.json").unlink()
        shutil.rmtree(folder / "chunks" / "001")
        name = data.draw(st.sampled_from(["config.json", "plan.json"]))
        spoil_json(folder / name, data.draw, SMALL)
        tolerant(lambda: fw.sweep(folder, quiet=True))


STUDY = """
import foreworld as fw
from foreworld.testing.probes import ProbeLearner, ProbeWorld

base = fw.Parameters(ProbeWorld(target=2.0), ProbeLearner(num_updates=1), seed=3)
study = fw.Study(
    "two", base, over={"hidden_size": [2, 3], "noise": [0.1]}, exclude=[], seeds=2
)
"""


def fuzz_study_file(made, data, capsys):
    """A person's file: whatever is wrong with it, the file is named."""
    pieces = STUDY.split(" ")
    for _ in range(data.draw(st.integers(1, 3))):
        where = data.draw(st.integers(0, len(pieces) - 1))
        new = [" ", "", "(", "]", "None", "-1,", "[0.1],", "fw.", "{}", "'x'", "\n"]
        pieces[where] = data.draw(st.sampled_from(new))
    file = made / "two.py"
    file.write_text(" ".join(pieces)[: data.draw(st.integers(0, 2 * len(STUDY)))])
    commands = [["sweep", str(file), "--dry-run"], ["status", str(file)]]
    use_commands(commands, made, capsys)


FUZZERS = [fuzz_study, fuzz_data, fuzz_arrays, fuzz_sweep, fuzz_study_file]


@pytest.mark.parametrize("fuzz", FUZZERS)
def test_fuzz(fuzz, made, capsys):
    FEW(given(st.data())(lambda data: fuzz(made, data, capsys)))()


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("fuzz", FUZZERS)
def test_fuzz_at_length(fuzz, made, capsys):
    MANY(given(st.data())(lambda data: fuzz(made, data, capsys)))()

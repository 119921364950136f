"""A thousand bytes turned over in sealed folders: the check names the file."""

import random

import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.errors import ForeworldError
from foreworld.testing.faults import flip
from tests.faults.verbs import generate, sealed, sweep, train

NUM_FLIPS = {"data": 200, "npz": 200, "run": 150, "study": 250}
UNSEALED = ("journal.jsonl", "timing.json", "study.nc", "report.html", "tracker.json")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    base = tmp_path_factory.mktemp("sealed")
    generate(base / "data")
    generate(base / "npz", store="npz")
    train(base / "run")
    sweep(base / "study")
    return base


@pytest.mark.parametrize("kind", NUM_FLIPS)
def test_every_flipped_byte_is_found_and_named(kind, folders):
    folder = folders / kind
    names, dice = sorted(sealed(folder)), random.Random(kind)
    assert fw.check(folder) == []
    for number in range(NUM_FLIPS[kind]):
        path = folder / names[number % len(names)]
        byte, bit = dice.randrange(path.stat().st_size), dice.randrange(8)
        flip(path, byte, bit)
        problems = fw.check(folder)
        assert any(str(path) in line for line in problems), (path, byte, bit, problems)
        flip(path, byte, bit)
    assert fw.check(folder) == []


def test_what_is_not_sealed_is_made_again_or_only_tells(folders, capsys):
    """Nothing vouches for these files, and no result comes from them."""
    folder = folders / "study"
    fw.results(folder, quiet=True)
    assert main(["report", str(folder), "--quiet"]) == 0
    found = [p for p in folder.rglob("*") if p.name in UNSEALED]
    assert len(found) >= 6
    for path in found:
        path.write_bytes(b"\xff not at all \x00")
    assert fw.check(folder) == []
    best = fw.best(folder)
    for words in (["status"], ["results"], ["best"], ["report"]):
        code = main([*words, str(folder)])
        assert code == 0, (words, capsys.readouterr().err)
    assert fw.best(folder) == best
    assert fw.load(folder).policy is not None


def test_a_damaged_folder_is_not_used(folders):
    """Whoever reads a damaged file says so, and returns nothing made of it."""
    path = folders / "study" / "chunks" / "000" / "metrics.safetensors"
    flip(path, path.stat().st_size - 1, 0)
    with pytest.raises(ForeworldError, match=r"metrics\.safetensors was altered"):
        fw.results(folders / "study", quiet=True)
    flip(path, path.stat().st_size - 1, 0)

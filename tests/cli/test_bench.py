"""The bench verb: rows, medians, ratios, references."""

import json

import pytest

from foreworld.bench.base import Measured, Row
from foreworld.cli import bench
from foreworld.cli.main import main


@pytest.fixture(autouse=True)
def made_up_rows(monkeypatch):
    rows = {
        "ppo/tmaze10/1": Row("steps/s", "higher", lambda: Measured([3e4, 1e4, 2e4], 1)),
        "data/pendulum/cold": Row("s", "lower", lambda: Measured([4.0, 6.0, 5.0], 0.5)),
        "data/few": Row("s", "lower", lambda: Measured([4.0, 6.0], 0.5)),
    }
    monkeypatch.setattr(bench, "rows", lambda: rows)


def test_one_object_a_line(capsys):
    assert main(["bench", "ppo", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    result = json.loads(line)
    assert list(result) == [
        "name",
        "value",
        "unit",
        "reference",
        "source",
        "ratio",
        "runs",
        "compile_s",
    ]
    assert result["value"] == 2e4
    assert result["runs"] == [3e4, 1e4, 2e4]
    assert result["ratio"] == pytest.approx(2e4 / 15437)
    assert "pobax" in result["source"]


def test_lower_is_better_where_it_is(capsys):
    assert main(["bench", "data/pendulum/cold", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ratio"] == pytest.approx(2003.5 / 5)


def test_for_people(capsys):
    assert main(["bench", "ppo"]) == 0
    out = capsys.readouterr().out
    assert out == (
        "ppo/tmaze10/1                   2e+04 steps/s, 1.3x pobax (3 runs, 1e+04 to "
        "3e+04; compiled in 1.0 s)\n"
    )


def test_list_measures_nothing(capsys):
    assert main(["bench", "--list"]) == 0
    assert "ppo/tmaze10/1  (steps/s, higher is better)" in capsys.readouterr().out


def test_refusals(capsys):
    assert main(["bench", "pppo"]) == 2
    assert "unknown benchmark 'pppo'" in capsys.readouterr().err
    assert main(["bench", "data/few"]) == 1
    assert "data/few gave 2 runs; a median needs 3." in capsys.readouterr().err


def test_references_are_whole_and_name_rows_that_exist():
    references = bench.load_references()
    for name, entry in references.items():
        assert set(entry) == {"value", "unit", "source"}, name
        assert entry["value"] > 0
        assert len(entry["source"]) > 20

"""The data benchmarks measure what they say, at a small size."""

from foreworld.bench import data
from foreworld.bench.base import Measured


def test_a_process_of_its_own_reports_its_time_and_memory() -> None:
    told = data._in_process("family", 500, 2, cache=None)
    assert len(told["seconds"]) == 2 and min(told["seconds"]) > 0
    assert 0 < told["compile_s"] < told["whole"] < told["elapsed"]
    assert 50 < told["megabytes"] < 1024


def test_a_whole_process_is_timed_from_start_to_end() -> None:
    measured = data.cold(num=250, runs=1)
    assert isinstance(measured, Measured)
    # No process imports a compiler and compiles in less.
    assert measured.values[0] > 0.5


def test_rows_name_their_unit_and_direction() -> None:
    found = {name: (row.unit, row.better) for name, row in data.ROWS.items()}
    expected = {
        "data/pendulum/steady": ("sequences/s", "higher"),
        "data/pendulum/cold": ("s", "lower"),
        "data/pendulum/warm": ("s", "lower"),
        "data/pendulum/memory": ("MiB", "lower"),
        "data/slvm/gravity/steady": ("sequences/s", "higher"),
        "data/slvm/gravity/cold": ("s", "lower"),
        "data/slvm/lorenz/started": ("s", "lower"),
        "data/dm/pendulum_colors/steady": ("frames/s", "higher"),
    }
    assert expected.items() <= found.items()


def test_the_recipe_has_all_sequences() -> None:
    for kind in ("family", "plain", "slvm/gravity", "dm/pendulum"):
        _, sizes = data.recipe_of(kind, 16_000)
        assert sum(sizes.values()) == 16_000
    _, sizes = data.recipe_of("slvm/gravity16", 16_000)
    assert sum(sizes.values()) == 1000


def test_a_set_of_series_is_made_whole() -> None:
    measured = data.started("slvm/nascar", runs=1)
    assert measured.values[0] > 0

"""Figures show what is in the results."""

import sys

import numpy as np
import pytest

from foreworld.core.errors import ConfigError, UnknownNameError
from foreworld.plot._bands import student_band
from foreworld.plot._points import point_labels
from foreworld.plot._style import to_file, to_svg
from foreworld.plot.compare import compare
from foreworld.plot.curves import curve_names, curves
from foreworld.plot.horizon import horizon
from tests.plot.fixtures import made_up


def test_student_band_of_known_values():
    band = student_band(np.asarray([[1.0], [2.0], [3.0], [4.0], [5.0]]))
    assert band.mean[0] == 3.0
    # Experiments, fact 5.
    np.testing.assert_allclose(band.half[0], 1.9632431614775572, rtol=1e-12)


def test_band_leaves_out_seeds_that_failed():
    nan = np.nan
    band = student_band(np.asarray([[1.0, nan, nan], [3.0, 2.0, nan]]))
    np.testing.assert_array_equal(band.mean, [2.0, 2.0, nan])
    np.testing.assert_array_equal(band.num, [2, 1, 0])
    assert band.half[0] > 0
    assert band.half[1] == 0


def test_curves_draw_one_line_and_band_a_point():
    results = made_up(3)
    axes = curves(results, "gain").axes[0]
    assert len(axes.lines) == 3
    assert len(axes.collections) == 3
    values = results["gain"].mean("seed").values
    for line, expected in zip(axes.lines, values, strict=True):
        np.testing.assert_allclose(line.get_ydata(), expected)
        np.testing.assert_array_equal(line.get_xdata(), results["step"].values)
    assert axes.get_xlabel() == "environment steps"
    assert axes.get_ylabel() == "gain (while training)"
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == point_labels(results)
    assert names[1] == "learning rate 0.1"


def test_validation_curves_have_their_own_axis():
    axes = curves(made_up(1), "val_gain").axes[0]
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), [200, 400])
    assert axes.get_ylabel() == "gain (validation)"


def test_small_figures_leave_words_to_their_caption():
    axes = curves(made_up(2), "gain", small=True).axes[0]
    assert axes.get_ylabel() == ""
    assert axes.get_legend() is None


def test_points_that_were_not_chosen_stay_in_the_background():
    axes = curves(made_up(3), "gain", points=[2]).axes[0]
    assert len(axes.lines) == 3
    assert len(axes.collections) == 1


def test_unknown_names_and_points():
    results = made_up()
    assert curve_names(results) == ["gain", "val_gain"]
    with pytest.raises(UnknownNameError, match="unknown curve 'gian'"):
        curves(results, "gian")
    with pytest.raises(ConfigError, match="point 7 is not one of 0 to 1"):
        curves(results, "gain", points=[7])
    with pytest.raises(UnknownNameError, match="error by horizon"):
        horizon(results, "test_gain")


def test_horizon_draws_predictions_and_the_baselines_there_are():
    axes = horizon(made_up(1)).axes[0]
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["prediction", "copy last"]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), np.arange(1, 5) * 0.01)
    np.testing.assert_allclose(axes.lines[1].get_ydata(), 0.05)


def test_svg_is_the_same_every_time_and_takes_the_pages_colour():
    first, second = (to_svg(curves(made_up(), "gain")) for _ in range(2))
    assert first == second
    assert first.startswith("<svg")
    assert "currentColor" in first
    assert 'width="' not in first.partition(">")[0]


def test_no_global_state_is_touched(monkeypatch):
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    curves(made_up(), "gain")
    assert "matplotlib.pyplot" not in sys.modules


def ranked(num_points):
    """A study whose runs are all finished, the last point the best."""
    results, runs = made_up(num_points), np.ones((num_points, 3), bool)
    results["finished"] = (("point", "seed"), runs)
    results["failed"] = (("point", "seed"), ~runs)
    results.attrs["score"] = "gain"
    return results


def test_compare_draws_the_best_point_of_each_study():
    first, second = ranked(1), ranked(3)
    axes = compare({"one": first, "three": second}, "gain", "both").axes[0]
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["one", "three: learning rate 0.01"]
    expected = [first["gain"].values[0], second["gain"].values[2]]
    for line, values in zip(axes.lines, expected, strict=True):
        np.testing.assert_allclose(line.get_ydata(), values.mean(axis=0))
    assert len(axes.collections) == 2
    with pytest.raises(UnknownNameError, match="curve of three: 'gian'"):
        compare({"three": second}, "gian")


@pytest.mark.parametrize(
    ("kind", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")]
)
def test_files_are_the_same_every_time(kind, start):
    figure = curves(made_up(), "gain")
    first, second = (to_file(figure, kind) for _ in range(2))
    assert first == second
    assert first.startswith(start)

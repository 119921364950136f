"""What a notebook shows of a study: what it is, the best point, and its curves."""

from __future__ import annotations

from foreworld.core import show
from foreworld.core.errors import ForeworldError
from foreworld.plot._style import to_file
from foreworld.plot.curves import curves
from foreworld.plot.report.gather import main_curves
from foreworld.sweeps.folder import StudyFolder
from foreworld.sweeps.results.gather import remarks

_DPI = 100


def study_html(study: StudyFolder) -> str:
    """A study or run: nothing is drawn before a chunk is finished."""
    pieces, results = [show.text(study)], study.results
    if results["finished"].values.any():
        for metric in main_curves(results)[:1]:
            png = to_file(curves(results, metric, title=study.study.name), "png", _DPI)
            pieces.append(show.picture(png, "png", f"curves of {metric}"))
        try:
            pieces.append(study.best()._repr_html_())
        except ForeworldError as error:
            pieces.append(show.note(str(error)))
    return "".join([*pieces, *(show.note(line) for line in remarks(results))])

"""Worlds, data, studies and progress in a notebook, run by a kernel without a page."""

import base64
import io
from typing import Any

import imageio.v3 as iio
import jax
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from foreworld.core.keys import named_key, root_key
from foreworld.worlds.pomdp.tmaze import TMaze

CELLS = {
    "setup": """
import foreworld as fw
from foreworld.core import progress
from foreworld.testing.probes import ProbeLearner, ProbeWorld
progress.SOON = progress._NotebookLine.every = 0.0
""",
    "world": "fw.worlds.TMaze(3)",
    "family": "fw.worlds.Pendulum.family(mass=fw.Uniform(0.5, 1.0))",
    "generate": (
        "data = fw.generate('pendulum', 'data/pendulum', train=300, num_frames=3)"
    ),
    "data": "data",
    "split": "data.train",
    "empty": "data.val",
    "study": """
study = fw.Study(
    "probe",
    fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=23)),
    over={"learning_rate": [0.1, 0.2]},
    seeds=2,
)
study
""",
    "sweep": "run = fw.sweep(study)",
    "run": "run",
    "best": "fw.best(study)",
    "interrupted": """
try:
    with progress.Progress("work", 10, "steps") as line:
        line.update(0)
        line.update(4)
        raise KeyboardInterrupt
except KeyboardInterrupt:
    pass
""",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What each cell shows."""
    folder = tmp_path_factory.mktemp("notebook")
    cells = [nbformat.v4.new_code_cell(code) for code in CELLS.values()]
    notebook = nbformat.v4.new_notebook(cells=cells)
    where = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=240, resources=where).execute(cwd=str(folder))
    return dict(zip(CELLS, (cell.outputs for cell in notebook.cells), strict=True))


def shown(outputs: list[Any]) -> tuple[str, str]:
    """Text and HTML of a cell's value."""
    (result,) = (o for o in outputs if o.output_type == "execute_result")
    return result.data["text/plain"], result.data.get("text/html", "")


def pictures(html: str, kind: str) -> np.ndarray:
    """The only picture of a page."""
    _, _, rest = html.partition(f"data:image/{kind};base64,")
    assert rest, html[:200]
    data = base64.b64decode(rest.partition('"')[0])
    return iio.imread(io.BytesIO(data), extension=f".{kind}")


def test_a_world_shows_its_first_frame(outputs):
    text, html = shown(outputs["world"])
    assert text == "TMaze(length=3)"
    assert "<td>action</td><td>Discrete(num=4, names=" in html
    frame = pictures(html, "png")
    world = TMaze(3)
    state, _ = world.reset(named_key(jax.random.split(root_key(0), 1)[0], "reset"))
    expected = np.asarray(world.render(state)).repeat(4, 0).repeat(4, 1)
    np.testing.assert_array_equal(frame, expected)


def test_a_family_shows_some_of_its_worlds(outputs):
    text, html = shown(outputs["family"])
    assert "Uniform(low=0.5, high=1.0)" in text
    grid = pictures(html, "png")
    assert grid.shape == (2 * 104, 2 * 104)
    # Nine worlds of different masses, each with its bob.
    cells = [
        grid[4 + 68 * r :, 4 + 68 * c :][:64, :64] for r in range(3) for c in range(3)
    ]
    sizes = {int(cell.sum()) for cell in cells}
    assert 0 not in sizes and len(sizes) > 1


def test_data_moves_and_a_split_lists_its_columns(outputs):
    text, html = shown(outputs["data"])
    assert text.startswith("DataSet data/pendulum: Pendulum(")
    frames = pictures(html, "gif")
    assert len(frames) == 3
    assert (frames[0] != frames[1]).any()
    text, html = shown(outputs["split"])
    assert text == "Split train of data/pendulum: 300 sequences"
    assert "<td>image</td><td>(300, 3, 32, 32, 1)</td><td>uint8</td>" in html
    assert pictures(html, "png").shape == (2 * 274, 2 * 104)
    text, html = shown(outputs["empty"])
    assert text == "Split val of data/pendulum: 0 sequences"
    assert "<img" not in html


def test_a_study_and_what_came_of_it(outputs):
    assert shown(outputs["study"])[0] == (
        "Study probe: probeworld_probelearner, 2 points, 2 seeds, root seed 0\n"
        "  learning_rate in [0.1, 0.2]"
    )
    text, html = shown(outputs["run"])
    assert text.startswith("study probe in ") and "(finished)" in text
    assert pictures(html, "png").std() > 0
    best = shown(outputs["best"])
    assert best[0].startswith("point ") and "2 seeds" in best[0]
    assert best[1] in html and "<td>learning_rate</td>" in best[1]


def test_progress_is_one_line_that_changes(outputs):
    for cell, label in (("generate", "Pendulum to"), ("sweep", "training:")):
        lines = [o for o in outputs[cell] if o.output_type == "display_data"]
        (line,) = lines
        assert line.data["text/plain"].startswith(label)
        assert "(100%)" in line.data["text/plain"]
    (left,) = outputs["interrupted"]
    assert left.data["text/plain"].startswith("work: 4 of 10 steps (40%)")

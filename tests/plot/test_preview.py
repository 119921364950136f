"""Previews: sequences as data sets have them, figures with names, one album a call."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
import pytest

import foreworld as fw
from foreworld.core.disk.folder import write_bytes
from foreworld.data.reading.dataset import open_dataset
from foreworld.data.sets.find import make_set
from foreworld.plot.preview.album import figures, together, write_album
from foreworld.plot.preview.energy import energy_over_time
from foreworld.plot.preview.footage import (
    NUM_SEQUENCES,
    of_data,
    of_family,
    of_recipe,
    of_set,
)
from foreworld.plot.preview.parameters import parameter_histograms
from foreworld.plot.preview.phase import phase_portrait
from foreworld.plot.preview.signals import signal_traces
from foreworld.render import mp4
from foreworld.testing.games import CueProbe
from foreworld.worlds.base import Family
from foreworld.worlds.dynamics.nascar import Nascar
from foreworld.worlds.dynamics.pendulum import Pendulum
from foreworld.worlds.ranges import Uniform


def pendulums(**fields):
    """A few frames of pendulums."""
    return of_family(Pendulum.family(**fields), "pendulum", 5)


@pytest.fixture(scope="module")
def swinging():
    return pendulums(mass=Uniform(0.5, 1.0))


def test_a_world_is_shown_as_its_data_set_has_it(tmp_path):
    family = Pendulum.family(mass=Uniform(0.5, 1.0), friction=0.3)
    data = fw.generate(family, tmp_path / "d", train=9, num_frames=5, seed=3)
    shown = of_family(family, "d", 5, seed=3)
    (stored,) = of_data(data, "d")
    np.testing.assert_array_equal(shown.image, stored.image)
    np.testing.assert_allclose(shown.state, stored.state, atol=1e-6)
    assert len(stored.state) == NUM_SEQUENCES
    np.testing.assert_allclose(shown.energy, stored.energy, rtol=1e-12)
    # Parameters are counted over more sequences than are shown.
    assert (len(stored.parameters["mass"]), len(shown.parameters["mass"])) == (9, 250)
    np.testing.assert_array_equal(
        stored.parameters["mass"], shown.parameters["mass"][:9]
    )


def test_energies_are_those_of_the_frames(tmp_path):
    data = fw.generate(
        Pendulum.family(mass=Uniform(0.5, 1.0), friction=0.3),
        tmp_path / "d",
        train=3,
        num_frames=5,
        jitter=0.5,
        skip=2,
        random_skip=True,
        missing=0.4,
    )
    (shown,) = of_data(data, "d")
    assert shown.energy is not None
    for row in range(3):
        world = Pendulum(mass=float(shown.parameters["mass"][row]))
        for frame in np.flatnonzero(shown.valid[row]):
            energy = float(world.energy(jnp.asarray(shown.state[row, frame])))
            assert shown.energy[row, frame] == pytest.approx(energy, abs=1e-5)
    assert not shown.valid.all()
    assert len(np.unique(np.diff(shown.time))) > 2


def test_phase_portraits_name_their_axes_and_wrap_angles(swinging):
    figure = phase_portrait([swinging], "some")
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("q (rad)", "p (kg m²/s)")
    drawn = np.concatenate([line.get_xdata() for line in axes.lines])
    assert np.nanmax(np.abs(drawn)) <= math.pi


def test_tasks_have_a_colour_each_and_a_legend(swinging):
    other = pendulums(gravity=9.0)
    figure = phase_portrait([swinging, other])
    (axes,) = figure.axes
    assert len({line.get_color() for line in axes.lines}) == 2
    assert axes.get_legend() is not None


def test_energy_shows_decay_and_drift():
    figure = energy_over_time([pendulums(friction=0.5)])
    left, right = figure.axes
    assert (left.get_ylabel(), right.get_yscale()) == ("energy (J)", "log")
    assert left.get_xlabel() == "time (s)"
    for line in left.lines:
        assert line.get_ydata()[-1] < line.get_ydata()[0]


def test_signals_lie_on_their_modes():
    footage = of_family(Family(Nascar()), "nascar", 40)
    figure = signal_traces(footage)
    state, signal = figure.axes
    assert (state.get_ylabel(), signal.get_ylabel()) == ("state", "signal")
    assert len(signal.lines) == 10
    switches = int(np.count_nonzero(np.diff(footage.modes["mode"][0])))
    assert len(signal.patches) == switches + 1
    assert signal_traces(pendulums()) is None


def test_histograms_are_within_the_ranges(swinging):
    (axes,) = parameter_histograms([swinging]).axes
    assert axes.get_xlabel() == "mass (kg)"
    assert sum(patch.get_height() for patch in axes.patches) == 250
    ends = [axes.patches[0].get_x(), axes.patches[-1].get_x()]
    assert ends[0] == pytest.approx(0.5)
    assert ends[1] < 1.0
    assert parameter_histograms([pendulums()]) is None


def test_an_album_has_all_pictures_and_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(mp4, "find_ffmpeg", lambda: None)
    monkeypatch.setattr("foreworld.plot.preview.album.find_ffmpeg", lambda: None)
    named = make_set("slvm/gravity3")
    album = write_album(of_set(named, "g", 4), tmp_path, "g")
    assert [file.name for file in album.files] == [
        "g.png",
        "g.gif",
        "g_phase.png",
        "g_energy.png",
    ]
    assert all(file.stat().st_size > 500 for file in album.files)
    assert album.notes == [
        "no MP4: there is no ffmpeg on this machine, and imageio-ffmpeg brings none "
        "for it. Install one ('apt-get install ffmpeg') and run this again."
    ]


def test_data_without_frames_has_figures_only(tmp_path):
    data = fw.generate("slvm/nascar", tmp_path / "d", scale=0.003, quiet=True)
    album = write_album(of_data(data, "d"), tmp_path, "d")
    assert [file.name for file in album.files] == ["d_phase.png", "d_signals.png"]
    assert album.notes == [
        "no contact sheet, GIF and MP4: the data holds no frames.",
        "no energy over time: Nascar has none that is conserved.",
    ]


def test_films_are_written_by_the_ffmpeg_of_the_machine(tmp_path, monkeypatch):
    program = tmp_path / "ffmpeg"
    # It keeps its words, and sends back what it was sent.
    write_bytes(program, b'#!/bin/sh\necho "$@" > "$0.words"\ncat\n')
    program.chmod(0o755)
    monkeypatch.setattr(mp4, "find_ffmpeg", lambda: str(program))
    frames = np.arange(24, dtype=np.uint8).reshape(2, 3, 4, 1)
    assert mp4.mp4_bytes(frames, 5.0, 2) == frames.tobytes()
    words = (tmp_path / "ffmpeg.words").read_text()
    assert "-pix_fmt gray -s 4x3 -r 5 " in words
    assert "scale=8:6:flags=neighbor" in words
    write_bytes(program, b"#!/bin/sh\ncat > /dev/null\necho no encoder >&2\nexit 3\n")
    program.chmod(0o755)
    with pytest.raises(fw.core.errors.ConfigError) as error:
        mp4.mp4_bytes(frames)
    assert str(error.value) == f"{program} could not write the MP4: no encoder."


def test_a_film_can_be_played():
    frames = np.zeros((12, 9, 11, 3), np.uint8)
    film = mp4.mp4_bytes(frames, 10.0, 3)
    assert film[4:8] == b"ftyp"


def test_unlike_tasks_share_a_sheet_and_have_their_own_figures(swinging):
    balls = of_recipe(fw_recipe("bouncing_ball", image_size=64), "ball")
    image = together([swinging, balls])
    assert image.shape == (8, 5, 64, 64, 1)
    notes: list[str] = []
    kinds = [kind for kind, _ in figures([swinging, balls], "both", notes)]
    assert kinds == [
        "phase_pendulum",
        "energy_pendulum",
        "parameters_pendulum",
        "phase_bouncingball",
        "energy_bouncingball",
    ]
    assert notes == []


def test_a_world_that_somebody_acts_in_has_frames_only():
    notes: list[str] = []
    shown = of_family(Family(CueProbe()), "cue", 4)
    assert list(figures([shown], "cue", notes)) == []
    assert notes == [
        "no phase portrait and no energy: CueProbe does not move by a law of its own."
    ]


def fw_recipe(name, **fields):
    """A recipe of a world by name."""
    from foreworld.data.format.recipe import TaskRecipe

    return TaskRecipe(Family(fw.make(name, **fields)), num_frames=5)


def test_of_a_folder_the_first_split_with_sequences_is_shown(tmp_path):
    fw.generate(Pendulum(), tmp_path / "d", train=0, val=2, test=0, num_frames=4)
    (shown,) = of_data(open_dataset(tmp_path / "d"), "d")
    assert shown.image.shape[:2] == (2, 4)

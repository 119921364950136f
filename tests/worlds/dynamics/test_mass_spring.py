"""The mass on a spring against its closed form and the data sets' facts."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import foreworld as fw
from foreworld.compat.worlds.diagonal_mass_spring import DiagonalMassSpring
from foreworld.core.errors import ConfigError
from foreworld.core.keys import root_key
from foreworld.worlds import Picture
from foreworld.worlds.base import Family
from foreworld.worlds.dynamics.mass_spring import MassSpring
from foreworld.worlds.ranges import Uniform
from tests.worlds.dynamics.motion import (
    along,
    check_lit,
    energy_over,
    first_frames,
    mirror,
    solved,
    states_of,
)


def closed_form(world: MassSpring, start: list[float], times: np.ndarray) -> np.ndarray:
    """Under-, over- and critically damped motion, from the roots of its equation."""
    q, p = start
    decay = world.friction / (2 * world.mass)
    squared = world.stiffness / world.mass - decay**2
    if squared == 0:
        even, odd = np.ones_like(times), times
    else:
        speed = np.sqrt(complex(squared))
        even = np.cos(speed * times).real
        odd = (np.sin(speed * times) / speed).real
    velocity = p / world.mass
    fade = np.exp(-decay * times)
    place = fade * (q * even + (velocity + decay * q) * odd)
    slope = -squared * odd * q + (velocity + decay * q) * even
    return np.stack([place, world.mass * (fade * slope - decay * place)], axis=1)


@pytest.mark.fact("dynamics-datasets", "C4")
def test_fact_c4_mass_spring_states() -> None:
    free = states_of(MassSpring(), [0.5, 0.3], 29)[-1]
    np.testing.assert_allclose(free, [0.3033791046, 0.4979569448], atol=1e-9)
    damped = states_of(MassSpring(friction=0.1), [0.8, 0.0], 29)[-1]
    np.testing.assert_allclose(damped, [0.5139347035, 0.2823071566], atol=1e-9)


@pytest.mark.parametrize("friction", [0.0, 0.15, 1.0, 2.0, 4.0, 7.0])
def test_states_follow_the_closed_form(friction: float) -> None:
    """With k = 2 and m = 0.5 a friction of 2 is critical."""
    world = MassSpring(friction=friction)
    start, times = [0.7, -0.4], np.arange(31) * 0.1
    exact = closed_form(world, start, times)
    # The equation has a fast root where it is overdamped: more steps for it.
    steps = 1 if friction <= 1 else 4
    states = states_of(world.replace(substeps=steps), start, 30)
    np.testing.assert_allclose(states, exact, atol=1e-10)


def test_states_agree_with_an_adaptive_solver() -> None:
    world = MassSpring(mass=0.4, stiffness=3.0, friction=0.1)
    start = [0.9, 0.5]
    ours = states_of(world, start, 30)
    np.testing.assert_allclose(ours, solved(world, start, 30), atol=1e-10)


def single() -> Family:
    return MassSpring.family(mass=Uniform(0.4, 1.0))


def tasks(**fields: Any) -> Family:
    return MassSpring.family(
        anchor_x=Uniform(0.0, 1.0),
        picture={
            "margin": 0.4,
            "offset_x": Uniform(-0.4, 0.4),
            "offset_y": Uniform(-0.4, 0.4),
        },
        area_uniform=True,
        **{"mass": Uniform(0.4, 1.0), **fields},
    )


@pytest.mark.fact("dynamics-datasets", "C8")
@pytest.mark.parametrize(
    "family",
    [single(), tasks(stiffness=Uniform(1.0, 3.0)), tasks(mass=0.5)],
    ids=["mass_spring", "mass_spring_1k-3k", "mass_spring_00"],
)
def test_fact_c8_energy_drift(family: Family) -> None:
    energy = energy_over(family, 31, 300)
    assert energy.drift.max() < 1e-6
    assert energy.drift.max() > 1e-13  # a numerical solution
    assert energy.kept.all()


def test_energy_over_the_suites_sequences() -> None:
    family = MassSpring.family(mass=Uniform(0.2, 1.0), dt=0.05)
    assert energy_over(family, 256, 100).drift.max() < 1e-6


@pytest.mark.fact("dynamics-datasets", "C9")
def test_fact_c9_friction() -> None:
    world = MassSpring(friction=0.15)
    rng = np.random.default_rng(0)
    ratios = []
    for start in rng.normal(0, 0.6, (20, 2)):
        states = states_of(world, start, 30)
        energy, lost, _ = along(world, states)
        assert (np.diff(energy) < 0).all()
        velocity = states[:, 1] / world.mass
        np.testing.assert_allclose(lost, -0.15 * velocity**2, atol=1e-14)
        ratios.append(energy[-1] / energy[0])
    assert min(ratios) > 0.38 and max(ratios) < 0.43
    # The range is made of phases: it is not one number.
    assert max(ratios) - min(ratios) > 0.02


@pytest.mark.fact("dynamics-datasets", "C20")
def test_fact_c20_canvas_half_widths() -> None:
    assert single().world.picture.canvas == pytest.approx(1.56418958, abs=1e-8)
    assert tasks().world.picture.canvas == pytest.approx(1.56418958, abs=1e-8)


@pytest.mark.fact("dynamics-datasets", "C21")
def test_fact_c21_lit_pixels() -> None:
    """Masses of 0.4 and 1 light about 53 and 119 pixels."""
    check_lit(first_frames(single(), 2000), 52, 112, 0.85, (4, 10))


@pytest.mark.fact("dynamics-datasets", "C22")
@pytest.mark.parametrize(("area", "mean"), [(False, 0.55), (True, 0.672727)])
def test_fact_c22_amplitudes(area: bool, mean: float) -> None:
    """The annulus 0.1 to 1 by either law: the amplitude, whatever k and m."""
    world = MassSpring(mass=0.3, stiffness=3.0, area_uniform=area)
    keys = jax.random.split(root_key(2), 5000)
    states = np.asarray(jax.jit(jax.vmap(world.start))(keys), float)
    amplitude = np.hypot(states[:, 0], states[:, 1] / np.sqrt(0.9))
    assert amplitude.min() > 0.0999 and amplitude.max() < 1.0001
    # The standard deviation of a mean of 5000 is below 0.004.
    assert amplitude.mean() == pytest.approx(mean, abs=0.012)


def test_time_runs_backwards() -> None:
    world = MassSpring(friction=0.1)
    there = states_of(world, [0.5, -0.4], 30)[-1]
    back = states_of(world, there, 30, backwards=True)[-1]
    np.testing.assert_allclose(back, [0.5, -0.4], atol=1e-10)


def test_mirrored_motion_is_motion() -> None:
    world = MassSpring(friction=0.1)
    states = states_of(world, [0.5, -0.4], 30)
    mirrored = states_of(world, mirror(states[0], [0, 1]), 30)
    np.testing.assert_allclose(mirrored, mirror(states, [0, 1]), atol=1e-14)
    up, down = (np.asarray(world.render(jnp.asarray(s[3]))) for s in (states, mirrored))
    np.testing.assert_array_equal(up, down[::-1])


def lit_centre(world: MassSpring) -> tuple[float, float]:
    frame = np.asarray(world.render(jnp.array([0.25, 0.0])))
    rows, columns = np.nonzero(frame[..., 0])
    limit = float(world.half_width()) * (1 + world.picture.margin)
    half = (world.picture.image_size - 1) / 2
    return (columns.mean() / half - 1) * limit, (1 - rows.mean() / half) * limit


def test_where_the_disc_is_drawn() -> None:
    world = MassSpring(
        anchor_x=0.5, picture=Picture(canvas=1.5, margin=0.4, image_size=128)
    )
    shifted = world.picture.replace(offset_x=0.2, offset_y=-0.4)
    for picture, place in [(world.picture, (0.5, 0.25)), (shifted, (0.8, -0.35))]:
        seen = lit_centre(world.replace(picture=picture))
        assert seen == pytest.approx(place, abs=0.01)
    # As published by mistake: one draw moves the picture both ways.
    peer = DiagonalMassSpring(anchor_x=0.5, picture=shifted)
    assert lit_centre(peer) == pytest.approx((0.8, 0.55), abs=0.01)


def test_offsets_do_not_decide_what_is_kept() -> None:
    world = MassSpring(picture=Picture(margin=0.4, offset_x=0.4, offset_y=-0.4))
    half = float(world.half_width())
    assert bool(world.keeps(jnp.array([half, 0.0])))
    assert not bool(world.keeps(jnp.array([half * 1.001, 0.0])))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"mass": 0.0}, r"MassSpring\.mass=0\.0 must be above 0\."),
        ({"mass": -1.0}, r"MassSpring\.mass=-1\.0 must be above 0\."),
        ({"stiffness": 0.0}, r"MassSpring\.stiffness=0\.0 must be above 0\."),
        ({"friction": -0.1}, r"MassSpring\.friction=-0\.1 must be at least 0\."),
        ({"radius": (1.0, 0.1)}, r"radius=\(1\.0, 0\.1\) must be two numbers"),
        (
            {"picture": {"margin": 0.1, "offset_y": -0.2}},
            r"Picture\.offset_y=-0\.2 leaves the canvas: it must lie within -margin "
            r"and margin=0\.1\. Raise the margin\.",
        ),
        (
            {"picture": {"canvas": 1.0}, "anchor_x": -2.0},
            r"MassSpring\.picture\.canvas=1\.0 holds no sequence: "
            r"with anchor_x=-2\.0 every one "
            r"leaves it\. It must be at least 2; 0 takes 2\.39894\.",
        ),
    ],
)
def test_bad_values_are_named(fields: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        fw.make("mass_spring", **fields)

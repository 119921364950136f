"""The double pendulum against an independent solver and the data sets' facts."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import foreworld as fw
from foreworld.core.errors import ConfigError
from foreworld.core.keys import root_key
from foreworld.worlds.base import Family
from foreworld.worlds.dynamics.double_pendulum import DoublePendulum
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

UNEVEN = DoublePendulum(mass_1=0.4, mass_2=0.7, length_1=0.8, length_2=1.1)
START = [1.0, 0.5, 0.3, -0.2]


@pytest.mark.fact("dynamics-datasets", "C7")
def test_fact_c7_energy_and_states() -> None:
    world = DoublePendulum()
    states = states_of(world, START, 10)
    assert along(world, states).energy[0] == pytest.approx(-2.713424058, abs=1e-9)
    expected = [0.0918376, 0.44234259, -1.76856681, -0.63896378]
    np.testing.assert_allclose(states[10], expected, atol=1e-6)


def light(**fields: Any) -> Family:
    return DoublePendulum.family(
        mass_1=Uniform(0.4, 0.6),
        mass_2=Uniform(0.4, 0.6),
        length_1=Uniform(0.75, 1.0),
        length_2=Uniform(0.75, 1.0),
        **fields,
    )


def heavy(**fields: Any) -> Family:
    return DoublePendulum.family(
        mass_1=Uniform(5.0, 8.0),
        mass_2=Uniform(5.0, 8.0),
        length_1=Uniform(2.5, 3.0),
        length_2=Uniform(2.5, 3.0),
        radius=(1.5, 2.5),
        picture={
            "margin": 0.4,
            "offset_x": Uniform(-0.4, 0.4),
            "offset_y": Uniform(-0.4, 0.4),
        },
        area_uniform=True,
        **fields,
    )


@pytest.mark.fact("dynamics-datasets", "C8")
@pytest.mark.parametrize(
    ("family", "num_frames", "num"),
    [
        (light(), 31, 300),
        (heavy(gravity=Uniform(2.0, 4.0)), 31, 300),
        (
            light(dt=0.05, gravity=Uniform(2.5, 4), radius=(1.0, 2.5), substeps=6),
            256,
            50,
        ),
    ],
    ids=["double_pendulum", "double_pendulum_2g-4g", "double_pendulum_colors"],
)
def test_fact_c8_energy_drift(family: Family, num_frames: int, num: int) -> None:
    energy = energy_over(family, num_frames, num)
    assert energy.drift.max() < 1e-6
    assert energy.drift.max() > 1e-12  # a numerical solution
    assert energy.kept.all()


@pytest.mark.fact("dynamics-datasets", "C9")
def test_fact_c9_friction_takes_energy_away() -> None:
    world = UNEVEN.replace(friction=0.1)
    states = states_of(world, START, 60)
    energy, lost, rate = along(world, states)
    assert (np.diff(energy) < 0).all()
    np.testing.assert_allclose(lost, -0.1 * (rate[:, :2] ** 2).sum(1), rtol=1e-9)


@pytest.mark.fact("dynamics-datasets", "C20")
def test_fact_c20_canvas_half_widths() -> None:
    assert light().world.picture.canvas == pytest.approx(2.43701937, abs=1e-8)
    world = heavy().world
    assert world.picture.canvas == pytest.approx(7.59576912, abs=1e-8)
    full = world.picture.canvas * (1 + world.picture.margin)
    assert full == pytest.approx(10.63407677, abs=1e-8)


@pytest.mark.fact("dynamics-datasets", "C21")
def test_fact_c21_lit_pixels() -> None:
    """Masses of 5 and 8 light about 18 and 26 pixels each."""
    check_lit(first_frames(heavy(), 2000), 38, 48, 0.85, (8, 6))


@pytest.mark.fact("dynamics-datasets", "C22")
def test_fact_c22_both_starts_are_from_the_annulus() -> None:
    keys = jax.random.split(root_key(2), 5000)
    states = np.asarray(jax.jit(jax.vmap(DoublePendulum().start))(keys), float)
    for q, p in ((0, 2), (1, 3)):
        radius = np.hypot(states[:, q], states[:, p])
        assert radius.min() > 1.2999 and radius.max() < 2.3001
        # The standard deviation of a mean of 5000 is 0.0041.
        assert radius.mean() == pytest.approx(1.8, abs=0.013)
    # The two draws are independent: of 5000, a correlation is within 0.014 or so.
    assert abs(np.corrcoef(states.T) - np.eye(4)).max() < 0.05


@pytest.mark.parametrize("friction", [0.0, 0.1])
def test_states_agree_with_an_adaptive_solver(friction: float) -> None:
    """It integrates the energy's own derivative, not the rates worked out by hand."""
    world = UNEVEN.replace(friction=friction)
    reference = solved(world, START, 20)
    fine = states_of(world.replace(substeps=25), START, 20)
    np.testing.assert_allclose(fine, reference, atol=1e-10)
    np.testing.assert_allclose(states_of(world, START, 20), reference, atol=1e-8)


def test_time_runs_backwards() -> None:
    world = UNEVEN.replace(friction=0.05)
    there = states_of(world, START, 20)[-1]
    back = states_of(world, there, 20, backwards=True)[-1]
    np.testing.assert_allclose(back, START, atol=1e-6)


def test_small_swings_have_the_periods_of_theory() -> None:
    """Equal masses and rods: both modes, with w^2 = (2 -+ sqrt 2) g / l."""
    for sign in (-1, 1):
        speed = np.sqrt((2 + sign * np.sqrt(2)) * 3.0)
        world = DoublePendulum(dt=2 * np.pi / speed / 40)
        start = 1e-5 * np.array([1.0, -sign * np.sqrt(2), 0.0, 0.0])
        states = states_of(world, start, 40)
        np.testing.assert_allclose(states[40], start, atol=1e-12)
        np.testing.assert_allclose(states[20], -start, atol=1e-12)


def test_mirrored_motion_is_motion() -> None:
    world, every = UNEVEN.replace(friction=0.1), [0, 1, 2, 3]
    states = states_of(world, START, 20)
    mirrored = states_of(world, mirror(states[0], every), 20)
    np.testing.assert_allclose(mirrored, mirror(states, every), atol=1e-12)
    one, other = (world.render(jnp.asarray(s[3])) for s in (states, mirrored))
    np.testing.assert_array_equal(one, other[:, ::-1])


def test_where_the_bobs_are() -> None:
    discs = UNEVEN.discs(jnp.array([np.pi / 2, 0.0, 0.0, 0.0]))
    np.testing.assert_allclose(discs.centres, [[0.8, 0], [0.8, -1.1]], atol=1e-6)
    np.testing.assert_allclose(np.pi * discs.radii**2, [0.4, 0.7], rtol=1e-6)


def test_the_extent_holds_a_large_upper_bob() -> None:
    world = DoublePendulum(mass_1=np.pi, mass_2=0.01, length_1=1.0, length_2=0.1)
    assert world.extent() == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"mass_1": 0.0}, r"DoublePendulum\.mass_1=0\.0 must be above 0\."),
        ({"mass_2": -1.0}, r"DoublePendulum\.mass_2=-1\.0 must be above 0\."),
        ({"length_2": 0.0}, r"DoublePendulum\.length_2=0\.0 must be above 0\."),
        ({"radius": (-1.0, 1.0)}, r"radius=\(-1\.0, 1\.0\) must be two numbers of at"),
        (
            {"picture": {"num_colours": 0}},
            r"Picture\.num_colours=0 must be at least 1\.",
        ),
        (
            {"picture": {"canvas": 0.7}, "length_1": 2.0},
            r"DoublePendulum\.picture\.canvas=0\.7 holds no sequence: "
            r"with length_1=2\.0 every "
            r"one leaves it\. It must be at least 1\.41421; 0 takes 3\.39894\.",
        ),
    ],
)
def test_bad_values_are_named(fields: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        fw.make("double_pendulum", **fields)


def test_a_family_that_leaves_its_canvas_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"with length_1=9\.0 every one leaves it"):
        DoublePendulum.family(picture={"canvas": 2.0}, length_1=Uniform(1.0, 9.0))

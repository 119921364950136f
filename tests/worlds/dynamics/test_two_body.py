"""Two bodies against Kepler's laws, an independent solver and the data sets' facts."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import foreworld as fw
from foreworld.core.errors import ConfigError
from foreworld.core.keys import root_key
from foreworld.worlds import Picture
from foreworld.worlds.base import Family, as_family
from foreworld.worlds.dynamics.two_body import TwoBody
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

UNEVEN = TwoBody(mass_1=0.7, mass_2=1.3, gravity=1.4)


def begin(x: float, y: float) -> np.ndarray:
    """The start of the data sets with body 1 at (x, y)."""
    place = np.array([x, y])
    momentum = np.array([y, -x]) / (2 * np.hypot(x, y) ** 1.5)
    return np.concatenate([place, -place, momentum, -momentum])


def kepler(world: TwoBody, start: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Positions of a frictionless, bound pair from Kepler's equation."""
    m1, m2 = world.mass_1, world.mass_2
    (q1, q2), (p1, p2) = start.reshape(2, 2, 2)
    pull = world.gravity * (m1 + m2)
    apart, speed = q1 - q2, p1 / m1 - p2 / m2
    distance = np.hypot(*apart)
    axis = 1 / (2 / distance - speed @ speed / pull)
    rate = np.sqrt(pull / axis**3)
    # At the start e cos E = 1 - d / a and e sin E = q . v / sqrt(pull a).
    cosine, sine = 1 - distance / axis, apart @ speed / np.sqrt(pull * axis)
    change = rate * times
    for _ in range(50):  # Newton's method for the change of E
        value = change - cosine * np.sin(change) + sine * (1 - np.cos(change))
        slope = 1 - cosine * np.cos(change) + sine * np.sin(change)
        change = change - (value - rate * times) / slope
    f = 1 - axis / distance * (1 - np.cos(change))
    g = times - (change - np.sin(change)) / rate
    relative = f[:, None] * apart + g[:, None] * speed
    middle = (m1 * q1 + m2 * q2 + times[:, None] * (p1 + p2)) / (m1 + m2)
    first = middle + m2 / (m1 + m2) * relative
    return np.concatenate([first, first - relative], axis=1)


@pytest.mark.fact("dynamics-datasets", "C5")
def test_fact_c5_circular_orbit() -> None:
    states = states_of(TwoBody(), begin(1.0, 0.8), 29)
    place, momentum = states[:, :2], states[:, 4:6]
    np.testing.assert_allclose(place[29], [1.2132573094, -0.4098862053], atol=1e-8)
    np.testing.assert_allclose(momentum[29], [-0.14141661, -0.41859114], atol=1e-8)
    np.testing.assert_array_equal(states[:, 2:4], -place)
    np.testing.assert_array_equal(states[:, 6:], -momentum)
    np.testing.assert_allclose(np.hypot(*place.T), np.sqrt(1.64), atol=1e-9)


@pytest.mark.fact("dynamics-datasets", "C6")
def test_fact_c6_pericentre() -> None:
    radius = np.sqrt(1.64)
    half = np.pi * np.sqrt(4 * (2 * radius / 3) ** 3 / 2)
    world = TwoBody(gravity=2.0, dt=half / 20)
    states = states_of(world, begin(1.0, 0.8), 40)
    distance = np.hypot(*states[:, :2].T)
    assert distance[20] == pytest.approx(radius / 3, abs=1e-8)
    assert distance.argmin() == 20
    np.testing.assert_allclose(states[40], states[0], atol=1e-7)


def test_starts_are_from_the_square() -> None:
    keys = jax.random.split(root_key(2), 2000)
    states = np.asarray(jax.jit(jax.vmap(TwoBody().start))(keys), float)
    place = states[:, :2]
    assert place.min() > 0.4999 and place.max() < 1.5001
    # The standard deviation of a mean of 2000 is 0.0065.
    np.testing.assert_allclose(place.mean(0), [1.0, 1.0], atol=0.02)
    assert abs(np.corrcoef(place.T)[0, 1]) < 0.08
    for row in states[:50]:
        np.testing.assert_allclose(row, begin(*row[:2]), atol=1e-6)


def masses(**fields: Any) -> Family:
    spread = Uniform(0.5, 1.5)
    return TwoBody.family(
        mass_1=spread, mass_2=spread, picture={"canvas": 5.0}, **fields
    )


@pytest.mark.fact("dynamics-datasets", "C8")
@pytest.mark.parametrize(
    ("family", "num_frames", "num"),
    [
        (masses(substeps=3), 31, 300),
        (TwoBody.family(gravity=Uniform(1.0, 3.0), substeps=4), 31, 300),
        (masses(gravity=Uniform(0.5, 3.0)), 31, 300),
        (masses(gravity=Uniform(0.5, 1.5), dt=0.05, substeps=4), 256, 100),
    ],
    ids=["two_body", "two_body_1g-3g", "widest", "two_body_colors"],
)
def test_fact_c8_energy_drift(family: Family, num_frames: int, num: int) -> None:
    """Sequences that stay on the canvas; of the last family a fifth leave it."""
    energy = energy_over(family, num_frames, num)
    assert energy.kept.mean() > (0.7 if num_frames > 31 else 0.99)
    drift = energy.drift[energy.kept].max()
    assert drift < 1e-6
    assert drift > 1e-15  # a numerical solution


@pytest.mark.fact("dynamics-datasets", "C9")
def test_fact_c9_friction_takes_energy_away() -> None:
    world = UNEVEN.replace(friction=0.1)
    states = states_of(world, begin(1.0, 0.6), 30)
    energy, lost, rate = along(world, states)
    assert (np.diff(energy) < 0).all()
    np.testing.assert_allclose(lost, -0.1 * (rate[:, :4] ** 2).sum(1), rtol=1e-10)


@pytest.mark.fact("dynamics-datasets", "C20")
def test_fact_c20_canvas_half_widths() -> None:
    assert TwoBody().picture.canvas == 2.75
    assert masses().world.picture.canvas == 5.0
    # 2.75 holds what bound orbits of masses of 1 need.
    assert TwoBody().extent() == pytest.approx(1.5 * np.sqrt(2) + np.sqrt(1 / np.pi))


@pytest.mark.fact("dynamics-datasets", "C21")
def test_fact_c21_lit_pixels() -> None:
    check_lit(first_frames(as_family(TwoBody()), 2000), 82, 96, 1.0)


def test_positions_follow_keplers_equation() -> None:
    times = np.arange(31) * 0.1
    for world in (UNEVEN, TwoBody(gravity=3.0), TwoBody(mass_1=1.5, mass_2=0.6)):
        start = begin(0.7, 1.2)
        states = states_of(world, start, 30)
        np.testing.assert_allclose(
            states[:, :4], kepler(world, start, times), atol=1e-7
        )


@pytest.mark.parametrize("friction", [0.0, 0.1])
def test_states_agree_with_an_adaptive_solver(friction: float) -> None:
    """It integrates the energy's own derivative, not the rates worked out by hand."""
    world, start = UNEVEN.replace(friction=friction), begin(0.7, 1.2)
    np.testing.assert_allclose(
        states_of(world, start, 30), solved(world, start, 30), atol=1e-10
    )


def test_momentum_is_conserved() -> None:
    start = begin(0.7, 1.2) + np.array([0, 0, 0, 0, 0.2, -0.1, 0, 0])
    states = states_of(UNEVEN, start, 30)
    (x1, y1, x2, y2), (px1, py1, px2, py2) = states.T[:4], states.T[4:]
    np.testing.assert_allclose(px1 + px2, 0.2, atol=1e-13)
    np.testing.assert_allclose(py1 + py2, -0.1, atol=1e-13)
    spin = x1 * py1 - y1 * px1 + x2 * py2 - y2 * px2
    np.testing.assert_allclose(spin, spin[0], atol=1e-9)
    middle = (0.7 * x1 + 1.3 * x2) / 2
    np.testing.assert_allclose(
        middle, middle[0] + 0.1 * np.arange(31) * 0.1, atol=1e-12
    )


def test_friction_of_equal_masses_takes_momentum_at_its_rate() -> None:
    start = begin(0.7, 1.2) + np.array([0, 0, 0, 0, 0.2, 0, 0.2, 0])
    world = TwoBody(mass_1=0.8, mass_2=0.8, friction=0.1)
    states = states_of(world, start, 30)
    total = states[:, 4] + states[:, 6]
    expected = 0.4 * np.exp(-0.1 / 0.8 * np.arange(31) * 0.1)
    np.testing.assert_allclose(total, expected, atol=1e-12)


def test_time_runs_backwards() -> None:
    world = UNEVEN.replace(friction=0.05)
    start = begin(0.7, 1.2)
    there = states_of(world, start, 30)[-1]
    back = states_of(world, there, 30, backwards=True)[-1]
    np.testing.assert_allclose(back, start, atol=1e-8)


def test_bodies_can_change_places() -> None:
    start = begin(0.7, 1.2) + np.linspace(0, 0.1, 8)
    order = [2, 3, 0, 1, 6, 7, 4, 5]
    states = states_of(UNEVEN, start, 30)
    swapped = UNEVEN.replace(mass_1=UNEVEN.mass_2, mass_2=UNEVEN.mass_1)
    others = states_of(swapped, start[order], 30)
    np.testing.assert_allclose(others, states[:, order], atol=1e-11)
    one = UNEVEN.render(jnp.asarray(states[5]))
    other = swapped.render(jnp.asarray(states[5][order]))
    np.testing.assert_array_equal(one, other)


def test_mirrored_motion_is_motion() -> None:
    states = states_of(UNEVEN, begin(0.7, 1.2), 30)
    across = [0, 2, 4, 6]
    mirrored = states_of(UNEVEN, mirror(states[0], across), 30)
    np.testing.assert_allclose(mirrored, mirror(states, across), atol=1e-11)
    one, other = (UNEVEN.render(jnp.asarray(s[3])) for s in (states, mirrored))
    np.testing.assert_array_equal(one, other[:, ::-1])


def test_a_body_that_leaves_is_not_kept() -> None:
    world = TwoBody(picture=Picture(canvas=2.0))
    state = jnp.asarray(begin(0.7, 1.2))
    assert bool(world.keeps(state))
    assert not bool(world.keeps(state.at[3].set(-2.01)))


def test_colours_of_the_bodies() -> None:
    state = jnp.asarray(begin(1.0, 1.0))
    two = Picture(canvas=2.75, colour="rgb", num_colours=2)
    frame = np.asarray(TwoBody(picture=two).render(state))
    up, right = frame[:16, 16:], frame[16:, :16]
    # Body 1 is red and upper right; body 2 is cyan.
    assert up[..., 0].max() > 250 and right[..., 1:].max() > 250
    swapped = TwoBody(picture=two.replace(colouring=1.0)).render(state)
    np.testing.assert_array_equal(np.asarray(swapped)[::-1, ::-1], frame)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"mass_1": -1.0}, r"TwoBody\.mass_1=-1\.0 must be above 0\."),
        ({"mass_2": 0.0}, r"TwoBody\.mass_2=0\.0 must be above 0\."),
        ({"gravity": -1.0}, r"TwoBody\.gravity=-1\.0 must be at least 0\."),
        (
            {"square": (0.0, 1.0)},
            r"TwoBody\.square=\(0\.0, 1\.0\) must be two numbers above 0, the smaller "
            r"one first: the bodies must not start at one place\.",
        ),
        ({"square": (-1.0, 1.0)}, r"two numbers above 0"),
        ({"square": (1.5, 0.5)}, r"the smaller one first"),
        (
            {"picture": {"canvas": 0.4}},
            r"TwoBody\.picture\.canvas=0\.4 holds no sequence: "
            r"with square=\(0\.5, 1\.5\) every "
            r"one leaves it\. It must be at least 0\.5; 0 takes 2\.68551\.",
        ),
        (
            {"picture": {"num_colours": 0}},
            r"Picture\.num_colours=0 must be at least 1\.",
        ),
    ],
)
def test_bad_values_are_named(fields: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        fw.make("two_body", **fields)

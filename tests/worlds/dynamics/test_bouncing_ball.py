"""The ball against an event-driven reference, and the facts."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm

from foreworld.core.errors import ConfigError
from foreworld.core.keys import root_key
from foreworld.worlds.dynamics._bounce import Walls, fly
from foreworld.worlds.dynamics.bouncing_ball import BouncingBall
from tests.worlds.dynamics.balls import sequences

GRAVITY: dict[str, Any] = {"gravity_y": 2.5, "inset": 0.0, "angle": (45.0, 135.0)}
THIRDS = [
    (2.5 * np.cos(k * np.pi / 8), 2.5 * np.sin(k * np.pi / 8)) for k in (0, 6, 11)
]


def bounce(x: float, v: float, a: float, low: float, high: float, t: float) -> Any:
    """One axis, event by event."""
    while True:
        hits = []
        for wall in (low, high):
            roots = np.roots([a / 2, v, x - wall]) if a or v else np.array([])
            for root in roots[np.abs(roots.imag) < 1e-12].real:
                away = v + a * root
                outwards = away > 0 if wall == high else away < 0
                if 0 <= root <= t and outwards:
                    hits.append((root, wall))
        if not hits:
            return x + v * t + a * t**2 / 2, v + a * t
        first, x = min(hits)
        v, t = -(v + a * first), t - first


def random_axes(num: int, seed: int) -> np.ndarray:
    """Columns x, v, a for walls at 3 and 29."""
    rng = np.random.default_rng(seed)
    pulls = rng.choice([0.0, 2.5, -2.5, 1e-9, -0.3, 40.0], num)
    return np.stack([rng.uniform(3, 29, num), rng.normal(0, 7, num), pulls])


def flown(axes: np.ndarray, time: Any) -> np.ndarray:
    with jax.enable_x64(True):
        return np.stack(fly(*map(jnp.asarray, axes), Walls(3.0, 29.0), time))


@pytest.mark.parametrize("time", [0.25, 3.0, 40.0])
def test_flight_agrees_with_an_event_driven_reference(time: float) -> None:
    axes = random_axes(200, 0)
    expected = np.array([bounce(*axis, 3.0, 29.0, time) for axis in axes.T]).T
    np.testing.assert_allclose(flown(axes, time), expected, atol=1e-8)
    assert (flown(axes, time)[0] >= 3).all() and (flown(axes, time)[0] <= 29).all()


def test_one_long_flight_is_many_short_ones() -> None:
    axes = random_axes(500, 1)
    state = axes[:2]
    for _ in range(90):
        state = flown(np.stack([*state, axes[2]]), 0.1)
    np.testing.assert_allclose(state, flown(axes, 9.0), atol=1e-9)


def test_flight_runs_backwards() -> None:
    axes = random_axes(500, 2)
    there = flown(axes, 7.3)
    back = flown(np.stack([*there, axes[2]]), -7.3)
    np.testing.assert_allclose(back, axes[:2], atol=1e-9)
    # Time reversal is turning the velocity round.
    turned = flown(np.stack([there[0], -there[1], axes[2]]), 7.3)
    np.testing.assert_allclose(turned[0], axes[0], atol=1e-9)
    np.testing.assert_allclose(turned[1], -axes[1], atol=1e-9)


@pytest.mark.parametrize(
    ("axis", "time", "after"),
    [
        ((10.0, 0.0, 0.0), 5.0, (10.0, 0.0)),  # at rest without a pull
        ((3.0, 0.0, -2.5), 5.0, (3.0, 0.0)),  # lying on the floor
        ((29.0, 0.0, 2.5), 5.0, (29.0, 0.0)),
        ((3.0, 0.0, 2.5), 2.0, (8.0, 5.0)),  # let go at the ceiling
        ((10.0, 2.0, 0.0), 0.0, (10.0, 2.0)),
        ((3.0, -4.0, 0.0), 1.0, (7.0, 4.0)),  # moving into the wall it touches
        ((29.0, 4.0, 0.0), 1.0, (25.0, -4.0)),
        ((10.0, 2.0, 1e-12), 1.0, (12.0, 2.0)),
        ((10.0, 2.0, -1e-300), 1.0, (12.0, 2.0)),
        ((2.0, 0.0, -1.0), 1.0, (2.0, 0.0)),  # beyond a wall: as on it
        # A ball with just the energy to touch the ceiling, two periods later.
        ((3.0, np.sqrt(2 * 2.5 * 26), -2.5), 4 * np.sqrt(2 * 26 / 2.5), None),
    ],
)
def test_flight_at_its_limits(axis: tuple, time: float, after: tuple | None) -> None:
    found = flown(np.array([axis]).T, time)[:, 0]
    expected = axis[:2] if after is None else after
    np.testing.assert_allclose(found, expected, atol=1e-6 if after is None else 1e-12)


@pytest.mark.parametrize("gravity", [(0.0, 0.0), (0.0, 2.5), *THIRDS])
def test_exact_flight_conserves_energy(gravity: tuple[float, float]) -> None:
    world = BouncingBall(
        **{**GRAVITY, "gravity_x": gravity[0], "gravity_y": gravity[1]}
    )
    _, (obs, keeps, energy) = sequences(world, 300, 200)
    scale = np.abs(energy[:, 0]) + 0.5 * (obs[:, 0, 2:] ** 2).sum(-1)
    assert (np.abs(energy - energy[:, :1]).max(axis=1) / scale).max() < 1e-12
    assert keeps.all()
    assert obs[..., :2].min() >= 3 - 1e-5 and obs[..., :2].max() <= 29 + 1e-5


@pytest.mark.fact("dynamics-datasets", "C16")
@pytest.mark.parametrize(
    ("fields", "low", "share"), [({}, 6, -1.25), (GRAVITY, 4, -1.5)]
)
def test_fact_c16_initial_law(fields: dict, low: float, share: float) -> None:
    num = 20_000
    keys = jax.random.split(root_key(9), num)
    _, obs = jax.jit(jax.vmap(BouncingBall(**fields).reset))(keys)
    obs = np.asarray(obs)
    high = 32 - low
    assert obs[:, :2].min() == low and obs[:, :2].max() == high
    chance = norm.cdf(share)
    error = 4 * np.sqrt(chance * (1 - chance) / num)
    for axis in range(2):
        for bound in (low, high):
            assert abs((obs[:, axis] == bound).mean() - chance) < error
    speed = np.linalg.norm(obs[:, 2:], axis=1)
    assert speed.min() > 4.9999 and speed.max() < 10.0001
    assert abs(speed.mean() - 7.5) < 4 * 5 / np.sqrt(12 * num)
    angle = np.degrees(np.arctan2(obs[:, 3], obs[:, 2])) % 360
    first, last = fields.get("angle", (0, 360))
    assert first - 1e-3 < angle.min() and angle.max() < last + 1e-3
    mean_error = 4 * (last - first) / np.sqrt(12 * num)
    assert abs(angle.mean() - (first + last) / 2) < mean_error


def test_the_picture_is_the_disc() -> None:
    """Against 8 x 8 samples a pixel; the area of a disc of radius 3 is 28.3."""
    world = BouncingBall()
    rng = np.random.default_rng(0)
    for x, y in rng.uniform(4, 28, (20, 2)):
        state = jnp.array([x, y, 0.0, 0.0])
        frame = np.asarray(world.render(state))[::-1, :, 0] == 255
        fine = (np.arange(256) + 0.5) / 8
        inside = (fine[None] - x) ** 2 + (fine[:, None] - y) ** 2 <= 9
        cover = inside.reshape(32, 8, 32, 8).mean((1, 3))
        assert frame[cover > 0.75].all() and not frame[cover < 0.25].any()
        rows, columns = np.nonzero(frame)
        middle = columns.mean() + 0.5, rows.mean() + 0.5
        np.testing.assert_allclose(middle, (x, y), atol=0.3)
    # Up is up: large y is near row 0.
    assert np.nonzero(np.asarray(world.render(state)))[0].mean() == pytest.approx(
        31.5 - y, abs=0.3
    )


def test_a_larger_picture_shows_the_same_box() -> None:
    state, _ = BouncingBall().reset(root_key(1))
    small = np.asarray(BouncingBall().render(state))[..., 0] / 255
    large = np.asarray(BouncingBall(image_size=128).render(state))[..., 0] / 255
    assert abs(large.sum() / 16 - np.pi * 9) < 0.5
    coarse = large.reshape(32, 4, 32, 4).mean((1, 3))
    assert np.abs(small - coarse).max() < 0.8
    assert ((coarse == 1) <= (small == 1)).all()


def test_derivative_and_energy() -> None:
    state, _ = BouncingBall().reset(root_key(0))
    exact = BouncingBall(gravity_y=2.5)
    slope = exact.derivative(state)
    np.testing.assert_allclose(slope, [*state[2:], 0, 2.5])
    assert exact.energy(state) == exact.total(state)
    assert exact.extras(state) == {}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"radius": 14.0},
            r"BouncingBall\.radius=14\.0 does not fit: a box of 32\.0 whose walls are "
            r"inset by 2\.0 holds a radius of at most 13 with 1 to spare on each side",
        ),
        ({"inset": 12.5}, r"holds a radius of at most 2\.5 .* a smaller inset"),
        ({"inset": -1.0}, r"BouncingBall\.inset=-1\.0 must be at least 0\."),
        ({"radius": 0.0}, r"BouncingBall\.radius=0\.0 must be above 0\."),
        ({"dt": 0.0}, r"BouncingBall\.dt=0\.0 must be above 0\."),
        ({"box": 0.0}, r"BouncingBall\.box=0\.0 must be above 0\."),
        (
            {"speed": (5.0, 1.0)},
            r"BouncingBall\.speed=\(5\.0, 1\.0\) must be two numbers of at least 0, "
            r"the smaller one first\.",
        ),
        ({"speed": (-1.0, 1.0)}, r"speed=\(-1\.0, 1\.0\) must be two numbers of at"),
        ({"angle": (90.0, 0.0)}, r"angle=\(90\.0, 0\.0\) must be two numbers, the"),
    ],
)
def test_what_cannot_be_is_refused(fields: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        BouncingBall(**fields)

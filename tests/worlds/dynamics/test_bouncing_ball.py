"""The ball against an event-driven reference, its step rule, and the facts."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm

from foreworld.core.errors import ConfigError
from foreworld.core.keys import named_key, root_key
from foreworld.testing.worlds import check_world
from foreworld.worlds.dynamics._bounce import Walls, fly
from foreworld.worlds.dynamics.bouncing_ball import BallState, BouncingBall

ENGINE: dict[str, Any] = {"integrator": "pymunk", "legacy_lag": True}
GRAVITY: dict[str, Any] = {"gravity_y": 2.5, "inset": 0.0, "angle": (45.0, 135.0)}
THIRDS = [
    (2.5 * np.cos(k * np.pi / 8), 2.5 * np.sin(k * np.pi / 8)) for k in (0, 6, 11)
]


def observed(world: BouncingBall, start: list[float], num: int) -> np.ndarray:
    """Observations at 0 .. num - 1 from a start, in float64."""
    with jax.enable_x64(True):
        motion = jnp.asarray(start, jnp.float64)

        def advance(state: BallState, _: None) -> tuple[BallState, jax.Array]:
            seen = world._seen(state)
            return world.step(state, None, root_key(0)).state, seen

        begin = BallState(motion, jnp.zeros(2))
        return np.asarray(jax.lax.scan(advance, begin, None, num)[1])


def sequences(world: BouncingBall, num: int, num_frames: int = 30) -> Any:
    """Per sequence: observations, whether all frames may stay, and energies."""

    def one(index: jax.Array) -> Any:
        key = named_key(root_key(5), index)
        state, obs = world.reset(key)

        def advance(state: BallState, _: None) -> Any:
            step = world.step(state, None, key)
            return step.state, (step.obs, world.keeps(step.state), world.total(state))

        rows = jax.lax.scan(advance, state, None, num_frames)[1]
        return obs, rows

    with jax.enable_x64(True):
        return jax.tree.map(np.asarray, jax.jit(jax.vmap(one))(jnp.arange(num)))


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


@pytest.mark.fact("dynamics-datasets", "C10")
def test_fact_c10_free_flight() -> None:
    world = BouncingBall(**GRAVITY, **ENGINE)
    states = observed(world, [10, 12, 4, 2], 8)
    expected = [
        (11, 12.5, 4, 2.625),
        (12, 13.15625, 4, 3.25),
        (13, 13.96875, 4, 3.875),
        (18, 20.375, 4, 7),
    ]
    np.testing.assert_allclose(states[[0, 1, 2, 7]], expected, atol=1e-5)


@pytest.mark.fact("dynamics-datasets", "C11")
def test_fact_c11_bounce_without_gravity() -> None:
    states = observed(BouncingBall(**ENGINE), [16, 16, 8, 0], 8)
    x = [18, 20, 22, 24, 26, 28, 25.285301, 23.285301]
    np.testing.assert_allclose(states[:, 0], x, atol=1e-5)
    np.testing.assert_allclose(states[:, 2], [8] * 5 + [-8] * 3, atol=1e-12)


@pytest.mark.fact("dynamics-datasets", "C12")
def test_fact_c12_bounce_with_gravity() -> None:
    states = observed(BouncingBall(**GRAVITY, **ENGINE), [16, 16, 0, 6], 9)
    y = [17.5, 19.15625, 20.96875, 22.9375, 25.0625]
    y += [27.34375, 29.78125, 26.802763, 24.521513]
    np.testing.assert_allclose(states[:, 1], y, atol=1e-5)
    np.testing.assert_allclose(states[6:8, 3], [-9.75, -9.125], atol=1e-12)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (
            [22.39, 11.59, 3.44, 8.18],
            [22.17947406, 10.14505844, -3.7353175, -9.1427425],
        ),
        (
            [20.35, 15.02, 2.57, 7.75],
            [13.61447406, 10.35005844, -4.6053175, -9.5727425],
        ),
        (
            [16.94, 20.84, -1.37, 5.86],
            [15.21123412, 1.99505844, 2.08753175, 10.88531775],
        ),
        (
            [22.13, 10.66, -2.97, 8.92],
            [20.01187426, 14.76505844, 3.68753175, -8.4027425],
        ),
    ],
)
def test_contacts_that_gravity_leads_away_from(start: list, end: list) -> None:
    """State of the engine itself (6.9.0) after 30 steps.

    Here gravity changes a slow velocity by more than twice its size within a contact's
    step, so that the wall must not turn it round.
    """
    pull = {"gravity_x": -0.956709, "gravity_y": -2.309699, "inset": 0.0}
    states = observed(BouncingBall(**pull, integrator="pymunk"), start, 31)
    np.testing.assert_allclose(states[30], end, atol=1e-5)


@pytest.mark.fact("dynamics-datasets", "C13")
@pytest.mark.parametrize("gravity", THIRDS)
def test_fact_c13_engine_gains_energy(gravity: tuple[float, float]) -> None:
    fields = {"gravity_x": gravity[0], "gravity_y": gravity[1], "inset": 0.0}
    world = BouncingBall(**fields, integrator="pymunk")
    states = observed(world, [16, 16, 1, 0.5], 6)
    with jax.enable_x64(True):
        energy = [float(world.total(BallState(jnp.asarray(s), s[:2]))) for s in states]
    np.testing.assert_allclose(np.diff(energy), 0.1953125, atol=1e-9)
    _, (obs, _, _) = sequences(BouncingBall(integrator="pymunk"), 100)
    speed = np.linalg.norm(obs[..., 2:], axis=-1)
    np.testing.assert_allclose(speed, speed[:, :1] * np.ones(30), rtol=1e-6)


@pytest.mark.fact("dynamics-datasets", "C14")
def test_fact_c14_pixels() -> None:
    world = BouncingBall(artifacts="pymunk")

    def lit(x: float, y: float) -> np.ndarray:
        state = BallState(jnp.array([x, y, 0, 0]), jnp.zeros(2))
        return np.asarray(world.render(state))[::-1, :, 0] == 255

    frame = lit(16, 16)
    assert frame.sum() == 25
    rows, columns = np.nonzero(frame)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (13, 18, 13, 19)
    assert frame[16].sum() == 7
    assert np.nonzero(frame[13])[0].tolist() == [15, 16]
    assert lit(16.5, 16.5).sum() == 26
    assert lit(17.5, 17.5).sum() == 24
    # Without the line: the rows that the source lists.
    assert frame.sum(axis=1)[13:19].tolist() == [2, 4, 6, 7, 4, 2]


@pytest.mark.fact("dynamics-datasets", "C15")
def test_fact_c15_gravity_directions() -> None:
    expected = [(2.5, 0), (-1.767767, 1.767767), (-0.956709, -2.309699)]
    for (x, y), pull in zip(THIRDS, expected, strict=True):
        world = BouncingBall(gravity_x=x, gravity_y=y, integrator="pymunk")
        states = observed(world, [16, 16, 0, 0], 3)
        np.testing.assert_allclose(states[1, 2:] / world.dt, pull, atol=1e-6)


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


@pytest.mark.parametrize(
    ("gravity", "share", "counted"),
    [
        ((0.0, 2.5), 0.023, 1500),
        (THIRDS[0], 0.001, 1500),
        (THIRDS[1], 0.001, 1500),
        (THIRDS[2], 0.013, 1500),
        # Counted for this test with the engine itself, version 6.9.0.
        ((0.0, 2.5), 0.0171, 10_000),
        (THIRDS[1], 0.0023, 10_000),
    ],
)
def test_escapes_of_the_engine(
    gravity: tuple[float, float], share: float, counted: int
) -> None:
    """The published drop rates, counted over some 1,500 sequences each."""
    fields = {**GRAVITY, "gravity_x": gravity[0], "gravity_y": gravity[1]}
    _, (_, keeps, _) = sequences(BouncingBall(**fields, integrator="pymunk"), 8000)
    dropped = (~keeps.all(axis=1)).mean()
    likely = max(share, dropped)
    error = np.sqrt(likely * (1 - likely) * (1 / counted + 1 / 8000))
    assert dropped > 0
    assert abs(dropped - share) < 3 * error


def test_the_ball_without_gravity_never_escapes() -> None:
    _, (_, keeps, _) = sequences(BouncingBall(integrator="pymunk"), 4000)
    assert keeps.all()


def test_lag_shows_the_next_state_with_this_picture() -> None:
    key = root_key(3)
    for integrator in ("exact", "pymunk"):
        plain = BouncingBall(**GRAVITY, integrator=integrator)
        late = plain.replace(legacy_lag=True)
        state, obs = late.reset(key)
        np.testing.assert_array_equal(state.motion, plain.reset(key)[1])
        after = plain.step(state, None, key)
        np.testing.assert_allclose(obs, after.obs, rtol=1e-6)
        np.testing.assert_array_equal(late.render(state), plain.render(state))
        np.testing.assert_allclose(
            late.step(state, None, key).state.motion, after.state.motion, rtol=1e-6
        )


def test_the_picture_is_the_disc() -> None:
    """Against 8 x 8 samples a pixel; the area of a disc of radius 3 is 28.3."""
    world = BouncingBall()
    rng = np.random.default_rng(0)
    for x, y in rng.uniform(4, 28, (20, 2)):
        state = BallState(jnp.array([x, y, 0, 0]), jnp.zeros(2))
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


def test_derivative_and_energy_belong_to_the_integrator() -> None:
    state, _ = BouncingBall().reset(root_key(0))
    exact = BouncingBall(gravity_y=2.5)
    slope = exact.derivative(state)
    np.testing.assert_allclose(slope, [*state.motion[2:], 0, 2.5])
    assert exact.energy(state) == exact.total(state)
    engine = exact.replace(integrator="pymunk")
    assert engine.derivative(state) is None
    assert engine.energy(state) is None
    assert exact.extras(state) == {}


@pytest.mark.parametrize("integrator", ["exact", "pymunk"])
def test_other_settings_keep_the_contract(integrator: str) -> None:
    check_world(
        BouncingBall(
            **GRAVITY, integrator=integrator, artifacts="pymunk", legacy_lag=True
        )
    )


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
        (
            {"artifacts": "pymunk", "image_size": 64},
            r"artifacts='pymunk' knows only the disc of radius 3 in a box of one unit "
            r"a pixel, got radius=3\.0, box=32\.0 and image_size=64",
        ),
        ({"integrator": "euler"}, r"integrator='euler' is not one of 'exact', 'pymunk"),
    ],
)
def test_what_cannot_be_is_refused(fields: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        BouncingBall(**fields)

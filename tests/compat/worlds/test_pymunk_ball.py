"""The ball of the engine: its step rule, its picture, and the facts."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.compat.worlds.pymunk_ball import PymunkBall
from foreworld.core.errors import ConfigError
from foreworld.core.keys import root_key
from foreworld.testing.worlds import check_world
from foreworld.worlds.dynamics.bouncing_ball import BouncingBall
from tests.worlds.dynamics.balls import sequences

GRAVITY: dict[str, Any] = {"gravity_y": 2.5, "inset": 0.0, "angle": (45.0, 135.0)}
THIRDS = [
    (2.5 * np.cos(k * np.pi / 8), 2.5 * np.sin(k * np.pi / 8)) for k in (0, 6, 11)
]


def observed(world: PymunkBall, start: list[float], num: int) -> np.ndarray:
    """Place and velocity after 1 .. num steps from a start, in float64."""
    with jax.enable_x64(True):
        begin = jnp.asarray([*start, 0.0, 0.0], jnp.float64)

        def advance(state: jax.Array, _: None) -> tuple[jax.Array, jax.Array]:
            state = world.step(state, None, root_key(0)).state
            return state, state[:4]

        return np.asarray(jax.lax.scan(advance, begin, None, num)[1])


@pytest.mark.fact("dynamics-datasets", "C10")
def test_fact_c10_free_flight() -> None:
    world = PymunkBall(**GRAVITY)
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
    states = observed(PymunkBall(), [16, 16, 8, 0], 8)
    x = [18, 20, 22, 24, 26, 28, 25.285301, 23.285301]
    np.testing.assert_allclose(states[:, 0], x, atol=1e-5)
    np.testing.assert_allclose(states[:, 2], [8] * 5 + [-8] * 3, atol=1e-12)


@pytest.mark.fact("dynamics-datasets", "C12")
def test_fact_c12_bounce_with_gravity() -> None:
    states = observed(PymunkBall(**GRAVITY), [16, 16, 0, 6], 9)
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
    states = observed(PymunkBall(**pull), start, 30)
    np.testing.assert_allclose(states[29], end, atol=1e-5)


@pytest.mark.fact("dynamics-datasets", "C13")
@pytest.mark.parametrize("gravity", THIRDS)
def test_fact_c13_engine_gains_energy(gravity: tuple[float, float]) -> None:
    fields = {"gravity_x": gravity[0], "gravity_y": gravity[1], "inset": 0.0}
    world = PymunkBall(**fields)
    states = observed(world, [16, 16, 1, 0.5], 6)
    with jax.enable_x64(True):
        energy = [float(world.total(jnp.asarray(s))) for s in states]
    np.testing.assert_allclose(np.diff(energy), 0.1953125, atol=1e-9)
    _, (obs, _, _) = sequences(PymunkBall(), 100)
    speed = np.linalg.norm(obs[..., 2:], axis=-1)
    np.testing.assert_allclose(speed, speed[:, :1] * np.ones(30), rtol=1e-6)


@pytest.mark.fact("dynamics-datasets", "C14")
def test_fact_c14_pixels() -> None:
    world = PymunkBall()

    def lit(x: float, y: float) -> np.ndarray:
        state = jnp.array([x, y, 0.0, 0.0, 0.0, 0.0])
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
        world = PymunkBall(gravity_x=x, gravity_y=y)
        states = observed(world, [16, 16, 0, 0], 3)
        np.testing.assert_allclose(states[0, 2:] / world.dt, pull, atol=1e-6)


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
    _, (_, keeps, _) = sequences(PymunkBall(**fields), 8000)
    dropped = (~keeps.all(axis=1)).mean()
    likely = max(share, dropped)
    error = np.sqrt(likely * (1 - likely) * (1 / counted + 1 / 8000))
    assert dropped > 0
    assert abs(dropped - share) < 3 * error


def test_the_ball_without_gravity_never_escapes() -> None:
    _, (_, keeps, _) = sequences(PymunkBall(), 4000)
    assert keeps.all()


def test_states_are_those_of_the_next_frame() -> None:
    world, key = PymunkBall(**GRAVITY), root_key(3)
    state, obs = world.reset(key)
    after = world.step(state, None, key)
    np.testing.assert_allclose(obs, after.state[:4], rtol=1e-6)
    np.testing.assert_array_equal(state[:4], BouncingBall(**GRAVITY).reset(key)[1])
    centre = np.argwhere(np.asarray(world.render(state))[::-1, :, 0]).mean(0)
    assert abs(centre - np.asarray(state[1::-1])).max() < 1.5


def test_it_has_no_law_and_no_energy() -> None:
    state, _ = PymunkBall().reset(root_key(0))
    assert PymunkBall().derivative(state) is None
    assert PymunkBall().energy(state) is None


def test_it_keeps_the_contract_under_gravity() -> None:
    check_world(PymunkBall(**GRAVITY))


def test_other_pictures_are_refused() -> None:
    with pytest.raises(
        ConfigError,
        match=r"PymunkBall knows only the picture of a disc of radius 3 in a box of "
        r"one unit a pixel, got radius=3\.0, box=32\.0 and image_size=64",
    ):
        PymunkBall(image_size=64)

"""NASCAR: its law step by step, its borders, its laps."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import digamma, expit

from foreworld.core.errors import ConfigError
from foreworld.core.keys import named_key, root_key
from foreworld.worlds.dynamics._series import SeriesState
from foreworld.worlds.dynamics.nascar import Nascar, _laws

RIGHT, LEFT, UPPER, LOWER = range(4)


def series(world: Nascar, num: int = 10_000, seed: int = 0) -> dict[str, np.ndarray]:
    def whole(key: jax.Array) -> dict[str, jax.Array]:
        state, _ = world.reset(named_key(key, "reset"))

        def advance(state: SeriesState, t: jax.Array) -> tuple:
            step = world.step(state, None, named_key(key, "step", t))
            return step.state, {"latent": state.latent, **world.extras(state)}

        return jax.lax.scan(advance, state, jnp.arange(num))[1]

    with jax.enable_x64(True):
        return jax.tree.map(np.asarray, jax.jit(whole)(root_key(seed)))


def after(world: Nascar, place: list[float], mode: int, num: int = 1) -> tuple:
    """Places and modes one step after a place, for several keys."""
    with jax.enable_x64(True):
        latent = jnp.asarray(place, jnp.float64)
        trail = jnp.zeros((24, 2), jnp.float32)
        noise = jnp.zeros(10, jnp.float32)
        state = SeriesState(latent, jnp.int32(mode), noise, trail)
        keys = jax.random.split(root_key(1), num)
        states = jax.jit(jax.vmap(lambda k: world.step(state, None, k).state))(keys)
        return np.asarray(states.latent), np.asarray(states.mode)


@pytest.mark.parametrize(
    ("mode", "centre", "angle"),
    [(RIGHT, (2.0, 0.0), np.pi / 24), (LEFT, (-2.0, 0.0), np.pi / 48)],
)
def test_bends_are_turns_about_their_centres(
    mode: int, centre: tuple[float, float], angle: float
) -> None:
    world = Nascar(process_variance=0.0)
    place = np.array([2.7, 0.4])
    found = after(world, place.tolist(), mode)[0][0] - centre
    arm = place - centre
    turned = np.arctan2(found[1], found[0]) - np.arctan2(arm[1], arm[0])
    # Clockwise, as it must be for the track to close.
    assert turned == pytest.approx(-angle, abs=1e-12)
    assert np.hypot(*found) == pytest.approx(np.hypot(*arm), abs=1e-12)


def test_the_senses_of_the_bends_depend_on_the_seed() -> None:
    senses = set()
    for seed in range(12):
        turning = _laws(seed, 10).turning[:2]
        np.testing.assert_allclose(
            turning @ turning.swapaxes(1, 2), [np.eye(2)] * 2, atol=1e-12
        )
        senses.add(tuple(turning[:, 1, 0] > 0))
    assert len(senses) == 4


@pytest.mark.parametrize(("mode", "drift"), [(UPPER, 0.1), (LOWER, -0.35)])
def test_straights_are_drifts(mode: int, drift: float) -> None:
    found, _ = after(Nascar(process_variance=0.0), [0.3, -0.8], mode)
    np.testing.assert_allclose(found[0], [0.3 + drift, -0.8], atol=1e-12)


def test_noise_has_its_variances() -> None:
    found, _ = after(Nascar(), [0.3, -0.8], UPPER, 20_000)
    np.testing.assert_allclose(found.mean(0), [0.4, -0.8], atol=4e-4)
    np.testing.assert_allclose(np.cov(found.T), 1e-4 * np.eye(2), atol=4e-6)
    made = series(Nascar())
    mix, *_ = np.linalg.lstsq(made["latent"], made["signal"], rcond=None)
    noise = made["signal"] - made["latent"] @ mix
    np.testing.assert_allclose(np.cov(noise.T), 1e-5 * np.eye(10), atol=6e-7)
    assert made["signal"].dtype == np.float32


@pytest.mark.parametrize(
    "place", [(2.01, 0.5), (-2.01, 0.0), (0.0, 0.005), (0.0, -0.02), (2.015, 0.01)]
)
def test_modes_break_the_stick(place: tuple[float, float]) -> None:
    num, (x, y) = 20_000, place
    means = [digamma(1) - digamma(4 - k) for k in (1, 2, 3)]
    np.testing.assert_allclose(means, [-1.5, -1.0, 0.0], atol=1e-12)
    sides = 100 * np.array([x - 2, -x - 2, y]) + means
    np.testing.assert_allclose(Nascar().log_odds(jnp.array(place)), sides, atol=1e-3)
    chance, left = [], 1.0
    for taken in expit(sides):
        chance.append(left * taken)
        left *= 1 - taken
    chance.append(left)
    _, modes = after(Nascar(), [x, y], UPPER, num)
    found = np.bincount(modes, minlength=4) / num
    error = 4 * np.sqrt(np.array(chance) * (1 - np.array(chance)) / num) + 1e-4
    assert (np.abs(found - chance) < error).all()


def test_starts() -> None:
    keys = jax.random.split(root_key(2), 8000)
    states, obs = jax.jit(jax.vmap(Nascar().reset))(keys)
    obs = np.asarray(obs)
    np.testing.assert_allclose(obs.mean(0), [0, 1], atol=2e-3)
    np.testing.assert_allclose(np.cov(obs.T), 1e-3 * np.eye(2), atol=6e-5)
    shares = np.bincount(np.asarray(states.mode), minlength=4) / 8000
    np.testing.assert_allclose(shares, 0.25, atol=0.02)


def test_it_goes_round_and_round() -> None:
    made = series(Nascar())
    modes, latent = made["mode"], made["latent"]
    # Steps in each part of a lap: half turns, and 4 units of straight.
    lap = np.array([24, 48, 40, 4 / 0.35])
    shares = np.bincount(modes, minlength=4) / len(modes)
    np.testing.assert_allclose(shares, lap / lap.sum(), atol=0.03)
    order = modes[np.flatnonzero(np.diff(modes))]
    follows = {UPPER: RIGHT, RIGHT: LOWER, LOWER: LEFT, LEFT: UPPER}
    right = [follows[a] == b for a, b in itertools.pairwise(order)]
    assert np.mean(right) > 0.9
    laps = np.sum((order[:-1] == UPPER) & (order[1:] == RIGHT))
    assert 10_000 / lap.sum() * 0.8 < laps < 10_000 / lap.sum() * 1.2
    # The mode of a moment is the law of the next step.
    steps = np.diff(latent, axis=0)
    for mode, drift in ((UPPER, 0.1), (LOWER, -0.35)):
        moved = steps[modes[:-1] == mode]
        np.testing.assert_allclose(moved.mean(0), [drift, 0], atol=1e-3)
        np.testing.assert_allclose(moved.std(0), 0.01, rtol=0.1)


def test_the_picture_is_the_track_from_above() -> None:
    made = series(Nascar(), 1000)["latent"]
    assert np.abs(made).max() < 5
    world = Nascar()
    state, _ = world.reset(root_key(0))
    step = jax.jit(world.step)
    for t in range(30):
        state = step(state, None, named_key(root_key(0), t)).state
    frame = np.asarray(world.render(state))[..., 0]
    assert frame.shape == (32, 32)
    row, column = 31 * (0.5 - state.latent[1] / 10), 31 * (0.5 + state.latent[0] / 10)
    assert frame[round(float(row)), round(float(column))] == 255
    assert 10 < (frame > 0).sum() < 80
    assert world.derivative(state) is None
    assert world.energy(state) is None


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"process_variance=-1\.0 must be at least 0"):
        Nascar(process_variance=-1.0)
    with pytest.raises(ConfigError, match=r"Nascar\.num_observed=0 must be at least 1"):
        Nascar(num_observed=0)
    with pytest.raises(ConfigError, match=r"Nascar\.law_seed=-3 must be at least 0"):
        Nascar(law_seed=-3)

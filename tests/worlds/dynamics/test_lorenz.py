"""The Lorenz series: its one-step rule, its statistics, its signals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.core.errors import ConfigError
from foreworld.core.keys import named_key, root_key
from foreworld.worlds.dynamics._series import SeriesState
from foreworld.worlds.dynamics.lorenz import Lorenz


def series(world: Lorenz, num: int = 10_000, seed: int = 0) -> dict[str, np.ndarray]:
    """Observations, exact latent states, signals and modes of a whole series."""

    def whole(key: jax.Array) -> dict[str, jax.Array]:
        state, obs = world.reset(named_key(key, "reset"))

        def advance(state: SeriesState, t: jax.Array) -> tuple:
            step = world.step(state, None, named_key(key, "step", t))
            return step.state, (step.obs, step.state.latent, world.extras(step.state))

        _, rows = jax.lax.scan(advance, state, jnp.arange(num - 1))
        first = obs, state.latent, world.extras(state)
        obs, latent, extras = jax.tree.map(
            lambda one, rest: jnp.concatenate([one[None], rest]), first, rows
        )
        return {"obs": obs, "latent": latent, **extras}

    with jax.enable_x64(True):
        return jax.tree.map(np.asarray, jax.jit(whole)(root_key(seed)))


@pytest.mark.fact("dynamics-datasets", "C25")
def test_fact_c25_one_step_rule() -> None:
    made = series(Lorenz())
    x, y, z = made["latent"].T
    np.testing.assert_array_equal(made["latent"][0], [0.1, 0.99, 1.0219965])
    rates = np.stack([10 * (y - x), x * (28 - z) - y, x * y - 2.667 * z], axis=1)
    residual = made["latent"][1:] - (made["latent"] + 0.01 * rates)[:-1]
    assert np.abs(residual).max() < 1e-6
    # With 8/3 it would not be: the fact tells the two apart.
    other = np.stack([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z], axis=1)
    residual = made["latent"][1:] - (made["latent"] + 0.01 * other)[:-1]
    assert np.abs(residual).max() == pytest.approx(1.8e-4, rel=0.15)


def test_the_series_switches_wings_like_the_published_one() -> None:
    """That one has 50.7 % ones and 66 switches; series differ after 4,000 steps."""
    made = series(Lorenz())
    assert made["mode"].dtype == np.int32
    np.testing.assert_array_equal(made["mode"], made["latent"][:, 0] > 0)
    assert 0.4 < made["mode"].mean() < 0.6
    assert 40 < np.abs(np.diff(made["mode"])).sum() < 100
    assert (np.abs(made["obs"]) < 60).all()


def test_signals_are_a_fixed_linear_picture() -> None:
    made = series(Lorenz())
    assert made["signal"].shape == (10_000, 10)
    assert made["signal"].dtype == np.float32
    mix, *_ = np.linalg.lstsq(made["latent"], made["signal"], rcond=None)
    np.testing.assert_allclose(made["latent"] @ mix, made["signal"], atol=1e-4)
    again = series(Lorenz(), 100, seed=5)
    np.testing.assert_array_equal(again["signal"], made["signal"][:100])
    other = series(Lorenz(emission_seed=1, num_observed=4), 10)
    assert other["signal"].shape == (10, 4)
    assert not np.allclose(other["signal"], made["signal"][:10, :4])


def test_noise_is_a_share_of_the_signals_spread() -> None:
    clean, noisy = series(Lorenz()), series(Lorenz(noise=0.01), seed=3)
    np.testing.assert_array_equal(clean["obs"], noisy["obs"])
    noise = noisy["signal"] - clean["signal"]
    found = noise.std(axis=0) / clean["signal"].std(axis=0)
    # One series of 100 time units spreads like the attractor to a tenth.
    np.testing.assert_allclose(found, 0.01, rtol=0.15)
    assert np.abs(np.corrcoef(noise.T) - np.eye(10)).max() < 0.05
    assert np.abs(np.corrcoef(noise[1:, 0], noise[:-1, 0])[0, 1]) < 0.05


def test_the_spread_is_that_of_the_attractor() -> None:
    """Mean over 500 series of the covariance that the noise rests on."""
    world = Lorenz(start_noise=5.0)
    keys = jax.random.split(root_key(0), 500)

    def one(key: jax.Array) -> jax.Array:
        state, _ = world.reset(key)

        def advance(state: SeriesState, _: None) -> tuple[SeriesState, jax.Array]:
            step = world.step(state, None, key)
            return step.state, step.obs

        return jax.lax.scan(advance, state, None, 6000)[1][2000:]

    places = np.asarray(jax.jit(jax.vmap(one))(keys), np.float64).reshape(-1, 3)
    mix = np.linalg.lstsq(*_signals(), rcond=None)[0]
    expected = (places @ mix).std(axis=0)
    np.testing.assert_allclose(Lorenz(noise=1.0).noise_spread(), expected, rtol=0.01)


def _signals() -> tuple[np.ndarray, np.ndarray]:
    made = series(Lorenz(), 1000)
    return made["latent"], made["signal"]


def test_starts_differ_where_asked() -> None:
    keys = jax.random.split(root_key(0), 4000)
    places = np.asarray(jax.vmap(lambda k: Lorenz(start_noise=2.0).reset(k)[1])(keys))
    np.testing.assert_allclose(places.mean(0), [0.1, 0.99, 1.022], atol=0.13)
    np.testing.assert_allclose(places.std(0), 2, rtol=0.05)
    same = jax.vmap(lambda k: Lorenz().reset(k)[1])(keys[:5])
    assert (np.asarray(same) == np.asarray(same)[0]).all()


def test_the_derivative_is_the_law() -> None:
    world = Lorenz()
    state, obs = world.reset(root_key(0))
    slope = world.derivative(state)
    after = world.step(state, None, root_key(0)).obs
    np.testing.assert_allclose(obs + 0.01 * slope, after, rtol=1e-6)
    assert world.energy(state) is None
    assert bool(world.keeps(state))
    # Steps that are too long run away and are told apart.
    wild = Lorenz(dt=0.5)
    for _ in range(20):
        state = wild.step(state, None, root_key(0)).state
    assert not bool(wild.keeps(state))


def test_the_picture_shows_the_wing() -> None:
    """Dot and trail on the picture, the wing on its side, z up."""
    world = Lorenz()

    def frame(x: float, z: float) -> np.ndarray:
        latent = jnp.array([x, x, z])
        trail = jnp.broadcast_to(latent, (24, 3))
        state = SeriesState(latent, jnp.int32(0), jnp.zeros(10), trail)
        picture = np.asarray(world.render(state))
        assert picture.shape == (32, 32, 1)
        return np.argwhere(picture[..., 0]).mean(axis=0)

    right, left, low = frame(8.0, 27.0), frame(-8.0, 27.0), frame(0.0, 5.0)
    assert right[1] > 18 and left[1] < 13
    assert low[0] > 25 > right[0]
    made = series(world)["obs"]
    places = (made[:, ::2] - [0, 27]) / (1.9 * 28) + 0.5
    assert places.min() > 0
    assert places.max() < 1.02


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"Lorenz\.dt=0\.0 must be above 0\."):
        Lorenz(dt=0.0)
    with pytest.raises(ConfigError, match=r"Lorenz\.num_observed=0 must be at least 1"):
        Lorenz(num_observed=0)
    with pytest.raises(ConfigError, match=r"Lorenz\.noise=-1\.0 must be at least 0\."):
        Lorenz(noise=-1.0)
    with pytest.raises(ConfigError, match=r"emission_seed=-1 must be at least 0\."):
        Lorenz(emission_seed=-1)

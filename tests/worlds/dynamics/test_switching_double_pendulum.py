"""The switching pendulum: its modes, its rule, its signals."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.core.errors import ConfigError
from foreworld.core.keys import named_key, root_key
from foreworld.worlds.dynamics._series import SeriesState
from foreworld.worlds.dynamics.double_pendulum import DoublePendulum
from foreworld.worlds.dynamics.switching_double_pendulum import SwitchingDoublePendulum

COAST, BRAKE, PUSH = range(3)


@functools.cache
def series(num: int = 10_000, seed: int = 0, noise: float = 0.0) -> dict:
    """A whole series: latent states, modes, signals, energies."""
    world = SwitchingDoublePendulum(noise=noise)

    def whole(key: jax.Array) -> dict[str, jax.Array]:
        state, _ = world.reset(named_key(key, "reset"))

        def advance(state: SeriesState, t: jax.Array) -> tuple:
            step = world.step(state, None, named_key(key, "step", t))
            row = {"latent": state.latent, "energy": world.height(state.latent)}
            return step.state, {**row, **world.extras(state)}

        return jax.lax.scan(advance, state, jnp.arange(num))[1]

    with jax.enable_x64(True):
        return jax.tree.map(np.asarray, jax.jit(whole)(root_key(seed)))


def test_each_step_follows_the_pendulum_of_its_mode() -> None:
    made = series()
    for mode, (gravity, friction) in {COAST: (3.0, 0.0), BRAKE: (5.0, 0.15)}.items():
        plain = DoublePendulum(gravity=gravity, friction=friction, dt=0.05, substeps=6)
        at = np.flatnonzero(made["mode"][:-1] == mode)[:400]
        with jax.enable_x64(True):
            found = jax.jit(jax.vmap(plain.advance))(jnp.asarray(made["latent"][at]))
        np.testing.assert_allclose(found, made["latent"][at + 1], atol=1e-6)


def test_modes_hold_the_energy_about_its_target() -> None:
    made = series()
    energy, mode = made["energy"], made["mode"]
    assert made["mode"].dtype == np.int32
    assert energy.min() > 0
    assert 4 < energy.mean() < 8
    # A push ends at once beyond 12 J; in the stronger gravity of braking, a fall can
    # still add some to what is measured in that of coasting.
    assert energy.max() < 18
    assert energy[mode == PUSH].max() < 12.5
    ends = np.flatnonzero(np.diff(mode))
    for before, after, at in zip(mode[ends], mode[ends + 1], ends + 1, strict=True):
        if before == COAST:
            assert after == (PUSH if energy[at] < 6 else BRAKE)
        else:
            assert after == COAST
    # Modes are left with chance 0.02 a step: about 200 times in 10,000.
    assert 150 < len(ends) < 270
    shares = np.bincount(mode, minlength=3) / len(mode)
    assert 0.4 < shares[COAST] < 0.65
    assert shares.min() > 0.1


def test_braking_loses_energy_pushing_gains_it() -> None:
    world = SwitchingDoublePendulum()
    made = series()
    steady = made["mode"][:-1] == made["mode"][1:]
    for mode, gravity in enumerate(world.gravity):
        at = np.flatnonzero(steady & (made["mode"][:-1] == mode))
        plain = DoublePendulum(gravity=gravity)
        with jax.enable_x64(True):
            own = jax.jit(jax.vmap(plain.energy))
            gained = np.asarray(own(made["latent"][at + 1]) - own(made["latent"][at]))
        if mode == COAST:
            np.testing.assert_allclose(gained, 0, atol=1e-6)
        elif mode == BRAKE:
            assert (gained < 0).all()
        else:
            assert (gained > 0).all()


def test_the_derivative_is_that_of_the_mode() -> None:
    world = SwitchingDoublePendulum()
    latent = jnp.array([1.0, 0.5, 0.3, -0.2])
    state, _ = world.reset(root_key(0))
    for mode, (gravity, friction) in {COAST: (3.0, 0.0), BRAKE: (5.0, 0.15)}.items():
        now = state._replace(latent=latent, mode=jnp.int32(mode))
        plain = DoublePendulum(gravity=gravity, friction=friction)
        expected = plain.derivative(latent)
        np.testing.assert_allclose(world.derivative(now), expected, rtol=1e-5)
    assert world.energy(state) is None
    assert bool(world.keeps(state))


def test_signals_are_a_fixed_picture_of_angles_and_momenta() -> None:
    made = series()
    angles, momenta = np.split(made["latent"], 2, axis=1)
    features = np.concatenate([np.sin(angles), np.cos(angles), momenta], axis=1)
    mix, *_ = np.linalg.lstsq(features, made["signal"], rcond=None)
    np.testing.assert_allclose(features @ mix, made["signal"], atol=1e-4)
    assert made["signal"].shape == (10_000, 10)
    assert made["signal"].dtype == np.float32
    noisy = series(2000, noise=0.1)
    clean = SwitchingDoublePendulum()
    with jax.enable_x64(True):
        exact = np.asarray(jax.jit(jax.vmap(clean.signal))(noisy["latent"]))
    np.testing.assert_allclose((noisy["signal"] - exact).std(axis=0), 0.1, rtol=0.08)


def test_pictures_are_those_of_the_double_pendulum() -> None:
    world = SwitchingDoublePendulum()
    state, obs = world.reset(root_key(4))
    frame = np.asarray(world.render(state))
    assert frame.shape == (32, 32, 1)
    np.testing.assert_array_equal(frame, DoublePendulum().render(obs))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"gravity": (3.0, -1.0, 2.0)},
            r"SwitchingDoublePendulum\.gravity=\(3\.0, -1\.0, 2\.0\) must be three "
            r"numbers of at least 0\.",
        ),
        ({"friction": (0.0, 0.1)}, r"friction: expected 3 values, got 2"),
        ({"switching": 1.5}, r"switching=1\.5 must be at least 0 and at most 1\."),
        ({"mass": 0.0}, r"SwitchingDoublePendulum\.mass=0\.0 must be above 0\."),
        (
            {"radius": (2.0, 1.0)},
            r"SwitchingDoublePendulum\.radius=\(2\.0, 1\.0\) must be two numbers",
        ),
        ({"noise": -0.1}, r"noise=-0\.1 must be at least 0\."),
    ],
)
def test_what_cannot_be_is_refused(fields: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SwitchingDoublePendulum(**fields)

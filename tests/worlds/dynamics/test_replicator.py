"""Games under replicator dynamics: theory, an independent solver, and the picture."""

from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.core.errors import ConfigError
from foreworld.core.keys import root_key
from foreworld.worlds.dynamics.matching_pennies import MatchingPennies
from foreworld.worlds.dynamics.rock_paper_scissors import RockPaperScissors

GAMES = [MatchingPennies, RockPaperScissors]


def starts(world: Any, num: int) -> jax.Array:
    keys = jax.random.split(root_key(4), num)
    return jax.jit(jax.vmap(lambda key: world.reset(key)[0]))(keys)


def run(world: Any, states: jax.Array, num: int) -> jax.Array:
    """States after 1 .. num steps: (sequence, time, strategies)."""

    def one(state: jax.Array) -> jax.Array:
        def advance(state: jax.Array, _: None) -> tuple[jax.Array, jax.Array]:
            new = world.step(state, None, root_key(0)).state
            return new, new

        return jax.lax.scan(advance, state, None, num)[1]

    return jax.jit(jax.vmap(one))(states)


@pytest.mark.parametrize("game", GAMES)
def test_the_divergence_and_the_simplex_are_conserved(game: type) -> None:
    with jax.enable_x64(True):
        world = game()
        begin = starts(world, 300)
        states = run(world, begin, 300)
        energy = jax.vmap(jax.vmap(world.energy))(states)
        first = jax.vmap(world.energy)(begin)
        drift = jnp.abs(energy - first[:, None]) / jnp.maximum(first, 0.1)[:, None]
        assert drift.max() < 1e-10
        assert drift.max() > 0
        for player in jnp.split(states, 2, axis=-1):
            np.testing.assert_allclose(player.sum(-1), 1, atol=1e-13)
        assert bool(jax.vmap(jax.vmap(world.keeps))(states).all())


@pytest.mark.parametrize("game", GAMES)
def test_states_agree_with_an_adaptive_solver(game: type) -> None:
    with jax.enable_x64(True):
        world = game()
        begin = starts(world, 8)

        def reference(start: jax.Array) -> Any:
            return diffrax.diffeqsolve(
                diffrax.ODETerm(lambda t, y, args: world.derivative(y)),
                diffrax.Dopri8(),
                0.0,
                10.0,
                0.01,
                start,
                saveat=diffrax.SaveAt(ts=jnp.linspace(0.1, 10, 100)),
                stepsize_controller=diffrax.PIDController(rtol=1e-12, atol=1e-12),
            ).ys

        expected = jax.jit(jax.vmap(reference))(begin)
        np.testing.assert_allclose(run(world, begin, 100), expected, atol=1e-10)


def test_small_circles_take_the_time_that_theory_says() -> None:
    """Linearised about the middle, pennies turn with angular speed 1.

    With ``x = (1/2 + u, 1/2 - u)`` and ``y`` alike by ``v``, ``du/dt = v`` and
    ``dv/dt = -u``.
    """
    with jax.enable_x64(True):
        world = MatchingPennies(dt=2 * np.pi / 64)
        begin = jnp.array([[0.5001, 0.4999, 0.5, 0.5]])
        states = run(world, begin, 64)[0]
        np.testing.assert_allclose(states[-1], begin[0], atol=1e-10)
        np.testing.assert_allclose(states[15], [0.5, 0.5, 0.4999, 0.5001], atol=1e-9)
        world = RockPaperScissors(dt=2 * np.pi * np.sqrt(3) / 64)
        third = np.full(6, 1 / 3)
        begin = jnp.asarray(third + 1e-4 * np.array([1, -1, 0, 0, 0, 0]))[None]
        np.testing.assert_allclose(run(world, begin, 64)[0, -1], begin[0], atol=1e-8)


@pytest.mark.parametrize("game", GAMES)
def test_the_equilibrium_stands_still(game: type) -> None:
    world = game()
    size = world.observation_space.shape[0]
    middle = jnp.full(size, 2 / size)
    np.testing.assert_allclose(world.derivative(middle), 0, atol=1e-7)
    np.testing.assert_allclose(world.energy(middle), 0, atol=1e-6)


@pytest.mark.parametrize(
    ("game", "num"), [(MatchingPennies, 2), (RockPaperScissors, 3)]
)
def test_starts_are_uniform_on_the_simplex(game: type, num: int) -> None:
    states = np.asarray(starts(game(), 20_000))
    mean, spread = states.mean(0), states.var(0)
    variance = (num - 1) / (num**2 * (num + 1))
    np.testing.assert_allclose(mean, 1 / num, atol=5 * np.sqrt(variance / 20_000))
    np.testing.assert_allclose(spread, variance, rtol=0.06)
    # Least weight t is left with chance (1 - t)^(num - 1).
    assert (states[:, 0] > 0.5).mean() == pytest.approx(0.5 ** (num - 1), abs=0.02)
    across = np.corrcoef(states.T)[:num, num:]
    assert np.abs(across).max() < 0.03


def test_pictures_are_tiled_outer_products() -> None:
    state = jnp.array([0.25, 0.75, 0.4, 0.6])
    frame = np.asarray(MatchingPennies().render(state))
    assert frame.shape == (32, 32, 1)
    chances = np.outer(*np.split(np.asarray(state), 2))
    expected = np.kron((chances * 255).astype(np.uint8), np.ones((16, 16), np.uint8))
    np.testing.assert_array_equal(frame[..., 0], expected)
    state = jnp.array([0.2, 0.3, 0.5, 0.6, 0.3, 0.1])
    frame = np.asarray(RockPaperScissors(colour="rgb").render(state))
    assert frame.shape == (32, 32, 3)
    chances = np.outer(*np.split(np.asarray(state), 2))
    expected = np.kron((chances * 255).astype(np.uint8), np.ones((11, 11), np.uint8))
    for channel in range(3):
        np.testing.assert_array_equal(frame[..., channel], expected[:32, :32])
    assert RockPaperScissors(image_size=7).render(state).shape == (7, 7, 1)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"MatchingPennies\.dt=-0\.1 must be above 0"):
        MatchingPennies(dt=-0.1)
    with pytest.raises(ConfigError, match=r"colour='red' is not one of 'grey', 'rgb'"):
        RockPaperScissors(colour="red")  # pyright: ignore
    with pytest.raises(ConfigError, match=r"substeps=0 must be at least 1"):
        RockPaperScissors(substeps=0)
    # Steps far too long for the game: such a sequence is told apart.
    world = MatchingPennies(dt=200.0)
    state = world.reset(root_key(0))[0]
    after = world.step(state, None, root_key(0)).state
    assert not bool(world.keeps(after))

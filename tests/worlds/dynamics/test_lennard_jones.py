"""Molecules: forces against their definition, conserved quantities, heat, pictures."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from foreworld.core.errors import ConfigError
from foreworld.core.keys import root_key
from foreworld.worlds.dynamics._molecules import fly, forces, potential
from foreworld.worlds.dynamics.lennard_jones import LennardJones

GAS: dict[str, Any] = {"num_particles": 4, "density": 0.04, "temperature": 1.0}
SHORT: dict[str, Any] = {"thermalisation": 1.0}


# As the package makes its programs: where chaos, or numbers near the end of the range,
# make much of how a program rounds.
exactly = functools.partial(
    jax.jit,
    compiler_options={
        "xla_backend_optimization_level": 1,
        "xla_cpu_use_fusion_emitters": True,
    },
)


def starts(
    world: LennardJones, num: int, seed: int = 0, jit: Any = jax.jit
) -> jax.Array:
    keys = jax.random.split(root_key(seed), num)
    return jit(jax.vmap(lambda key: world.reset(key)[0]))(keys)


def run(world: LennardJones, states: jax.Array, num: int) -> jax.Array:
    """States after 0 .. num frames: (sequence, time, phase)."""

    def one(state: jax.Array) -> jax.Array:
        def advance(state: jax.Array, _: None) -> tuple[jax.Array, jax.Array]:
            new = world.step(state, None, root_key(0)).state
            return new, new

        states = jax.lax.scan(advance, state, None, num)[1]
        return jnp.concatenate([state[None], states])

    return exactly(jax.vmap(one))(states)


def velocities(states: Any) -> np.ndarray:
    half = states.shape[-1] // 2
    return np.asarray(states[..., half:]).reshape(*states.shape[:-1], -1, 2)


def pair_energy(points: np.ndarray, box: float) -> float:
    """All pairs, each with the images of the eight neighbouring boxes."""
    cut, total = box / 2, 0.0
    for i in range(len(points)):
        for j in range(i):
            for shift in np.ndindex(3, 3):
                gap = points[i] - points[j] + (np.array(shift) - 1) * box
                r = np.linalg.norm(gap)
                if r < cut:
                    total += 4 * (r**-12 - r**-6) - 4 * (cut**-12 - cut**-6)
    return float(total)


def test_energy_and_forces_are_those_of_all_images() -> None:
    with jax.enable_x64(True):
        world = LennardJones(**SHORT)
        for state in starts(world, 4):
            points = np.asarray(state[:32]).reshape(16, 2)
            box = np.sqrt(16 / 0.77)
            assert points.min() >= 0
            assert points.max() <= box
            expected = pair_energy(points, box)
            found = potential(jnp.asarray(points), jnp.asarray(box))
            np.testing.assert_allclose(found, expected, rtol=1e-12)
            slope = jax.grad(potential)(jnp.asarray(points), jnp.asarray(box))
            pull = forces(jnp.asarray(points), jnp.asarray(box))
            np.testing.assert_allclose(pull, -slope, atol=1e-10)
            np.testing.assert_allclose(jnp.sum(pull, 0), 0, atol=1e-11)
            kinetic = 0.5 * float(jnp.sum(state[32:] ** 2))
            np.testing.assert_allclose(world.energy(state), expected + kinetic)
            slope = world.derivative(state)
            np.testing.assert_array_equal(slope[:32], state[32:])
            np.testing.assert_array_equal(slope[32:], pull.ravel())


def test_two_particles_against_a_solver() -> None:
    """A head-on collision, where Verlet's error is largest, to its second order."""
    world = LennardJones(num_particles=2, density=0.02, dt=2.0, substeps=1000)

    def law(_: float, y: np.ndarray) -> np.ndarray:
        gap, speed = y
        return np.array([speed, 2 * 24 * (2 * gap**-13 - gap**-7)])

    expected = solve_ivp(law, (0, 2), [2.5, -2.0], rtol=1e-11, atol=1e-11).y[:, -1]
    errors = []
    for substeps in (1000, 2000):
        with jax.enable_x64(True):
            state = jnp.array([3.0, 5.0, 5.5, 5.0, 1.0, 0.0, -1.0, 0.0])
            world = world.replace(substeps=substeps)
            after = np.asarray(world.step(state, None, root_key(0)).state)
        assert after[1] == after[3] == 5
        found = [after[2] - after[0], after[6] - after[4]]
        errors.append(np.abs(found - expected).max())
    assert errors[0] < 2e-3
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.15)


@pytest.mark.parametrize("fields", [{}, GAS])
def test_energy_and_momentum_are_conserved(fields: dict) -> None:
    with jax.enable_x64(True):
        world = LennardJones(**fields, **SHORT)
        states = run(world, starts(world, 32), 256)
        energy = np.asarray(jax.jit(jax.vmap(jax.vmap(world.energy)))(states))
        scale = np.maximum(np.abs(energy[:, :1]), 0.1)
        drift = np.abs(energy - energy[:, :1]) / scale
        assert drift.max() < 3e-3
        # Bounded: the end is no worse than the middle.
        assert drift[:, 200:].mean() < 2 * drift[:, 50:100].mean() + 1e-5
        momentum = velocities(states).sum(axis=-2)
        np.testing.assert_allclose(momentum, 0, atol=1e-11)


def test_time_runs_backwards() -> None:
    with jax.enable_x64(True):
        world = LennardJones(**SHORT)
        begin = starts(world, 4)
        there = run(world, begin, 20)[:, -1]
        turned = jnp.concatenate([there[:, :32], -there[:, 32:]], axis=1)
        back = run(world, turned, 20)[:, -1]
        np.testing.assert_allclose(back[:, :32], begin[:, :32], atol=1e-8)
        np.testing.assert_allclose(-back[:, 32:], begin[:, 32:], atol=1e-8)


def test_particles_are_all_alike_and_the_box_has_no_middle() -> None:
    with jax.enable_x64(True):
        world = LennardJones(**SHORT)
        begin = starts(world, 1)
        box = float(np.sqrt(16 / 0.77))
        order = np.random.default_rng(0).permutation(16)

        def shuffled(states: Any) -> np.ndarray:
            pairs = np.asarray(states).reshape(*states.shape[:-1], 2, 16, 2)
            return pairs[..., order, :].reshape(states.shape)

        plain = run(world, begin, 10)
        other = run(world, jnp.asarray(shuffled(begin)), 10)
        np.testing.assert_allclose(other, shuffled(plain), atol=1e-9)
        shift = np.tile([1.1, 2.7], 16)
        moved = begin.at[:, :32].set(jnp.mod(begin[:, :32] + shift, box))
        after = np.asarray(run(world, moved, 10))
        gap = after[..., :32] - np.asarray(plain[..., :32]) - shift
        np.testing.assert_allclose(gap - box * np.round(gap / box), 0, atol=1e-9)
        np.testing.assert_allclose(after[..., 32:], plain[..., 32:], atol=1e-8)


@pytest.mark.parametrize("fields", [{}, GAS])
def test_sequences_begin_at_rest_and_at_their_temperature(fields: dict) -> None:
    world = LennardJones(**fields, **SHORT)
    speeds = velocities(starts(world, 16))
    num = world.num_particles
    np.testing.assert_allclose(speeds.sum(axis=1), 0, atol=1e-5)
    found = (speeds**2).sum((1, 2)) / (2 * num - 2)
    np.testing.assert_allclose(found, world.temperature, rtol=1e-5)


def test_the_bath_forgets_the_lattice() -> None:
    """Mean energy and distances settle: half the time gives the same as all of it."""

    def measured(duration: float) -> tuple[np.ndarray, np.ndarray]:
        world = LennardJones(thermalisation=duration)
        box = np.sqrt(16 / 0.77)
        # Running takes longer than compiling here.
        states = starts(world, 256, seed=int(duration), jit=exactly)
        energy = np.asarray(jax.jit(jax.vmap(world.energy))(states)) / 16
        points = np.asarray(states[:, :32]).reshape(-1, 16, 2) / box
        waves = np.exp(2j * np.pi * 4 * points).sum(axis=1)
        return energy, (np.abs(waves) ** 2 / 16).mean(axis=1)

    (fresh, order), (half, half_order), (full, full_order) = map(
        measured, (0.0, 10.0, 20.0)
    )
    spread = np.sqrt((half.var() + full.var()) / 256)
    assert abs(half.mean() - full.mean()) < 4 * spread
    spread = np.sqrt((half_order.var() + full_order.var()) / 256)
    assert abs(half_order.mean() - full_order.mean()) < 4 * spread
    assert fresh.mean() - full.mean() > 20 * full.std() / 16
    assert order.mean() > 2 * full_order.mean()


def test_the_bath_keeps_its_temperature() -> None:
    """Motion at constant energy, begun in the bath, has the bath's mean temperature."""
    with jax.enable_x64(True):
        world = LennardJones(**GAS)
        speeds = velocities(run(world, starts(world, 128), 100))
    found = (speeds**2).sum((-1, -2)).mean(axis=1) / (2 * 4 - 2)
    error = 4 * found.std() / np.sqrt(128)
    assert abs(found.mean() - 1) < error + 0.02


def test_a_start_does_not_depend_on_the_precision_around_it() -> None:
    world = LennardJones()
    alone = exactly(world.reset)(root_key(7))[1]
    batch = exactly(jax.vmap(world.reset))(jax.random.split(root_key(7), 3))[1]
    with jax.enable_x64(True):
        state, exact = exactly(world.reset)(root_key(7))
        exact_batch = exactly(jax.vmap(world.reset))(jax.random.split(root_key(7), 3))
    assert state.dtype == jnp.float64
    assert alone.dtype == exact.dtype == jnp.float32
    np.testing.assert_allclose(alone, exact, atol=1e-6)
    np.testing.assert_allclose(batch, exact_batch[1], atol=1e-6)


def test_pictures_are_periodic() -> None:
    world = LennardJones(num_particles=2, density=2 / 16.0, image_size=32)
    state = jnp.array([0.1, 2.0, 2.03, 3.95, 0, 0, 0, 0])
    frame = np.asarray(world.render(state))
    assert frame.shape == (32, 32, 3)
    assert frame.dtype == np.uint8
    # Particle 1 is red, at the left edge: seen at the right edge too.
    red = frame[..., 0] > 200
    middle = red[14:18]
    assert middle[:, 0].all() and middle[:, -1].all()
    # Particle 2 is cyan, at the top: seen at the bottom too.
    cyan = frame[..., 1] > 200
    assert cyan[0, 16] and cyan[-1, 16] and not cyan[16].any()
    # Moving everything by whole pixels rolls the picture.
    shift = jnp.array([4 / 32 * 5, 4 / 32 * 9] * 2 + [0] * 4)
    moved = np.asarray(world.render(state + shift))
    np.testing.assert_allclose(
        moved.astype(int), np.roll(frame, (-9, 5), (0, 1)).astype(int), atol=1
    )


def test_binary_pictures_cover_the_discs() -> None:
    world = LennardJones(num_particles=4, density=0.4, colour="binary", image_size=128)
    state = jnp.array([0.0, 0.0, 1.5, 1.4, 0.2, 1.6, 2.9, 2.9] + [0.0] * 8)
    frame = np.asarray(world.render(state))
    assert frame.shape == (128, 128, 1)
    box = np.sqrt(4 / 0.4)
    share = (frame > 0).mean()
    points = np.asarray(state[:8]).reshape(4, 2)
    fine = (np.arange(1024) + 0.5) / 1024 * box
    covered = np.zeros((1024, 1024), bool)
    for x, y in points:
        gaps = [np.abs(fine - c) for c in (x, y)]
        near = [np.minimum(gap, box - gap) for gap in gaps]
        covered |= near[0][None] ** 2 + near[1][:, None] ** 2 <= 0.09
    assert share == pytest.approx(covered.mean(), abs=2e-3)


def test_flight_of_a_lone_pair_far_apart_is_straight() -> None:
    with jax.enable_x64(True):
        points = jnp.array([[1.0, 1.0], [6.5, 6.0]])
        speeds = jnp.array([[1.0, 0.5], [0.0, 0.0]])
        after, _ = fly(points, speeds, jnp.asarray(10.0), jnp.asarray(0.01), 100)
    np.testing.assert_allclose(after, points + speeds, atol=1e-3)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"density": -0.1}, r"LennardJones\.density=-0\.1 must be above 0\."),
        ({"density": 0.0}, r"density=0\.0 must be above 0\."),
        (
            {"density": 1.5},
            r"LennardJones\.density=1\.5 is too high for num_particles=16: it can be "
            r"at most 1\.384, where .* Take a lower density or another number",
        ),
        (
            {"num_particles": 2},
            r"density=0\.77 is too high for num_particles=2: .*0\.39",
        ),
        ({"num_particles": 1}, r"num_particles=1 must be at least 2\."),
        ({"temperature": 0.0}, r"temperature=0\.0 must be above 0\."),
        ({"damping": 0.0}, r"damping=0\.0 must be above 0\."),
        ({"thermalisation": -1.0}, r"thermalisation=-1\.0 must be at least 0\."),
    ],
)
def test_what_cannot_be_is_refused(fields: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        LennardJones(**fields)


def test_steps_that_are_too_long_are_told_apart() -> None:
    world = LennardJones(**SHORT, dt=0.5, substeps=5)
    states = run(world, starts(world, 1), 20)[0]
    energy = jax.vmap(world.energy)(states)
    assert energy[-1] > energy[0] + 10
    assert bool(world.keeps(states[0]))
    assert not bool(world.keeps(states[0].at[3].set(jnp.nan)))

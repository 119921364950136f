"""Several bodies against circular orbits, two bodies and an independent solver."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import foreworld as fw
from foreworld.core.errors import ConfigError
from foreworld.core.keys import root_key
from foreworld.worlds import Picture
from foreworld.worlds.dynamics.n_body import NBody
from foreworld.worlds.dynamics.two_body import TwoBody
from foreworld.worlds.ranges import Uniform
from tests.worlds.dynamics.motion import along, energy_over, mirror, solved, states_of

WORLD = NBody(mass=0.8, gravity=1.2, spread=0.2, picture=Picture(canvas=3.0))


def begin(world: NBody = WORLD, seed: int = 0) -> np.ndarray:
    return np.asarray(jax.jit(world.start)(root_key(seed)), float)


@pytest.mark.parametrize("num", [2, 3, 7])
@pytest.mark.parametrize("softening", [0.0, 0.5])
def test_bodies_start_on_circular_orbits(num: int, softening: float) -> None:
    """The acceleration that holds a body on its circle, summed over the others."""
    world = NBody(num_bodies=num, mass=0.7, gravity=1.3, softening=softening)
    q, p = begin(world).reshape(2, num, 2)
    radius = np.hypot(*q.T)
    np.testing.assert_allclose(radius, radius[0], rtol=1e-6)
    assert 0.9 <= radius[0] <= 1.2
    gaps = np.diff(np.arctan2(*q.T[::-1])) % (2 * np.pi)
    np.testing.assert_allclose(gaps, 2 * np.pi / num, rtol=1e-5)
    others = q[1:] - q[0]
    distance = np.sqrt((others**2).sum(1) + softening**2)
    pull = 1.3 * 0.7 * (others / distance[:, None] ** 3).sum(0)
    speed = p[0] / 0.7
    assert speed @ q[0] == pytest.approx(0, abs=1e-6)
    assert speed @ speed / radius[0] == pytest.approx(np.hypot(*pull), rel=1e-5)
    # Counter-clockwise.
    assert q[0, 0] * p[0, 1] - q[0, 1] * p[0, 0] > 0


def test_three_bodies_have_the_suites_speed() -> None:
    q, p = begin(NBody()).reshape(2, 3, 2)
    factor = np.sqrt(np.sin(np.pi / 3) / (2 * np.cos(np.pi / 6) ** 2))
    radius = np.hypot(*q[0])
    assert np.hypot(*p[0]) == pytest.approx(factor / np.sqrt(radius), rel=1e-6)


def test_circular_orbits_turn_as_a_whole() -> None:
    world = NBody(substeps=1)
    states = states_of(world, begin(world), 30)
    q, p = states[:, :6].reshape(31, 3, 2), states[0, 6:].reshape(3, 2)
    radius = np.hypot(*q[0, 0])
    angle = np.hypot(*p[0]) / radius * 0.1 * np.arange(31)
    cosine, sine = np.cos(angle), np.sin(angle)
    turned = np.stack([np.stack([cosine, sine], 1), np.stack([-sine, cosine], 1)], 1)
    # The start is rounded to float32, so the orbit is as round as that.
    np.testing.assert_allclose(q, q[0] @ turned, atol=3e-6)


def test_spread_changes_velocities_and_keeps_their_mean() -> None:
    keys = jax.random.split(root_key(4), 1000)
    starts = {}
    for spread in (0.0, 0.2):
        world = WORLD.replace(spread=spread)
        starts[spread] = np.asarray(jax.jit(jax.vmap(world.start))(keys))
    momenta = {s: v[:, 6:].reshape(-1, 3, 2) for s, v in starts.items()}
    np.testing.assert_array_equal(starts[0.0][:, :6], starts[0.2][:, :6])
    np.testing.assert_allclose(momenta[0.2].sum(1), 0, atol=1e-6)
    change = np.linalg.norm(momenta[0.2] - momenta[0.0], axis=-1)
    share = change / np.linalg.norm(momenta[0.0], axis=-1)
    # A point of the disc of radius 0.2, less the mean of three of them.
    assert share.max() < 0.2 * 4 / 3 + 1e-6
    assert share.max() > 0.2
    assert (share**2).mean() == pytest.approx(0.2**2 / 2 * 2 / 3, rel=0.1)


@pytest.mark.parametrize(
    "world",
    [
        NBody(),
        NBody(spread=0.2, picture=Picture(canvas=5.0)),
        NBody(num_bodies=5, spread=0.1, softening=0.3),
    ],
    ids=["circular", "spread", "softened"],
)
def test_energy_drift(world: NBody) -> None:
    family = type(world).family(
        **{**vars(world), "mass": Uniform(0.8, 1.0), "gravity": Uniform(0.5, 1.0)}
    )
    energy = energy_over(family, 31, 200)
    assert energy.kept.mean() > 0.9
    assert 0 < energy.drift[energy.kept].max() < 1e-6


def test_friction_takes_energy_away() -> None:
    world = WORLD.replace(friction=0.1)
    states = states_of(world, begin(), 30)
    energy, lost, rate = along(world, states)
    assert (np.diff(energy) < 0).all()
    np.testing.assert_allclose(lost, -0.1 * (rate[:, :6] ** 2).sum(1), rtol=1e-10)


def test_momentum_is_conserved() -> None:
    states = states_of(WORLD, begin(), 30)
    q, p = states[:, :6].reshape(-1, 3, 2), states[:, 6:].reshape(-1, 3, 2)
    np.testing.assert_allclose(p.sum(1), p[:1].sum(1).repeat(31, 0), atol=1e-13)
    spin = (q[..., 0] * p[..., 1] - q[..., 1] * p[..., 0]).sum(1)
    np.testing.assert_allclose(spin, spin[0], atol=1e-9)


def test_states_agree_with_an_adaptive_solver() -> None:
    world = WORLD.replace(softening=0.2, friction=0.05)
    ours = states_of(world, begin(), 30)
    np.testing.assert_allclose(ours, solved(world, begin(), 30), atol=1e-10)


def test_two_of_them_are_two_bodies() -> None:
    pair = TwoBody(mass_1=0.8, mass_2=0.8, gravity=1.2, friction=0.1)
    start = np.array([0.7, 0.9, -0.5, -1.0, 0.3, -0.2, -0.2, 0.3])
    ours = states_of(WORLD.replace(num_bodies=2, friction=0.1), start, 30)
    np.testing.assert_allclose(ours, states_of(pair, start, 30), atol=1e-9)


def test_time_runs_backwards() -> None:
    there = states_of(WORLD, begin(), 30)[-1]
    back = states_of(WORLD, there, 30, backwards=True)[-1]
    np.testing.assert_allclose(back, begin(), atol=1e-8)


def test_bodies_can_change_places() -> None:
    order = [4, 5, 0, 1, 2, 3, 10, 11, 6, 7, 8, 9]
    states = states_of(WORLD, begin(), 30)
    others = states_of(WORLD, begin()[order], 30)
    np.testing.assert_allclose(others, states[:, order], atol=1e-9)
    one = WORLD.render(jnp.asarray(states[5]))
    other = WORLD.render(jnp.asarray(states[5][order]))
    np.testing.assert_array_equal(one, other)


def test_mirrored_motion_is_motion() -> None:
    across = [0, 2, 4, 6, 8, 10]
    states = states_of(WORLD, begin(), 30)
    mirrored = states_of(WORLD, mirror(states[0], across), 30)
    np.testing.assert_allclose(mirrored, mirror(states, across), atol=1e-9)
    one, other = (WORLD.render(jnp.asarray(s[3])) for s in (states, mirrored))
    np.testing.assert_array_equal(one, other[:, ::-1])


def test_softened_bodies_may_meet() -> None:
    world = NBody(num_bodies=2, softening=0.1)
    state = np.array([0.1, 0.2, 0.1, 0.2, 1.0, 0, -1.0, 0])
    energy, _, rate = along(world, state[None])
    assert energy[0] == pytest.approx(1.0 - 1 / 0.1)
    np.testing.assert_allclose(rate[0], [1, 0, -1, 0, 0, 0, 0, 0], atol=1e-12)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"num_bodies": 1}, r"NBody\.num_bodies=1 must be at least 2\."),
        ({"mass": 0.0}, r"NBody\.mass=0\.0 must be above 0\."),
        ({"softening": -0.1}, r"NBody\.softening=-0\.1 must be at least 0\."),
        ({"spread": 1.5}, r"NBody\.spread=1\.5 must be at least 0 and at most 1\."),
        (
            {"radius": (0.0, 1.0)},
            r"NBody\.radius=\(0\.0, 1\.0\): the bodies must not start at one place\. "
            r"Let the first number be above 0\.",
        ),
        (
            {"picture": {"num_colours": 2}},
            r"NBody\.picture\.num_colours=2 is too few for 3 discs: it must be 1 \(all "
            r"red\) or at least 3\.",
        ),
        (
            {"picture": {"canvas": 0.5}},
            r"NBody\.picture\.canvas=0\.5 holds no sequence: "
            r"with radius=\(0\.9, 1\.2\) every "
            r"one leaves it\. It must be at least 0\.636396; 0 takes 1\.76419\.",
        ),
    ],
)
def test_bad_values_are_named(fields: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        fw.make("n_body", **fields)

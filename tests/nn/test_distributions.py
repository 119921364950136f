"""Distributions against scipy, numerical integrals and many draws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from foreworld.core.errors import ConfigError
from foreworld.core.spaces import Box, Discrete, Record
from foreworld.nn.distributions import (
    distribution,
    draw_noise,
    num_outputs,
    spread_outputs,
)

CHOICES = Discrete(4)
FREE = Box(-np.inf, np.inf, (3,))
BOUNDED, FROM_BELOW, FROM_ABOVE = (
    Box(-2.0, 3.0, (1,)),
    Box(1.0, np.inf, (1,)),
    Box(-np.inf, 1.0, (1,)),
)
MESSAGE = Record({"say": Discrete(3), "aim": Box(-1.0, 1.0, (2,)), "go": Discrete(2)})
SPACES = [CHOICES, FREE, BOUNDED, FROM_BELOW, FROM_ABOVE, Box(0, 1, (2, 2)), MESSAGE]
MASK = jnp.asarray([True, False, True, False])


def outputs_of(space, seed=0, batch=(), scale=1.0):
    shape = (*batch, num_outputs(space))
    return scale * jax.random.normal(jax.random.key(seed), shape, jnp.float32)


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_samples_and_modes_are_in_the_space(space):
    made = distribution(space, outputs_of(space, batch=(200,), scale=3.0))
    for actions in (made.sample(jax.random.key(1)), made.mode()):
        assert jnp.all(jax.vmap(space.contains)(actions))
        for drawn, like in zip(
            jax.tree.leaves(actions),
            jax.tree.leaves(space.sample(jax.random.key(0))),
            strict=True,
        ):
            assert drawn.dtype == like.dtype and drawn.shape == (200, *like.shape)
        assert made.log_prob(actions).shape == (200,)
        assert jnp.all(jnp.isfinite(made.log_prob(actions)))
    assert made.entropy().shape == (200,)


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_entropy_is_the_mean_of_minus_log_prob(space):
    one = outputs_of(space, 2)
    made = distribution(space, jnp.broadcast_to(one, (20_000, *one.shape)))
    found = -made.log_prob(made.sample(jax.random.key(3)))
    error = float(jnp.std(found)) / np.sqrt(found.size)
    assert abs(float(jnp.mean(found) - made.entropy()[0])) < 5 * error + 1e-4


def test_choices_are_those_of_scipy():
    outputs = outputs_of(CHOICES)
    made, p = distribution(CHOICES, outputs), np.asarray(jax.nn.softmax(outputs))
    actions = jnp.arange(4)
    batch = distribution(CHOICES, jnp.broadcast_to(outputs, (4, 4)))
    np.testing.assert_allclose(batch.log_prob(actions), np.log(p), rtol=1e-5)
    np.testing.assert_allclose(made.entropy(), stats.entropy(p), rtol=1e-5)
    assert made.mode() == np.argmax(p)


def test_forbidden_choices_have_no_probability_at_all():
    outputs = jnp.asarray([0.0, 80.0, 1.0, 1e30])
    made = distribution(CHOICES, outputs, MASK)
    p = np.exp([0.0, 1.0]) / np.exp([0.0, 1.0]).sum()
    assert made.probabilities[1] == made.probabilities[3] == 0.0
    np.testing.assert_allclose(made.probabilities[MASK], p, rtol=1e-6)
    np.testing.assert_allclose(made.entropy(), stats.entropy(p), rtol=1e-5)
    assert made.log_prob(jnp.int32(3)) == -jnp.inf and made.mode() == 2
    batch = distribution(CHOICES, jnp.broadcast_to(outputs, (5000, 4)), MASK)
    assert set(np.unique(batch.sample(jax.random.key(0)))) == {0, 2}


def test_gradients_are_finite_under_every_mask():
    masks = [MASK, jnp.asarray([False, True, False, False]), jnp.zeros(4, bool)]

    def total(outputs, mask):
        made = distribution(CHOICES, outputs, mask)
        return made.entropy() + made.log_prob(made.mode())

    for mask in masks:
        for outputs in (jnp.zeros(4), jnp.asarray([1e4, -1e4, 0.0, 1e30])):
            value, gradient = jax.value_and_grad(total)(outputs, mask)
            assert jnp.isfinite(value) and jnp.all(jnp.isfinite(gradient))
            if mask.any():
                np.testing.assert_array_equal(gradient[~mask], 0.0)
    one = distribution(CHOICES, jnp.ones(4), masks[1])
    assert one.entropy() == 0.0 and one.log_prob(jnp.int32(1)) == 0.0


def test_a_box_without_bounds_is_scipys_normal():
    outputs = outputs_of(FREE, 4)
    made, (mean, log_std) = distribution(FREE, outputs), np.split(outputs, 2)
    action = made.sample(jax.random.key(0))
    theirs = stats.multivariate_normal(mean, np.diag(np.exp(2 * log_std)))
    np.testing.assert_allclose(made.log_prob(action), theirs.logpdf(action), rtol=1e-5)
    np.testing.assert_allclose(made.entropy(), theirs.entropy(), rtol=1e-5)
    np.testing.assert_array_equal(made.mode(), mean)


@pytest.mark.parametrize("box", [BOUNDED, FROM_BELOW, FROM_ABOVE], ids=str)
@pytest.mark.parametrize("mean, log_std", [(0.3, -1.0), (-1.0, 0.4), (2.0, 0.0)])
def test_a_squashed_density_integrates_to_one(box, mean, log_std):
    made = distribution(box, jnp.asarray([mean, log_std]))

    @jax.jit
    def log_density(x):
        return made.log_prob(jnp.asarray([x], jnp.float32))

    def density(x):
        return float(jnp.exp(log_density(x)))

    def surprise(x):
        return -density(x) * max(float(log_density(x)), -1e3)

    # What lies beyond has a probability below 1e-5.
    reach = np.asarray([mean - 4.5 * np.exp(log_std), mean + 4.5 * np.exp(log_std)])
    if box is BOUNDED:
        ends = -2.0 + 2.5 * (np.tanh(reach) + 1.0)
    else:
        soft = np.log1p(np.exp(reach))
        ends = 1.0 + soft if box is FROM_BELOW else (1.0 - soft)[::-1]
    points = np.linspace(*ends, 12)[1:-1]
    options = {"points": points, "limit": 200, "epsrel": 1e-4, "epsabs": 1e-5}
    assert abs(integrate.quad(density, *ends, **options)[0] - 1.0) < 1e-3
    entropy = integrate.quad(surprise, *ends, **options)[0]
    np.testing.assert_allclose(made.entropy(), entropy, atol=3e-3)
    drawn = distribution(box, jnp.tile(jnp.asarray([mean, log_std]), (4000, 1)))
    median = float(jnp.median(drawn.sample(jax.random.key(0))))
    np.testing.assert_allclose(median, made.mode()[0], atol=0.12)


def test_the_entropy_of_tanh_holds_for_narrow_and_wide_normals():
    def exact(mean, std):
        def term(z):
            u = mean + std * z
            slope = 2.0 * (np.log(2.0) - u - np.logaddexp(0.0, -2.0 * u))
            return stats.norm.pdf(z) * slope

        mean_slope = integrate.quad(term, -9.0, 9.0, limit=400)[0]
        return stats.norm(0, std).entropy() + mean_slope

    box = Box(-1.0, 1.0, (1,))
    for mean in (0.0, 0.7, -3.0):
        for std in (1e-3, 0.1, 1.0, 3.0, 6.0):
            made = distribution(box, jnp.asarray([mean, np.log(std)], jnp.float32))
            found = float(made.entropy())
            assert abs(found - exact(mean, std)) < 0.01 * max(1.0, std), (mean, std)


def test_actions_at_the_bounds_have_finite_gradients():
    def total(outputs):
        made = distribution(BOUNDED, outputs)
        ends = jnp.asarray([[-2.0], [3.0]])
        return jnp.sum(jax.vmap(made.log_prob)(ends)) + made.entropy()

    for outputs in ([0.0, 0.0], [30.0, -10.0], [-30.0, 20.0]):
        value, gradient = jax.value_and_grad(total)(jnp.asarray(outputs))
        assert jnp.isfinite(value) and jnp.all(jnp.isfinite(gradient))


def test_a_record_is_its_fields_side_by_side():
    outputs = outputs_of(MESSAGE, 5)
    masks = {"say": jnp.asarray([False, True, True])}
    made = distribution(MESSAGE, outputs, masks)
    say = distribution(Discrete(3), outputs[:3], masks["say"])
    aim = distribution(Box(-1.0, 1.0, (2,)), outputs[3:7])
    go = distribution(Discrete(2), outputs[7:])
    action = made.sample(jax.random.key(0))
    parts = [(say, "say"), (aim, "aim"), (go, "go")]
    total = sum(float(one.log_prob(action[name])) for one, name in parts)
    np.testing.assert_allclose(made.log_prob(action), total, rtol=1e-5)
    entropies = sum(float(one.entropy()) for one, _ in parts)
    np.testing.assert_allclose(made.entropy(), entropies, rtol=1e-5)
    many = jax.vmap(made.sample)(jax.random.split(jax.random.key(1), 2000))
    assert set(np.unique(many["say"])) == {1, 2}
    # The draw of one field says nothing of that of another.
    seen = np.asarray(many["say"] == 1), np.asarray(many["go"] == 1)
    assert abs(np.corrcoef(*seen)[0, 1]) < 0.1


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_noise_drawn_ahead_gives_the_same_actions(space):
    made, key = distribution(space, outputs_of(space, 6, (7,))), jax.random.key(2)
    ahead = made.choose(draw_noise(space, key, (7,)))
    jax.tree.map(np.testing.assert_array_equal, ahead, made.sample(key))


def test_outputs_that_are_spreads():
    assert num_outputs(MESSAGE) == 9
    np.testing.assert_array_equal(np.flatnonzero(spread_outputs(MESSAGE)), [5, 6])
    assert not spread_outputs(CHOICES).any() and num_outputs(CHOICES) == 4


def test_bad_outputs_and_spaces():
    with pytest.raises(ConfigError, match=r"Discrete\(num=4\) has 4 outputs, got 3"):
        distribution(CHOICES, jnp.zeros(3))
    with pytest.raises(ConfigError, match=r"whole numbers.*Give the choices"):
        num_outputs(Box(0, 9, (2,), "int32"))

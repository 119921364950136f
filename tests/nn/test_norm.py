"""Normalisation: over counted rows, and by running statistics when not training."""

import jax.numpy as jnp
import numpy as np

from foreworld.nn.norm import (
    EPSILON,
    MOMENTUM,
    Affine,
    Moments,
    batch_norm,
    group_norm,
)


def draw(*shape):
    values = np.random.default_rng(0).normal(2.0, 3.0, shape)
    return jnp.asarray(values, jnp.float32)


AFFINE = Affine(jnp.asarray([2.0, 0.5]), jnp.asarray([1.0, -1.0]))


def test_training_uses_the_batch_and_moves_the_running_statistics():
    x, all_rows = draw(5, 3, 4, 2), jnp.ones(5, bool)
    y, moments = batch_norm(x, AFFINE, Moments.init(2), all_rows)
    flat = np.asarray(x).reshape(-1, 2)
    normal = (flat - flat.mean(0)) / np.sqrt(flat.var(0) + EPSILON)
    expected = normal * AFFINE.scale + AFFINE.shift
    np.testing.assert_allclose(np.asarray(y).reshape(-1, 2), expected, atol=1e-5)
    np.testing.assert_allclose(moments.mean, MOMENTUM * flat.mean(0), rtol=1e-5)
    variance = (1 - MOMENTUM) + MOMENTUM * flat.var(0, ddof=1)
    np.testing.assert_allclose(moments.variance, variance, rtol=1e-5)


def test_rows_that_do_not_count_change_nothing():
    x, counted = draw(5, 3, 4, 2), jnp.asarray([True, False, True, True, False])
    y, moments = batch_norm(x, AFFINE, Moments.init(2), counted)
    other = x.at[1].set(1e3).at[4].set(-7.0)
    y_other, moments_other = batch_norm(other, AFFINE, Moments.init(2), counted)
    np.testing.assert_array_equal(y[counted], y_other[counted])
    np.testing.assert_array_equal(moments.mean, moments_other.mean)
    np.testing.assert_array_equal(moments.variance, moments_other.variance)


def test_otherwise_running_statistics_are_used_and_kept():
    x = draw(5, 3, 4, 2)
    moments = Moments(jnp.asarray([1.0, 2.0]), jnp.asarray([4.0, 9.0]))
    y, kept = batch_norm(x, AFFINE, moments, None)
    normal = (x - moments.mean) / jnp.sqrt(moments.variance + EPSILON)
    np.testing.assert_allclose(y, normal * AFFINE.scale + AFFINE.shift, atol=1e-5)
    assert kept is moments


def test_groups_are_normalised_within_an_image():
    x = draw(2, 4, 4, 16)
    y = np.asarray(group_norm(x, Affine.init(16))).reshape(2, 16, 8, 2)
    np.testing.assert_allclose(y.mean((1, 3)), 0.0, atol=1e-5)
    np.testing.assert_allclose(y.var((1, 3)), 1.0, atol=1e-4)
    alone = group_norm(x[:1], Affine.init(16))
    np.testing.assert_allclose(alone.reshape(1, 16, 8, 2), y[:1], atol=1e-6)


def test_channels_that_do_not_divide_are_one_group():
    y = np.asarray(group_norm(draw(2, 4, 4, 3), Affine.init(3)))
    np.testing.assert_allclose(y.mean((1, 2, 3)), 0.0, atol=1e-5)

"""Convolutions equal XLA's, alone, vmapped and in their gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.nn.conv import Kernel, conv, double

AXES = ("NHWC", "HWIO", "NHWC")


def conv_reference(x, weight, stride, padding):
    return jax.lax.conv_general_dilated(
        x, weight, (stride, stride), [(padding, padding)] * 2, dimension_numbers=AXES
    )


def double_reference(x, weight):
    """The transpose of a convolution with stride 2 is one with spread-out inputs."""
    return jax.lax.conv_general_dilated(
        x,
        weight[::-1, ::-1],
        (1, 1),
        [(2, 2)] * 2,
        lhs_dilation=(2, 2),
        dimension_numbers=AXES,
    )


def draws(*shapes):
    rng = np.random.default_rng(0)
    return [jnp.asarray(rng.normal(size=shape), jnp.float32) for shape in shapes]


def bare(weight):
    return Kernel(weight, jnp.zeros(weight.shape[-1], jnp.float32))


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding"),
    [
        ((8, 8), 5, 2, 2),
        ((8, 6), 4, 2, 1),
        ((9, 7), 3, 2, 1),
        ((6, 6), 3, 1, 1),
        ((5, 5), 2, 3, 0),
        ((7, 7), 7, 1, 0),
    ],
)
def test_conv(size, kernel, stride, padding):
    x, weight = draws((2, *size, 3), (kernel, kernel, 3, 4))
    expected = conv_reference(x, weight, stride, padding)
    found = conv(x, bare(weight), stride, padding)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("size", [(2, 2), (1, 3), (4, 6)])
def test_double(size):
    x, weight = draws((2, *size, 3), (4, 4, 3, 5))
    found = double(x, bare(weight))
    assert found.shape == (2, 2 * size[0], 2 * size[1], 5)
    np.testing.assert_allclose(found, double_reference(x, weight), atol=1e-5)


def test_double_is_the_stated_sum():
    (weight,) = draws((4, 4, 1, 1))
    x = jnp.zeros((1, 3, 3, 1)).at[0, 1, 1, 0].set(1.0)
    found = np.asarray(double(x, bare(weight)))[0, :, :, 0]
    expected = np.zeros((6, 6), np.float32)
    expected[1:5, 1:5] = weight[:, :, 0, 0]
    np.testing.assert_array_equal(found, expected)


def test_biases_are_added():
    x, weight, bias = draws((1, 4, 4, 2), (4, 4, 2, 3), (3,))
    for apply in (double, lambda x, k: conv(x, k, 2, 1)):
        plain = apply(x, bare(weight))
        np.testing.assert_allclose(
            apply(x, Kernel(weight, bias)), plain + bias, atol=1e-6
        )


@pytest.mark.parametrize(
    ("ours", "reference"),
    [
        (double, double_reference),
        (lambda x, k: conv(x, k, 2, 1), lambda x, w: conv_reference(x, w, 2, 1)),
    ],
)
def test_gradients_with_weights_of_each_run(ours, reference):
    x, weight = draws((2, 3, 4, 4, 2), (2, 4, 4, 2, 3))

    def gradients(function):
        def total(x, weight):
            return jnp.sum(jnp.sin(jax.vmap(function)(x, weight)))

        return jax.grad(total, argnums=(0, 1))(x, weight)

    found = gradients(lambda x, w: ours(x, bare(w)))
    for a, b in zip(found, gradients(reference), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("stride_up", [1, 2])
def test_initial_weights_keep_the_variance(stride_up):
    kernel = Kernel.init(jax.random.key(0), 4, 64, 64, stride_up)
    (x,) = draws((2, 8, 8, 64))
    rectified = jnp.maximum(x, 0.0)
    y = double(rectified, kernel) if stride_up == 2 else conv(rectified, kernel, 1, 0)
    inner = np.asarray(y)[:, 2:-2, 2:-2] if stride_up == 2 else np.asarray(y)
    # E[relu(x)^2] = 1/2, and He's factor 2 makes up for it.
    assert abs(inner.var() - 1.0) < 0.1

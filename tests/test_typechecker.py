"""What a wrong type or shape meets in the functions of the package, while tests run."""

import inspect

import jax.numpy as jnp
import pytest
from jaxtyping import Array, Float, TypeCheckError

from foreworld.core.keys import named_key, root_key
from tests.typechecker import check


@check
def first_row(
    table: Float[Array, "rows width"], scale: Float[Array, "width"], by: int = 0
) -> Float[Array, "width"]:
    return table[:, 0] if by else table[0] * scale


def test_what_fits_passes():
    assert first_row(jnp.ones((3, 2)), jnp.ones(2)).shape == (2,)
    # Sizes are those of one call.
    assert first_row(jnp.ones((3, 4)), jnp.ones(4)).shape == (4,)
    assert list(inspect.signature(first_row).parameters) == ["table", "scale", "by"]


def test_sizes_of_arguments_and_results_must_agree():
    with pytest.raises(TypeCheckError, match="parameter scale"):
        first_row(jnp.ones((3, 2)), jnp.ones(3))
    with pytest.raises(TypeCheckError, match="return"):
        first_row(jnp.ones((3, 2)), jnp.ones(2), by=1)


def test_types_without_axes_are_checked():
    with pytest.raises(TypeCheckError, match="parameter by='1'"):
        first_row(jnp.ones((3, 2)), jnp.ones(2), by="1")


def test_functions_of_the_package_are_checked():
    with pytest.raises(TypeCheckError, match="parameter seed='0'"):
        root_key("0")  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeCheckError, match="parameter key"):
        named_key(jnp.stack([root_key(0)] * 2), "several")

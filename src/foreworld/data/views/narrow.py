"""Arrays on the device, where numbers have 32 bits unless JAX is told otherwise."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Shaped

from foreworld.core.errors import ConfigError


def to_device(what: str, array: Shaped[np.ndarray, "..."]) -> Shaped[Array, "..."]:
    """An array on the device; JAX alone would wrap whole numbers that are too large.

    Parameters
    ----------
    what
        What it is, for the message.
    array
        Numbers or truths. Floats are rounded to the device's type.

    Raises
    ------
    ConfigError
        It holds a number that the device's type cannot, or no numbers at all.
    """
    if not _is_numeric(array.dtype):
        raise ConfigError(
            f"{what} is {array.dtype}: a device holds numbers and truths only. Number "
            f"the values from 0, or leave it out."
        )
    dtype = jax.dtypes.canonicalize_dtype(array.dtype)
    if dtype != array.dtype and array.size:
        _check_range(what, array, dtype)
    return jnp.asarray(array)


def _is_numeric(dtype: np.dtype) -> bool:
    # Not by its kind: bfloat16 has none of its own.
    return dtype.kind == "b" or jnp.issubdtype(dtype, jnp.number)


def _check_range(what: str, array: np.ndarray, dtype: np.dtype) -> None:
    if array.dtype.kind in "iu":
        limits = np.iinfo(dtype)
        beyond = (array < limits.min) | (array > limits.max)
    else:
        limits = jnp.finfo(dtype)
        with np.errstate(over="ignore"):
            beyond = np.isfinite(array) & ~np.isfinite(array.astype(dtype))
    if not beyond.any():
        return
    raise ConfigError(
        f"{what} holds {array[beyond].flat[0]}, but numbers on the device are {dtype}, "
        f"from {limits.min} to {limits.max}. Number choices from 0, choose a larger "
        f"unit, subtract an offset or leave it out."
    )

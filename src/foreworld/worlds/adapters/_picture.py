"""Pictures of observations, for worlds that cannot draw themselves in a program."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Num, UInt8

_HEIGHT = 48
_WIDTH = 96
_IMAGE = 64
_INK, _PAPER, _LINE = (40, 90, 220), (245, 245, 245), (150, 150, 150)


def picture(obs: Num[Array, "..."]) -> UInt8[Array, "height width 3"]:
    """An observation as a picture.

    A uint8 image of 1 or 3 channels is shown as it is. Any other array of two or three
    axes is shown in grey levels from its smallest to its largest entry (the largest
    over channels), each a block of pixels. Numbers and vectors are bars from a middle
    line, ``x / (1 + |x|)`` of half the height.
    """
    if obs.ndim == 3 and obs.dtype == jnp.uint8 and obs.shape[-1] in (1, 3):
        return jnp.broadcast_to(obs, (*obs.shape[:2], 3))
    values = obs.astype(jnp.float32)
    if obs.ndim in (2, 3):
        values = values if obs.ndim == 2 else values.max(-1)
        low, high = values.min(), values.max()
        level = 255 * (values - low) / jnp.maximum(high - low, 1e-12)
        block = max(1, _IMAGE // max(values.shape))
        level = jnp.repeat(jnp.repeat(level, block, 0), block, 1)
        return jnp.repeat(jnp.round(level).astype(jnp.uint8)[..., None], 3, -1)
    values = values.ravel()
    width = max(1, _WIDTH // max(1, values.size))
    length = jnp.repeat(values / (1 + jnp.abs(values)), width)[None]
    # Pixel centres, 1 at the top and -1 at the bottom.
    y = jnp.asarray(1 - (2 * np.arange(_HEIGHT) + 1) / _HEIGHT, jnp.float32)[:, None]
    filled = jnp.where(y > 0, y < length, y > length)
    row = jnp.arange(_HEIGHT)[:, None]
    line = (row == _HEIGHT // 2) & ~filled
    frame = jnp.where(filled[..., None], jnp.uint8(_INK), jnp.uint8(_PAPER))
    return jnp.where(line[..., None], jnp.uint8(_LINE), frame)

"""Discs: the soft law, its thresholded form, and that the two agree."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.render.discs import (
    BACKGROUND,
    LIT_FROM,
    LIT_MARGIN,
    draw_binary,
    draw_rgb,
    hues,
    lit_margin,
    soft_discs,
)

CENTRE = jnp.array([[0.5, 0.5]])


def unit(x: float) -> float:
    """A coordinate on the canvas [-1, 1] as a unit-canvas one."""
    return (x + 1) / 2


@pytest.mark.fact("dynamics-datasets", "C17")
def test_fact_c17_one_red_particle() -> None:
    radius = jnp.array([0.1])
    picture = np.asarray(soft_discs(CENTRE, radius, jnp.asarray(hues(1)), 32))[::-1]
    for row, column in ((16, 16), (15, 15)):
        expected = [0.998590, 0.000725, 0.000764]
        np.testing.assert_allclose(picture[row, column], expected, atol=0, rtol=1e-3)
    np.testing.assert_allclose(picture[16, 16, 0], 0.998590, atol=1e-6)
    np.testing.assert_allclose(picture[16, 12, 0], 0.487544, atol=1e-6)
    np.testing.assert_allclose(picture[16, 11, 0], 0.337634, atol=1e-6)
    np.testing.assert_allclose(picture[0, 0], BACKGROUND, atol=1e-6)

    lit = np.asarray(draw_rgb(CENTRE, radius, jnp.asarray(hues(1)), 32)) >= LIT_FROM
    assert lit.sum((0, 1)).tolist() == [44, 0, 0]
    rows = np.flatnonzero(lit[::-1, :, 0].any(1))
    assert (rows.min(), rows.max()) == (12, 19)
    hard = np.asarray(draw_binary(CENTRE, radius, 32))
    np.testing.assert_array_equal(hard[..., 0] == 255, lit[..., 0])


@pytest.mark.fact("dynamics-datasets", "C18")
def test_fact_c18_two_colours() -> None:
    centres = jnp.array([[unit(-0.3), 0.5], [unit(0.3), 0.5]])
    radii = jnp.array([0.1, 0.1])
    frame = np.asarray(draw_rgb(centres, radii, jnp.asarray(hues(2)), 32))
    assert (frame >= LIT_FROM).sum((0, 1)).tolist() == [42, 44, 46]


def test_margins_are_those_of_the_law() -> None:
    margins = [lit_margin(value) for value in BACKGROUND]
    np.testing.assert_allclose(margins, [0.018010, 0.021042, 0.023619], atol=1e-6)
    assert margins[0] == LIT_MARGIN


def test_background_is_truncated() -> None:
    frame = draw_rgb(CENTRE, jnp.array([0.05]), jnp.asarray(hues(1)), 32)
    assert frame[0, 0].tolist() == [81, 88, 93]
    assert int(frame.max()) <= 254


def test_hard_discs_are_the_thresholded_soft_ones() -> None:
    """Random discs; a pixel may differ only where float32 cannot tell the side."""
    rng = np.random.default_rng(0)
    centres = jnp.asarray(rng.uniform(0, 1, (500, 1, 2)), jnp.float32)
    radii = jnp.asarray(rng.uniform(0.02, 0.3, (500, 1)), jnp.float32)
    red = jnp.asarray(hues(1))
    soft = jax.jit(jax.vmap(lambda c, r: draw_rgb(c, r, red, 32)))(centres, radii)
    hard = jax.jit(jax.vmap(lambda c, r: draw_binary(c, r, 32)))(centres, radii)
    differs = (np.asarray(soft)[..., 0] >= LIT_FROM) != (
        np.asarray(hard)[..., 0] == 255
    )
    grid = np.arange(32) / 31
    x, y = np.asarray(centres, np.float64)[:, 0].T
    far = np.hypot(
        grid[None, None, :] - x[:, None, None],
        grid[None, ::-1, None] - y[:, None, None],
    )
    edge = np.abs(far - np.asarray(radii, np.float64)[:, :, None] - LIT_MARGIN)
    assert not differs[edge > 1e-6].any()
    assert set(np.unique(hard)) == {0, 255}


def test_frames_are_upright() -> None:
    high = np.asarray(draw_binary(jnp.array([[0.5, 0.9]]), jnp.array([0.05]), 32))
    assert np.flatnonzero(high[:, :, 0].any(1)).max() < 8


def test_hues() -> None:
    np.testing.assert_array_equal(hues(1), [[1, 0, 0]])
    np.testing.assert_array_equal(hues(2), [[1, 0, 0], [0, 1, 1]])
    assert hues(6).shape == (6, 3)

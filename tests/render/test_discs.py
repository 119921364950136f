"""Discs: the soft law, its thresholded form, and that the two agree."""

import itertools

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
    draw_thresholded,
    hues,
    lit_margin,
    pick_hues,
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
    hard = np.asarray(draw_thresholded(centres, radii, jnp.asarray(hues(2)), 32))
    assert (hard == 255).sum((0, 1)).tolist() == [42, 44, 46]
    assert set(np.unique(hard)) == {0, 255}
    # Red on the left, cyan on the right; nothing in between.
    assert not hard[:, 16:, 0].any() and not hard[:, :16, 1:].any()


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


@pytest.mark.parametrize(("num_hues", "num_discs"), [(6, 1), (6, 2), (6, 3), (3, 3)])
def test_all_ordered_choices_of_hues_are_equally_likely(
    num_hues: int, num_discs: int
) -> None:
    """Equal pieces of [0, 1] stand for the choices, in their order."""
    choices = list(itertools.permutations(range(num_hues), num_discs))
    parts = np.repeat(np.arange(len(choices)), 3)
    inside = np.tile([0.01, 0.5, 0.99], len(choices))
    which = jnp.asarray((parts + inside) / len(choices), jnp.float32)
    pick = jax.jit(jax.vmap(lambda w: pick_hues(num_hues, num_discs, w)))
    expected = np.asarray(hues(num_hues))[np.asarray(choices)[parts]]
    np.testing.assert_array_equal(pick(which), expected)
    ends = np.asarray(pick(jnp.asarray([0.0, 1.0])))
    np.testing.assert_array_equal(ends, expected[[0, -1]])


def test_discs_never_share_a_hue() -> None:
    which = jnp.linspace(0, 1, 400)
    picked = np.asarray(jax.jit(jax.vmap(lambda w: pick_hues(6, 4, w)))(which))
    for colours in picked:
        assert len(np.unique(colours, axis=0)) == 4


def test_the_first_disc_is_on_top() -> None:
    centres = jnp.array([[0.45, 0.5], [0.55, 0.5]])
    radii, colours = jnp.array([0.2, 0.2]), jnp.asarray(hues(2))
    red_first = np.asarray(draw_rgb(centres, radii, colours, 32))
    cyan_first = np.asarray(draw_rgb(centres, radii, colours[::-1], 32))
    assert red_first[16, 16, 0] > 250 and red_first[16, 16, 1] < 10
    assert cyan_first[16, 16, 0] < 10 and cyan_first[16, 16, 1] > 250


def test_permuted_discs_light_the_same_pixels() -> None:
    rng = np.random.default_rng(2)
    centres = jnp.asarray(rng.uniform(0, 1, (5, 2)), jnp.float32)
    radii = jnp.asarray(rng.uniform(0.05, 0.2, 5), jnp.float32)
    order = rng.permutation(5)
    one = draw_binary(centres, radii, 32)
    np.testing.assert_array_equal(one, draw_binary(centres[order], radii[order], 32))


FINE = 8
"""Samples a pixel is divided into, each way."""


def fine_picture(
    centres: np.ndarray, radii: np.ndarray, colours: np.ndarray
) -> np.ndarray:
    """The law of soft discs at 8 x 8 points of every pixel, in float64, averaged.

    Pixels around the border stick out of the canvas by half their width.
    """
    at = ((np.arange(32 * FINE) + 0.5) / FINE - 0.5) / 31
    picture, free = np.zeros((32 * FINE, 32 * FINE, 3)), np.ones((32 * FINE,) * 2)
    for (x, y), radius, colour in zip(centres, radii, colours, strict=True):
        far = np.hypot(at[None, :] - x, at[::-1, None] - y)
        cover = free / (1 + np.exp(-80 * (radius - far)))
        picture += cover[:, :, None] * colour
        free = free - cover
    picture += free[:, :, None] * np.array(BACKGROUND)
    return picture.reshape(32, FINE, 32, FINE, 3).mean((1, 3))


def fine_disc(centre: np.ndarray, radius: float) -> np.ndarray:
    """Which part of every pixel a hard disc covers, by 8 x 8 points."""
    at = ((np.arange(32 * FINE) + 0.5) / FINE - 0.5) / 31
    inside = np.hypot(at[None, :] - centre[0], at[::-1, None] - centre[1]) <= radius
    return inside.reshape(32, FINE, 32, FINE).mean((1, 3))


def mass_and_centre(picture: np.ndarray) -> np.ndarray:
    """Sum of a picture's values, and the row and column of its centre."""
    rows, columns = np.indices(picture.shape)
    total = picture.sum()
    return np.array([total, (rows * picture).sum(), (columns * picture).sum()]) / (
        np.array([1, total, total])
    )


def test_hard_discs_against_supersampling() -> None:
    """Areas and centroids; a disc inside the canvas, anywhere, of any size.

    A pixel is lit or not, so that one area may be wrong by some pixels of the edge; on
    the average nothing is added or lost.
    """
    rng = np.random.default_rng(3)
    num = 200
    radii = rng.uniform(0.1, 0.2, num)
    centres = rng.uniform(radii[:, None] + 0.05, 0.95 - radii[:, None], (num, 2))
    draw = jax.jit(jax.vmap(lambda c, r: draw_binary(c[None], r[None], 32)))
    frames = np.asarray(draw(jnp.asarray(centres), jnp.asarray(radii)))[..., 0] / 255
    ours = np.array([mass_and_centre(frame) for frame in frames])
    fine = np.array(
        [
            mass_and_centre(fine_disc(c, r + LIT_MARGIN))
            for c, r in zip(centres, radii, strict=True)
        ]
    )
    exact = np.pi * (31 * (radii + LIT_MARGIN)) ** 2
    np.testing.assert_allclose(fine[:, 0], exact, atol=1.0)
    error = ours - fine
    edge = 2 * np.pi * 31 * (radii + LIT_MARGIN)
    assert (np.abs(error[:, 0]) < 0.3 * edge).all()
    assert np.abs(error[:, 1:]).max() < 0.25
    # Means of 200: standard deviations are 1.7 pixels, and 0.07 of a pixel's width.
    assert abs(error[:, 0].mean()) < 0.4
    assert np.abs(error[:, 1:].mean(0)).max() < 0.02


def test_soft_discs_against_supersampling() -> None:
    """Three overlapping discs in three colours, at pixel precision and on the whole."""
    rng = np.random.default_rng(4)
    num = 40
    radii = rng.uniform(0.06, 0.15, (num, 3))
    centres = rng.uniform(0.25, 0.75, (num, 3, 2))
    colours = np.asarray(hues(6), np.float64)[[0, 2, 4]]
    draw = jax.jit(jax.vmap(lambda c, r: soft_discs(c, r, jnp.asarray(colours), 32)))
    frames = np.asarray(draw(jnp.asarray(centres), jnp.asarray(radii)))
    cut = draw_rgb(
        jnp.asarray(centres[0]), jnp.asarray(radii[0]), jnp.asarray(colours), 32
    )
    np.testing.assert_allclose(cut, frames[0] * 255 - 0.5, atol=0.501)
    seen = 0
    for frame, centre, radius in zip(frames, centres, radii, strict=True):
        fine = fine_picture(centre, radius, colours)
        assert np.abs(frame - fine).max() < 0.08
        assert np.abs((frame - fine).mean((0, 1))).max() < 1e-4
        # In each channel one disc stands out, where the discs above leave enough of it.
        own, reference = (np.maximum(p - BACKGROUND, 0) for p in (frame, fine))
        for channel in range(3):
            if reference[..., channel].sum() > 5:
                seen += 1
                there = mass_and_centre(reference[..., channel])
                here = mass_and_centre(own[..., channel])
                assert here[0] == pytest.approx(there[0], rel=0.06)
                np.testing.assert_allclose(here[1:], there[1:], atol=0.12)
    assert seen > 100

"""Pictures are files that another program reads back."""

from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from foreworld.core.errors import ConfigError
from foreworld.render.gif import contact_sheet, grid_of, write_gif, write_png


def frames(channels: int) -> np.ndarray:
    out = np.zeros((4, 8, 8, channels), np.uint8)
    for t in range(4):
        out[t, t : t + 3, 2:5] = 255
    return out


@pytest.mark.parametrize("channels", [1, 3])
def test_gif_holds_the_frames(tmp_path: Path, channels: int) -> None:
    path = tmp_path / "deep" / "a.gif"
    write_gif(path, frames(channels), scale=2)
    back = iio.imread(path, extension=".gif", mode="RGB")
    assert back.shape == (4, 16, 16, 3)
    expected = frames(1)[..., 0].repeat(2, 1).repeat(2, 2)
    np.testing.assert_array_equal(back[..., 0], expected)
    assert [p.name for p in path.parent.iterdir()] == ["a.gif"]


def test_contact_sheet(tmp_path: Path) -> None:
    sheet = contact_sheet(np.stack([frames(1)] * 3), every=2, gap=1)
    assert sheet.shape == (3 * 9 + 1, 2 * 9 + 1, 1)
    np.testing.assert_array_equal(sheet[1:9, 1:9], frames(1)[0])
    np.testing.assert_array_equal(sheet[10:18, 10:18], frames(1)[2])
    write_png(tmp_path / "sheet.png", sheet)
    np.testing.assert_array_equal(iio.imread(tmp_path / "sheet.png"), sheet[..., 0])


def test_grid_is_padded() -> None:
    assert grid_of(frames(3)[:3], gap=0).shape == (16, 16, 3)


def test_odd_channels_and_empty_sequences_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"frames have 2 channels; pictures need 1"):
        write_gif(tmp_path / "a.gif", frames(2))
    with pytest.raises(ConfigError, match="the sequence is empty"):
        write_gif(tmp_path / "a.gif", frames(1)[:0])

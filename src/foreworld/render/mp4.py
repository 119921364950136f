"""Writes frames as MP4 with the machine's ffmpeg, or that of imageio-ffmpeg."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
from jaxtyping import UInt8

from foreworld.core.errors import ConfigError
from foreworld.render.gif import check_fps

NO_FFMPEG = (
    "no MP4: there is no ffmpeg on this machine, and imageio-ffmpeg brings none for "
    "it. Install one ('apt-get install ffmpeg') and run this again."
)


def find_ffmpeg() -> str | None:
    """Path of ffmpeg: the machine's, or that of imageio-ffmpeg; ``None`` for none."""
    if found := shutil.which("ffmpeg"):
        return found
    # Slow to import, and rarely wanted.
    from imageio_ffmpeg import get_ffmpeg_exe

    try:
        return get_ffmpeg_exe()
    except RuntimeError:
        return None


def mp4_bytes(
    frames: UInt8[np.ndarray, "time height width channels"],
    fps: float = 10.0,
    scale: int = 4,
) -> bytes:
    """A film that browsers and slides play.

    Parameters
    ----------
    frames
        1 or 3 channels, upright.
    fps
        Frames a second.
    scale
        Each pixel becomes a square of this many pixels.

    Raises
    ------
    ConfigError
        There is no ffmpeg, it cannot write this, or ``fps`` is not allowed.
    """
    check_fps(fps)
    program = find_ffmpeg()
    if program is None:
        raise ConfigError(NO_FFMPEG)
    _, height, width, channels = frames.shape
    # Square pixels stay sharp, and the usual colour format wants even sides.
    shape = f"scale={width * scale}:{height * scale}:flags=neighbor"
    words = [
        *(program, "-loglevel", "error", "-f", "rawvideo"),
        *("-pix_fmt", "gray" if channels == 1 else "rgb24"),
        *("-s", f"{width}x{height}", "-r", f"{fps:g}", "-i", "-"),
        *("-vf", f"{shape},pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p"),
        *("-bf", "0"),
        # In pieces, because a stream cannot be rewound to write its length.
        *("-movflags", "frag_keyframe+empty_moov", "-f", "mp4", "-"),
    ]
    pixels = np.ascontiguousarray(frames).tobytes()
    done = subprocess.run(words, input=pixels, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise ConfigError(
            f"{program} could not write the MP4: "
            f"{said[-1] if said else f'it ended with code {done.returncode}'}."
        )
    return done.stdout

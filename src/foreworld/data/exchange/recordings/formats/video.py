"""Films as cameras and browsers write them, decoded by ffmpeg."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import numpy as np

from foreworld.core.errors import ConfigError
from foreworld.data.exchange.recordings.guard import (
    Unreadable,
    check_file,
    check_memory,
    reading,
)
from foreworld.data.format.observation import LARGEST
from foreworld.render.mp4 import find_ffmpeg

FILMS = {
    ".mp4": "mov",
    ".m4v": "mov",
    ".mov": "mov",
    ".avi": "avi",
    ".mkv": "matroska",
    ".webm": "matroska",
}
"""What ffmpeg calls the containers, by the names that files end in."""
_CLEAR = re.compile(r"\b(yuva|rgba|bgra|argb|abgr|gbrap|ya8|ya16)")
"""Pixels that have transparency, as ffmpeg names them."""
_MOST_FRAMES = 10**6


def num_frames(path: Path) -> int:
    """Frames of a film: it is decoded once, and nothing kept.

    Raises
    ------
    ConfigError
        There is no ffmpeg, or it cannot read this, or it is too long, or holds more
        than frames of colours.
    """
    _check_tracks(path)
    num = 0
    for frame in _decoded(path):
        num += 1
        check_memory(path, 2 * num * frame.nbytes)
        if num > _MOST_FRAMES:
            raise ConfigError(
                f"{path} has more than {_MOST_FRAMES:,} frames. Cut it into shorter "
                f"films."
            )
    if not num:
        raise ConfigError(f"{path} holds no frames. Leave it out.")
    return num


def _check_tracks(path: Path) -> None:
    """Refuse what of a film would be left out without a word."""
    check_file(path)
    # Asked for no output, it says what there is and ends.
    said = subprocess.run(
        _opening(path, "-hide_banner"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    ).stderr.decode(errors="replace")
    found = re.findall(r"Stream #0:.*: Video: (.*)", said)
    tracks = [one for one in found if "attached pic" not in one]
    if len(tracks) > 1:
        raise ConfigError(
            f"{path} holds {len(tracks)} tracks of pictures. Save the one that is "
            f"meant by itself."
        )
    if re.search(r"alpha_mode *: 1", said) or any(map(_CLEAR.search, tracks)):
        raise ConfigError(
            f"{path} has transparent parts, for which there is no rule in films. Lay "
            f"it over a colour before."
        )


def read_video(path: Path) -> np.ndarray:
    """All frames, ``(time, height, width, 3)``; errors as :func:`num_frames`."""
    return np.stack(list(_decoded(path)))


def _decoded(path: Path) -> Iterator[np.ndarray]:
    check_file(path)
    words = [
        *_opening(path, "-loglevel", "error", "-xerror"),
        *("-map", "0:v:0", "-fps_mode", "passthrough", "-pix_fmt", "rgb24"),
        *("-f", "image2pipe", "-c:v", "ppm", "-"),
    ]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        # Both are pipes, as asked for above.
        stdout, stderr = (
            cast(IO[bytes], process.stdout),
            cast(IO[bytes], process.stderr),
        )
        try:
            with reading(path, "a film"):
                while (frame := _next_frame(stdout)) is not None:
                    yield frame
                said = stderr.read().decode(errors="replace").strip()
                if process.wait():
                    last = said.splitlines()[-1] if said else "no reason"
                    # Without the address of ffmpeg's own object.
                    raise Unreadable(re.sub(r"^\[[^]]*\] ", "", last).rstrip("."))
        finally:
            process.kill()


def _opening(path: Path, *words: str) -> list[str]:
    """How ffmpeg opens a film.

    It may open this file and nothing else, and as what its name says: a list of
    addresses called .mp4 would be followed otherwise.
    """
    program = find_ffmpeg()
    if program is None:
        raise ConfigError(
            f"{path} cannot be read: there is no ffmpeg on this machine. Install it "
            f"('apt-get install ffmpeg') and run this again, or save the frames as "
            f"images."
        )
    return [
        *(program, "-nostdin", *words),
        *("-protocol_whitelist", "file", "-max_pixels", str(LARGEST**2)),
        *("-f", FILMS[path.suffix.lower()], "-i", f"file:{path.absolute()}"),
    ]


def _next_frame(stream: IO[bytes]) -> np.ndarray | None:
    """The next portable pixmap: three lines, then rows of colours."""
    kind = stream.readline(16)
    if not kind:
        return None
    width, height = (int(word) for word in stream.readline(32).split())
    stream.readline(16)
    pixels = stream.read(height * width * 3)
    return np.frombuffer(pixels, np.uint8).reshape(height, width, 3)

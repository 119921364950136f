"""Pictures of a person's: which formats are decoded, and what becomes of each kind of
pixel.

Pillow is told which formats it may try, whatever a file is called. Each mode of pixels
has a rule of its own here; one without is refused, never converted by chance.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from foreworld.core.errors import ConfigError
from foreworld.data.exchange.recordings.account import Account, Options
from foreworld.data.exchange.recordings.guard import (
    check_file,
    check_memory,
    check_packing,
    reading,
)
from foreworld.data.exchange.recordings.values import SIXTEEN, scaled
from foreworld.data.format.observation import LARGEST

FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".bmp": "BMP",
    ".gif": "GIF",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
    ".ppm": "PPM",
    ".pgm": "PPM",
}
"""Formats by the names that files end in."""
_ANIMATED = ("GIF", "TIFF", "WEBP", "PNG")
"""Formats that may hold several pictures; of others the first is the picture."""
_ORIENTATION, _PHOTOMETRIC = 0x0112, 0x0106
_WHITE_IS_ZERO = 0
_SIXTEEN = ("I;16", "I;16L", "I;16B", "I;16N")

Pixels = np.ndarray


def num_pictures(path: Path) -> int:
    """How many pictures are in a file.

    Raises
    ------
    ConfigError
        It cannot be read.
    """
    if FORMATS[path.suffix.lower()] not in _ANIMATED:
        return 1
    check_file(path)
    with reading(path, "an image"), _open(path) as image:
        return _count(image)


def durations(path: Path) -> tuple[float, ...]:
    """Milliseconds for which each picture of a file is shown; 0 where it is not said.

    Raises
    ------
    ConfigError
        It cannot be read.
    """
    check_file(path)
    with reading(path, "an image"), _open(path) as image:
        shown = []
        for number in _numbers_checked(path, image):
            image.seek(number)
            if image.format == "WEBP":
                # Of these it is known only when the picture is unpacked.
                image.load()
            shown.append(float(image.info.get("duration") or 0))
        return tuple(shown)


def read_picture(path: Path, options: Options, account: Account) -> Pixels:
    """The only picture of a file, ``(height, width, channels)``.

    Parameters
    ----------
    path, options, account
        The file, how it is read, and where is said what was done to it.

    Raises
    ------
    ConfigError
        It cannot be read, or not without a loss.
    """
    check_file(path)
    with reading(path, "an image"), _open(path) as image:
        if (num := _count(image)) > 1:
            raise ConfigError(
                f"{path} holds {num} pictures, among files of one each. Name it by "
                f"itself: it is then a sequence."
            )
        return _frame(path, image, options, account)


def read_film(path: Path, options: Options, account: Account) -> Pixels:
    """All pictures of a file, ``(time, height, width, channels)``.

    Parameters
    ----------
    path, options, account
        The file, how it is read, and where is said what was done to it.

    Raises
    ------
    ConfigError
        It cannot be read, its pictures differ in size, or they do not fit in memory.
    """
    check_file(path)
    with reading(path, "an image"), _open(path) as image:
        frames = []
        for number in _numbers_checked(path, image):
            image.seek(number)
            frames.append(_frame(path, image, options, account))
            if frames[-1].shape[:2] != frames[0].shape[:2]:
                raise ConfigError(
                    f"{path}: picture {number} is {size_of(frames[-1])}, but the first "
                    f"is {size_of(frames[0])}. All frames must have one size."
                )
        return alike(frames)


def size_of(frame: Pixels) -> str:
    """Size and kind of a frame in words."""
    height, width, channels = frame.shape
    return f"{height} x {width} {'grey' if channels == 1 else 'colour'}"


def _open(path: Path) -> Any:
    # Imported late: only pictures need it.
    from PIL import Image

    image = Image.open(path, formats=sorted(set(FORMATS.values())))
    if max(image.size) > LARGEST:
        image.close()
        raise ConfigError(
            f"{path} is {image.height} x {image.width} pixels; frames have at most "
            f"{LARGEST} a side. Make it smaller, or cut it."
        )
    return image


def _count(image: Any) -> int:
    return len(_numbers(image))


def _numbers_checked(path: Path, image: Any) -> range:
    """As :func:`_numbers`, where they fit in memory and are no more than was packed."""
    numbers = _numbers(image)
    num_bytes = len(numbers) * image.width * image.height * 3
    check_packing(path, num_bytes)
    check_memory(path, 2 * num_bytes)
    return numbers


def _numbers(image: Any) -> range:
    """Numbers of the pictures that are shown one after the other."""
    if image.format not in _ANIMATED:
        return range(1)
    num = int(getattr(image, "n_frames", 1))
    # What a PNG shows where films are not known is no picture of the film.
    first = int(num > 1 and bool(getattr(image, "default_image", False)))
    return range(first, num)


def _frame(path: Path, image: Any, options: Options, account: Account) -> Pixels:
    from PIL import ImageOps

    sixteen = any("16" in str(tile[-1]) for tile in image.tile)
    image.load()
    if sixteen and image.mode not in (*_SIXTEEN, "I"):
        # Whoever opens colours of 16 bits keeps the upper 8.
        if "transparency" in image.info:
            raise ConfigError(
                f"{path} has 16 bits and a transparent colour, for which there is no "
                f"rule. Save it without."
            )
        account.rules["16 bits of colour cut to the upper 8"] = None
    turned = image
    if image.getexif().get(_ORIENTATION, 1) != 1:
        turned = ImageOps.exif_transpose(image)
        account.rules["turned as their EXIF says"] = None
    mode = turned.mode
    if mode == "I" and image.format == "PPM":
        # Of more than 256 shades, scaled to 65,535 by whoever opened it.
        mode = "I;16"
    if "transparency" in turned.info and mode in ("1", "L", "RGB", "P"):
        mode = "keyed"
    if mode not in RULES:
        allowed = ", ".join(mode for mode in RULES if mode != "keyed")
        raise ConfigError(
            f"{path} has pixels of the mode {mode!r}, for which there is no rule; "
            f"there is one for {allowed}. Save it as grey or RGB with 8 bits."
        )
    pixels = RULES[mode](path, turned, options, account)
    if mode in (*_SIXTEEN, "F") and _tag(image, _PHOTOMETRIC) == _WHITE_IS_ZERO:
        # Of 8 bits it was turned by whoever opened it.
        pixels = 255 - pixels
        account.rules["white is 0, turned as the file says"] = None
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _tag(image: Any, number: int) -> Any:
    """What a TIFF file says of its picture; ``None`` of others."""
    return getattr(image, "tag_v2", {}).get(number)


def _plain(path: Path, image: Any, options: Options, account: Account) -> Pixels:
    del path, options, account
    return np.asarray(image, np.uint8)


def _binary(path: Path, image: Any, options: Options, account: Account) -> Pixels:
    del path, options, account
    return np.asarray(image.convert("L"), np.uint8)


def _palette(path: Path, image: Any, options: Options, account: Account) -> Pixels:
    del path, options, account
    return np.asarray(image.convert("RGB"), np.uint8)


def _sixteen(path: Path, image: Any, options: Options, account: Account) -> Pixels:
    del options
    if "transparency" in image.info:
        raise ConfigError(
            f"{path} has 16 bits and a transparent grey, for which there is no rule. "
            f"Save it without."
        )
    account.rules[SIXTEEN] = None
    return scaled(np.asarray(image))


def _fractions(path: Path, image: Any, options: Options, account: Account) -> Pixels:
    del options
    values = np.asarray(image, np.float32)
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
        raise ConfigError(
            f"{path} holds floats from {values.min():g} to {values.max():g}; those of "
            f"frames are fractions from 0 to 1. Scale them and save it again."
        )
    account.rules["fractions scaled to 255"] = None
    return np.round(values * 255).astype(np.uint8)


def _alpha(path: Path, image: Any, options: Options, account: Account) -> Pixels:
    del path
    grey = image.mode in ("1", "L", "LA")
    pixels = np.asarray(image.convert("RGBA")).astype(np.uint32)
    colour, alpha = pixels[..., :3], pixels[..., 3:]
    below = np.asarray(options.background, np.uint32)
    if (alpha < 255).any():
        told = "#{:02x}{:02x}{:02x}".format(*options.background)
        account.rules[f"transparency laid over {told}"] = None
    laid = ((colour * alpha + below * (255 - alpha) + 127) // 255).astype(np.uint8)
    same = len(set(options.background)) == 1
    return laid[..., :1] if grey and same else laid


RULES: dict[str, Callable[[Path, Any, Options, Account], Pixels]] = {
    "1": _binary,
    "L": _plain,
    "RGB": _plain,
    "P": _palette,
    "LA": _alpha,
    "PA": _alpha,
    "RGBA": _alpha,
    "keyed": _alpha,
    **dict.fromkeys(_SIXTEEN, _sixteen),
    "F": _fractions,
}
"""What becomes of each mode; ``keyed`` are those with a transparent colour."""


def alike(frames: list[Pixels]) -> Pixels:
    """Frames of one sequence as an array, with one number of channels.

    Some formats know no grey, and Pillow gives the first frame of a grey GIF as grey
    and the others in colours: colours that are all grey become grey then.
    """
    channels = {frame.shape[-1] for frame in frames}
    if len(channels) == 1:
        return np.stack(frames)
    if all((frame == frame[..., :1]).all() for frame in frames):
        return np.stack([frame[..., :1] for frame in frames])
    return np.stack([np.broadcast_to(f, (*f.shape[:2], 3)) for f in frames])

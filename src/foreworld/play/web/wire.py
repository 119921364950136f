"""What the server sends: the page as JSON, then one binary message a frame.

A frame is the length of its header (4 bytes, little endian), the header (JSON, UTF-8),
and the raw pixels of its pictures one after the other, rows from the top. Pictures are
small and drawn with ``putImageData``; compressing them would cost more than sending.
Those of what agents observe follow the others, in the order of the panels.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

from foreworld.play.stage.base import Bar, Frame, Page, Panel


def encode_page(page: Page) -> str:
    """The page as JSON text."""
    return json.dumps(dataclasses.asdict(page), allow_nan=False)


def encode_frame(frame: Frame, number: int, playing: bool, rate: float) -> bytes:
    """A frame as one binary message.

    Parameters
    ----------
    frame
        Pictures, numbers and what else is shown.
    number
        The browser sends it back when it has drawn the frame.
    playing, rate
        Whether time runs, and steps a second.
    """
    sights = [one.picture for panel in frame.panels for one in panel.sights]
    pictures = [*frame.pictures, *(one for one in sights if one is not None)]
    places = itertools.count(len(frame.pictures))
    header = {
        "frame": number,
        "playing": playing,
        "rate": rate,
        **vars(frame),
        "pictures": [list(picture.shape) for picture in pictures],
        "numbers": [{**vars(n), "value": _finite(n.value)} for n in frame.numbers],
        "bars": _bars(frame.bars),
        "panels": [_panel(one, places) for one in frame.panels],
        "targets": [vars(one) for one in frame.targets],
        "state": [_finite(value) for value in frame.state],
    }
    text = json.dumps(header, allow_nan=False).encode()
    pixels = [np.ascontiguousarray(picture).tobytes() for picture in pictures]
    return b"".join([struct.pack("<I", len(text)), text, *pixels])


def decode_frame(data: bytes) -> tuple[dict[str, Any], list[np.ndarray]]:
    """Header and pictures of a frame, for clients in Python."""
    (size,) = struct.unpack_from("<I", data)
    header = json.loads(data[4 : 4 + size])
    pictures, offset = [], 4 + size
    for shape in header["pictures"]:
        count = math.prod(shape)
        flat = np.frombuffer(data, np.uint8, count, offset)
        pictures.append(flat.reshape(shape))
        offset += count
    return header, pictures


def _bars(bars: tuple[Bar, ...]) -> list[dict[str, Any]]:
    return [{**vars(bar), "value": _finite(bar.value)} for bar in bars]


def _panel(panel: Panel, places: Iterator[int]) -> dict[str, Any]:
    told = {"reward": _finite(panel.reward), "total": _finite(panel.total)}
    sights = [
        {**vars(one), "picture": None if one.picture is None else next(places)}
        for one in panel.sights
    ]
    return {**vars(panel), **told, "bars": _bars(panel.bars), "sights": sights}


def _finite(value: float) -> float | None:
    """JSON has neither NaN nor infinities."""
    return value if math.isfinite(value) else None

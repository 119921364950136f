"""What tests of imports share: pictures, arrays, and how they are brought."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foreworld.core.errors import ConfigError
from foreworld.data.exchange.importing import import_data
from foreworld.data.format.check import check_dataset
from foreworld.data.reading.dataset import DataSet

RNG = np.random.default_rng(0)


def frames(*shape: int) -> np.ndarray:
    return RNG.integers(0, 256, shape, np.uint8)


def brought(files: Any, **settings: Any) -> DataSet:
    path = Path(files[0] if isinstance(files, list) else files)
    out = path.parent / f"{path.stem}-set"
    data = import_data(
        files, out, **{"val": 0, "test": 0, "quiet": True, "force": True, **settings}
    )
    assert check_dataset(out) == []
    return data


def refused(files: Any, said: str, **settings: Any) -> None:
    with pytest.raises(ConfigError, match=said):
        brought(files, **settings)


def folder(path: Path, **pictures: Any) -> Path:
    """A folder of pictures, the names' underlines being points."""
    path.mkdir(parents=True, exist_ok=True)
    for name, image in pictures.items():
        image.save(path / name.replace("_", "."))
    return path

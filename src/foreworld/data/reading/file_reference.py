"""Names a file of arrays in a configuration: points, images, weights of a network."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from foreworld.core.disk.folder import checksum
from foreworld.core.disk.places import expanded
from foreworld.core.errors import ConfigError, DamagedError
from foreworld.core.parts.part import Place
from foreworld.core.parts.reference import SPLITS, AbstractRef
from foreworld.data.exchange.recordings.guard import check_memory, check_packing

_KINDS = (".npz", ".safetensors")


class FileRef(AbstractRef):
    """A file of named arrays, NPZ or safetensors.

    Arrays whose names begin with ``train/``, ``val/`` or ``test/`` belong to that split
    alone; the others to all. Nothing in the file is run.
    """

    known_by: ClassVar[str] = "contents"

    path: Annotated[str, Place()]
    """the file"""
    contents: str = ""
    """which file it is: its SHA-256; filled in from the file when empty"""

    def __check_init__(self) -> None:
        super().__check_init__()
        if Path(self.path).suffix not in _KINDS:
            raise ConfigError(
                f"{self.path} is no file of arrays: its name must end in "
                f"{' or '.join(_KINDS)}."
            )
        if not self.contents:
            object.__setattr__(self, "contents", self._checksum())

    def read(self, split: str) -> dict[str, np.ndarray]:
        """The arrays of a split by their names, without the name of the split."""
        if self._checksum() != self.contents:
            raise ConfigError(
                f"{self.path} was altered: it is another file than this configuration "
                f"was made with. Put the old one back, or name the new one anew."
            )
        arrays, found = self._arrays(), {}
        for name, array in arrays.items():
            head, _, rest = name.partition("/")
            if head not in SPLITS:
                found.setdefault(name, array)
            elif head == split:
                found[rest] = array
        if not found:
            raise ConfigError(
                f"{self.path} holds nothing for the split {split}, only "
                f"{', '.join(arrays)}. Name arrays {split}/... or without a split."
            )
        return found

    def _checksum(self) -> str:
        place = expanded(self.path)
        if not place.is_file():
            raise DamagedError(
                f"there is no file {self.path}. It was moved or deleted: put it back, "
                f"or name the place where it lies now."
            )
        return checksum(place)

    def _arrays(self) -> dict[str, np.ndarray]:
        place = expanded(self.path)
        try:
            if place.suffix == ".safetensors":
                return safetensors.numpy.load_file(place)
            with zipfile.ZipFile(place) as file:
                size = sum(entry.file_size for entry in file.infolist())
            check_packing(place, size)
            check_memory(place, size)
            with np.load(place, allow_pickle=False) as file:
                return {name: file[name] for name in file.files}
        except (OSError, ValueError, zipfile.BadZipFile, SafetensorError) as error:
            raise DamagedError(f"{self.path} cannot be read: {error}.") from error

"""Names a data set in an experiment's configuration: where it lies and which it is."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np

from foreworld.core.disk.places import expanded
from foreworld.core.errors import ConfigError
from foreworld.core.parts.part import Place
from foreworld.core.parts.reference import AbstractRef
from foreworld.data.format.config import read_identity, read_recipe
from foreworld.data.format.schema import LENGTHS, learnt
from foreworld.data.reading.dataset import DataSet, open_dataset
from foreworld.data.reading.split import NumColumns, StatePolicy


class DataRef(AbstractRef):
    """A data set on the disk.

    The identity is in the content hash and the path is not, so an experiment finds its
    results again after its data set was moved, and never with another data set.
    """

    known_by: ClassVar[str] = "identity"

    path: Annotated[str, Place()]
    """folder of the data set"""
    identity: str = ""
    """which data set it is; filled in from the folder when empty"""
    states: StatePolicy = "equal"
    """what becomes of states of different width, where there are several tasks: equal:
    an error; pad: zeros up to the widest; truncate: the first columns of each"""
    num_columns: NumColumns = 0
    """columns that truncate leaves; 0 for as many as the narrowest task has"""

    def __check_init__(self) -> None:
        super().__check_init__()
        if not self.identity:
            folder = expanded(self.path)
            identity = read_identity(folder, read_recipe(folder))
            object.__setattr__(self, "identity", identity)

    def read(self, split: str) -> dict[str, Any]:
        """The columns of a split that learners may see, all sequences, by name.

        Of a ragged column ``walk`` the entries of all sequences, and ``lengths/walk``.
        """
        rows: Any = getattr(self.dataset(), split)
        try:
            found = {}
            for name in learnt(rows.columns):
                if name in rows.ragged:
                    some = rows.ragged_rows(name, np.arange(len(rows)))
                    found |= {name: some.values, f"{LENGTHS}{name}": some.lengths}
                else:
                    found[name] = rows.read(name, slice(None))
            return found
        finally:
            rows.close()

    def dataset(self) -> DataSet:
        """The data set, if the folder still holds the one that is meant.

        Raises
        ------
        ConfigError
            The folder holds another data set.
        DamagedError
            The folder is missing, unfinished or damaged.
        """
        data = open_dataset(self.path, None, self.states, self.num_columns)
        if data.identity != self.identity:
            raise ConfigError(
                f"{self.path} holds another data set than this experiment was made "
                f"with: {data.identity} instead of {self.identity}. Name the folder of "
                f"the right one, or start a new experiment."
            )
        return data

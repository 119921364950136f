"""MATLAB files: up to version 7 by SciPy, of version 7.3, which is HDF5, by h5py."""

from __future__ import annotations

import math
from pathlib import Path

import h5py
import numpy as np

from foreworld.data.exchange.recordings.account import Account, Options, Reel
from foreworld.data.exchange.recordings.arrays import Held, columns_of, file_reels
from foreworld.data.exchange.recordings.guard import (
    Unreadable,
    check_memory,
    check_packing,
    reading,
)
from foreworld.data.exchange.recordings.hdf5 import hdf5_reels

_BYTES = {
    "double": 8,
    "single": 4,
    "logical": 1,
    **{f"{sign}int{bits}": bits // 8 for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
"""Bytes of a number by the name of its class."""


def matlab_reels(path: Path, options: Options, account: Account) -> list[Reel]:
    """The sequences in a MATLAB file.

    MATLAB leaves out axes of length 1 at the end; where ``axes`` are told they are put
    back.

    Parameters
    ----------
    path, options, account
        The file, how it is read, and where is said what was assumed.

    Raises
    ------
    ConfigError
        It cannot be read, or holds no sequences.
    """
    if h5py.is_hdf5(path):
        return hdf5_reels(path, options, account)
    # Imported late: SciPy takes a while, and few bring such files.
    from scipy.io import loadmat, whosmat

    with reading(path, "a MATLAB file"):
        about = {name: (shape, kind) for name, shape, kind in whosmat(path)}
        columns = columns_of(options.names, list(about))
        for name in columns.values():
            if (kind := about[name][1]) not in _BYTES:
                raise Unreadable(f"{name} is a {kind}; only numbers are read")
        sizes = [math.prod(about[n][0]) * _BYTES[about[n][1]] for n in columns.values()]
        check_packing(path, sum(sizes))
        check_memory(path, 3 * sum(sizes))
        wanted = list(columns.values())
        # As MATLAB has them, not as they are packed: fractions of 0 and 1 stay such.
        arrays = loadmat(path, variable_names=wanted, mat_dtype=True) if wanted else {}
    found = {}
    for key, name in columns.items():
        array = arrays[name]
        if key == "image" and options.axes:
            missing = len(options.axes) - array.ndim
            array = array.reshape(*array.shape, *[1] * max(0, missing))
        found[key] = Held(array.shape, array.dtype, np.asarray(array).__getitem__)
    return file_reels(path, "a MATLAB file", found, list(about), options, account)

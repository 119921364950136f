"""Bits turned over anywhere in finished folders: no reader returns a changed number.

Each reader gives what it gave before, or an error for people.
"""

import random

import jax
import numpy as np
import pytest

import foreworld as fw
from foreworld.core.errors import ForeworldError
from foreworld.data.exchange.npz_slvm import write_triples
from foreworld.data.reading import split as split_module
from foreworld.sweeps.results.table import write_csv
from foreworld.testing.faults import flip
from foreworld.train.checkpoint import flatten
from tests.faults.verbs import sweep, train

SIZES = {"train": 6, "val": 2, "num_frames": 4, "quiet": True}


def columns(folder, out):
    train = fw.load(folder).train
    return {name: train.read(name, slice(None)) for name in train.columns}


def one(folder, out):
    return fw.load(folder).train.image[3]


def device(folder, out):
    # What an earlier call has read stays right: here the files themselves are meant.
    split_module._device.cache_clear()
    return fw.load(folder).train.device().columns


def loader(folder, out):
    return list(fw.load(folder).train.loader(2, seed=0))


def tasks(folder, out):
    return {n: d.val.state[:] for n, d in fw.load(folder).tasks.items()}


def episodes(folder, out):
    made = fw.load(folder).train.episodes(num_context=2, seed=0)
    return [made.item(0, position) for position in range(3)]


def export(folder, out):
    files = write_triples(fw.load(folder), out, force=True)
    return [file.read_bytes() for file in files]


def results(folder, out):
    found = fw.results(folder, quiet=True, write=False)
    return {str(name): found[name].values for name in found.variables}


def best(folder, out):
    return repr(fw.best(folder))


def state(folder, out):
    return flatten(fw.load(folder).state(0, 0), "state")


def table(folder, out):
    return write_csv(folder, out / "table.csv").read_text()


DATA = (columns, one, device, loader)
STUDY = (results, best, state, table)
READERS = {
    "hdf5": (*DATA, export),
    "npz": DATA,
    "tasks": (columns, tasks, episodes, loader),
    "run": STUDY,
    "study": STUDY,
}
"""What reads each kind of folder."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    base = tmp_path_factory.mktemp("read")
    family = fw.worlds.Pendulum.family(mass=fw.Uniform(0.5, 1.0))
    fw.generate(family, base / "hdf5", shard_len=3, chunk_len=3, **SIZES)
    fw.generate(family, base / "npz", store="npz", **SIZES)
    fw.generate("slvm/gravity3", base / "tasks", **SIZES)
    train(base / "run")
    sweep(base / "study")
    return base


def same(a, b):
    a, b = jax.tree.leaves(a), jax.tree.leaves(b)
    return len(a) == len(b) and all(map(_equal, a, b))


def _equal(a, b):
    if isinstance(a, str | bytes):
        return a == b
    a, b = np.asarray(a), np.asarray(b)
    assert a.dtype != object, "compared by its address"
    return a.dtype == b.dtype and a.tobytes() == b.tobytes()


def turn_over(kind, number, folders, out):
    folder, dice = folders / kind, random.Random(f"{kind} {number}")
    before = {reader: reader(folder, out) for reader in READERS[kind]}
    names = sorted(path for path in folder.rglob("*") if path.is_file())
    refused = 0
    for turn in range(number):
        path = names[turn % len(names)]
        if not path.stat().st_size:
            continue
        byte, bit = dice.randrange(path.stat().st_size), dice.randrange(8)
        flip(path, byte, bit)
        for reader in READERS[kind]:
            try:
                found = reader(folder, out)
            except ForeworldError as error:
                assert "Traceback" not in str(error)
                refused += 1
            else:
                assert same(found, before[reader]), (reader.__name__, path, byte, bit)
        flip(path, byte, bit)
    assert refused >= number // 4
    assert fw.check(folder) == []


@pytest.mark.parametrize("kind", READERS)
def test_no_reader_returns_a_changed_number(kind, folders, tmp_path):
    turn_over(kind, 12, folders, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", READERS)
def test_no_reader_returns_a_changed_number_of_a_thousand(kind, folders, tmp_path):
    turn_over(kind, 200, folders, tmp_path)

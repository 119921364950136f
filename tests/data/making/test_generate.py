"""Generation: the same bytes however it is done, and nothing lost or overwritten."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foreworld.core.disk.folder import StorageError
from foreworld.core.disk.gate import Operation, intercepted
from foreworld.core.errors import (
    ConfigError,
    DamagedError,
    ForeworldError,
    OccupiedError,
    UnknownNameError,
)
from foreworld.data.format import folder as format_folder
from foreworld.data.format.check import check_dataset
from foreworld.data.format.config import read_columns, read_recipe
from foreworld.data.format.folder import missing, shard_path
from foreworld.data.format.recipe import Recipe, TaskRecipe
from foreworld.data.making import generate as generation
from foreworld.data.making.generate import generate, work
from foreworld.data.making.shards import prepare
from foreworld.data.reading.dataset import open_dataset
from foreworld.launch.here import Here
from foreworld.worlds import Picture
from foreworld.worlds.dynamics.pendulum import Pendulum
from tests.data.small import SIZES, digests, family

WAIT = 120.0
"""Seconds after which a process that should have ended is a failure."""

GENERATE = """
import sys
from foreworld.data.making.generate import generate
from tests.data.small import SIZES, family
generate(family(), sys.argv[1], quiet=True, **{**SIZES, "train": int(sys.argv[2])})
"""
WORK = """
import sys
from pathlib import Path
from foreworld.data.making.generate import work
work(Path(sys.argv[1]))
"""


def start(code: str, *words: object) -> subprocess.Popen[str]:
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'src'}"}
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str]) -> None:
    _, said = process.communicate(timeout=WAIT)
    assert process.returncode == 0, said


def recipe(**changes: int) -> Recipe:
    return Recipe.plain(TaskRecipe(family(), **{**SIZES, **changes}))


def test_the_folder_explains_itself(made: Path) -> None:
    assert sorted(p.name for p in made.iterdir()) == [
        "config.json",
        "manifest.json",
        "train",
        "val",
    ]
    assert sorted(p.name for p in (made / "train").iterdir()) == [
        f"shard-0000{i}.h5" for i in range(3)
    ]
    config = json.loads((made / "config.json").read_text())
    assert config["kind"] == "data set"
    assert config["identity"] == recipe().identity
    image = open_dataset(made).train.image
    stored = sum(p.stat().st_size for p in (made / "train").iterdir())
    assert stored < np.prod(image.shape)  # less than a byte a pixel


def test_bytes_do_not_depend_on_order_or_resumption(made: Path, copy: Path) -> None:
    for name in ("train/shard-00001.h5", "val/shard-00000.h5", "manifest.json"):
        (copy / name).unlink()
    generate(family(), copy, quiet=True, **SIZES)
    assert digests(copy) == digests(made)


def test_lost_and_cut_shards_of_a_finished_set_are_made_again(
    made: Path, copy: Path
) -> None:
    (copy / "train" / "shard-00000.h5").unlink()
    os.truncate(copy / "train" / "shard-00002.h5", 1000)
    generate(family(), copy, quiet=True, **SIZES)
    assert digests(copy) == digests(made)


def test_of_two_that_begin_at_once_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second has looked at an empty folder before the first writes into it."""
    folder, real = tmp_path / "a", format_folder.write_config

    def others_first(*args: Any) -> Any:
        monkeypatch.setattr(format_folder, "write_config", real)
        generate(family(), folder, quiet=True, **{**SIZES, "seed": 8})
        return real(*args)

    monkeypatch.setattr(format_folder, "write_config", others_first)
    with pytest.raises(OccupiedError, match=r"holds another data set .*seed is 8"):
        generate(family(), folder, quiet=True, **SIZES)
    assert check_dataset(folder) == []
    assert open_dataset(folder).recipe.tasks[""].seed == 8


def test_a_set_that_was_replaced_before_it_was_made_is_not_mixed(
    made: Path, tmp_path: Path
) -> None:
    folder, mine = tmp_path / "a", read_recipe(made)
    other = Recipe.plain(mine.tasks[""].replace(seed=9))
    format_folder.prepare(folder, mine, lambda: read_columns(made, mine), False)
    format_folder.prepare(folder, other, lambda: read_columns(made, mine), True)
    with (
        pytest.raises(OccupiedError, match="was replaced by another data set meanw"),
        format_folder.using(folder, mine),
    ):
        pass


def test_a_configuration_in_other_words_is_sealed_again(copy: Path) -> None:
    shard = (copy / "train" / "shard-00000.h5").read_bytes()
    with (copy / "config.json").open("a") as file:
        file.write("\n")
    generate(family(), copy, quiet=True, **SIZES)
    assert check_dataset(copy) == []
    assert (copy / "train" / "shard-00000.h5").read_bytes() == shard


def test_two_workers_make_the_same_bytes(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    prepare(folder, recipe(), force=False)
    workers = [start(WORK, folder) for _ in range(2)]
    for worker in workers:
        end(worker)
    shutil.rmtree(folder / ".leases", ignore_errors=True)
    assert digests(folder) == digests(made)
    before = (folder / "manifest.json").stat().st_mtime_ns
    work(folder)
    assert (folder / "manifest.json").stat().st_mtime_ns == before


def test_a_launcher_makes_the_same_bytes(made: Path, tmp_path: Path) -> None:
    generate(family(), tmp_path / "a", launcher=Here(), workers=3, quiet=True, **SIZES)
    assert digests(tmp_path / "a") == digests(made)


def test_shard_length_changes_no_sequence(made: Path, tmp_path: Path) -> None:
    long = generate(family(), tmp_path / "a", quiet=True, **{**SIZES, "shard_len": 500})
    short = open_dataset(made)
    assert long.identity == short.identity
    for name in short.train.columns:
        column = getattr(short.train, name) if "/" not in name else None
        if column is not None:
            np.testing.assert_array_equal(column[:], getattr(long.train, name)[:])


def test_a_larger_set_begins_with_the_smaller_one(made: Path, tmp_path: Path) -> None:
    small = generate(family(), tmp_path / "a", quiet=True, **{**SIZES, "train": 30})
    np.testing.assert_array_equal(
        small.train.state[:], open_dataset(made).train.state[:30]
    )
    other = generate(family(), tmp_path / "b", quiet=True, **SIZES, seed=1)
    assert not (other.train.state[:30] == small.train.state[:]).any()
    assert not (small.val.state[:] == small.train.state[:20]).any()


def test_kill_in_the_middle_then_again(tmp_path: Path) -> None:
    """24 shards, so that the kill after the first one comes in the middle."""
    sizes = {**SIZES, "train": 6000}
    undisturbed, folder = tmp_path / "a", tmp_path / "b"
    generate(family(), undisturbed, quiet=True, **sizes)
    process = start(GENERATE, folder, 6000)
    first = folder / "train" / "shard-00000.h5"
    deadline = time.monotonic() + WAIT
    while not first.exists() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=WAIT)
    assert process.returncode == -signal.SIGKILL
    kept = {path: path.stat().st_mtime_ns for path in folder.rglob("shard-?????.h5")}
    assert 1 <= len(kept) < 25
    # What a kill inside a write leaves behind must not matter either.
    (folder / "train" / ".shard-00023.h5.1.part").write_bytes(b"half")
    generate(family(), folder, quiet=True, **sizes)
    assert digests(folder) == digests(undisturbed)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_a_killed_worker_is_replaced_by_the_other(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    prepare(folder, recipe(), force=False)
    victim = start(WORK, folder)
    deadline = time.monotonic() + WAIT
    while not list(folder.glob(".leases/*")) and victim.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    victim.send_signal(signal.SIGKILL)
    victim.communicate(timeout=WAIT)
    generate(family(), folder, quiet=True, **SIZES)
    assert digests(folder) == digests(made)


def test_full_disk(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    first = folder / "train" / "shard-00000.h5"

    def full(operation: Operation, path: Path, work: Callable[[], Any]) -> Any:
        if first.exists() and operation == "sync" and path.suffix == ".part":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return work()

    with (
        intercepted(full),
        pytest.raises(
            StorageError,
            match=r"cannot write .*shard-00001\.h5: the disk is full\. Free some space "
            r"and run the same command again: what is finished is kept\.",
        ),
    ):
        generate(family(), folder, quiet=True, **SIZES)
    assert [p.name for p in folder.rglob("*.h5")] == ["shard-00000.h5"]
    with pytest.raises(DamagedError, match="is not finished: its generation was"):
        open_dataset(folder)
    generate(family(), folder, quiet=True, **SIZES)
    assert digests(folder) == digests(made)


def test_a_file_limit_of_the_system_is_an_ordinary_error(tmp_path: Path) -> None:
    """A real refusal by the kernel, in the middle of a shard's bytes."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))"
    code = (
        f"{limit}\nfrom foreworld.core.errors import ForeworldError\n"
        f"try:\n    {GENERATE.strip().replace(chr(10), chr(10) + '    ')}\n"
        "except ForeworldError as error:\n    raise SystemExit(str(error))\n"
    )
    process = start(code, tmp_path / "a", 600)
    _, said = process.communicate(timeout=WAIT)
    assert process.returncode == 1
    assert "cannot write" in said and "File too large" in said
    assert "Traceback" not in said
    assert not list((tmp_path / "a").rglob("*.part"))


def test_locks_that_cannot_be_made_are_an_ordinary_error(tmp_path: Path) -> None:
    prepare(tmp_path / "a", recipe(), force=False)
    shutil.rmtree(tmp_path / "a" / ".leases")
    (tmp_path / "a" / ".leases").write_text("in the way")
    with pytest.raises(StorageError, match=r"cannot write .*\.leases"):
        work(tmp_path / "a")


def test_another_data_set_is_not_overwritten(copy: Path) -> None:
    before = digests(copy)
    with pytest.raises(
        OccupiedError,
        match=r"holds another data set \(seed is 0, asked for 5; train is 600, asked "
        r"for 10\)\. Choose another folder with --out, or replace it with --force\.",
    ):
        generate(family(), copy, quiet=True, **{**SIZES, "seed": 5, "train": 10})
    with pytest.raises(OccupiedError, match=r"world\.gravity is 3\.0, asked for 2"):
        generate(Pendulum(gravity=2.0), copy, quiet=True, **SIZES)
    assert digests(copy) == before
    new = generate(family(), copy, quiet=True, force=True, train=10, num_frames=6)
    assert len(new.train) == 10
    assert list((copy / "train").iterdir()) == [copy / "train" / "shard-00000.h5"]


def test_foreign_files_are_never_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years")
    for force in (False, True):
        with pytest.raises(
            OccupiedError,
            match=r"holds something that is no data set: thesis\.tex\. Choose another",
        ):
            generate(family(), tmp_path, quiet=True, force=force, **SIZES)
    (tmp_path / "thesis.tex").rename(tmp_path / "train")
    with pytest.raises(OccupiedError, match="no data set: train"):
        generate(family(), tmp_path, quiet=True, **SIZES)
    with pytest.raises(OccupiedError, match="is a file"):
        generate(family(), tmp_path / "train", quiet=True, **SIZES)


def test_another_kind_of_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"kind": "study"}')
    with pytest.raises(OccupiedError, match="no data set: see"):
        generate(family(), tmp_path, quiet=True, force=True, **SIZES)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(OccupiedError, match=r"its config\.json is damaged"):
        generate(family(), tmp_path, quiet=True, **SIZES)


def test_an_altered_manifest_is_not_sealed_over(copy: Path) -> None:
    path = copy / "manifest.json"
    path.write_text(path.read_text().replace('"redrawn": 0', '"redrawn": 1'))
    with pytest.raises(DamagedError, match=r"manifest\.json was altered"):
        generate(family(), copy, quiet=True, **SIZES)


def test_a_finished_set_is_left_alone(copy: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in copy.rglob("*")}
    generate(family(), copy, quiet=True, **SIZES)
    assert {p: p.stat().st_mtime_ns for p in copy.rglob("*")} == before


def test_failing_workers_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: Path) -> None:
        raise ForeworldError("the cupboard is bare")

    monkeypatch.setattr(generation, "work", fail)
    with pytest.raises(
        ForeworldError,
        match=r"2 of 2 workers failed and .* is not complete\. What is finished is "
        r"kept: run the same command again\. One of them said: the cupboard is bare",
    ):
        generate(
            family(), tmp_path / "a", launcher=Here(), workers=2, quiet=True, **SIZES
        )
    assert len(missing(tmp_path / "a", recipe())) == 4


@pytest.mark.parametrize(
    ("sizes", "error", "message"),
    [
        ({}, ConfigError, "there is nothing to make: give a number of sequences"),
        ({"train": -1}, ConfigError, r"TaskRecipe\.train=-1 must be at least 0"),
        (
            {"train": 5, "num_frames": 1},
            ConfigError,
            r"num_frames=1 must be at least",
        ),
        (
            {"train": 5, "shard_len": 7},
            ConfigError,
            "must be a multiple of chunk_len=250",
        ),
        (
            {"train": 5, "seed": -3},
            ConfigError,
            r"TaskRecipe\.seed=-3 must be at least 0",
        ),
        ({"train": 5, "workers": 0}, ConfigError, r"workers=0 must be at least 1\."),
        ({"trian": 5}, UnknownNameError, "argument of generate 'trian'.*'train'"),
    ],
)
def test_bad_sizes(
    tmp_path: Path, sizes: dict, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        generate(family(), tmp_path / "a", quiet=True, **sizes)
    assert not (tmp_path / "a").exists()


def test_shards_are_sized_by_bytes(tmp_path: Path) -> None:
    large = Pendulum(picture=Picture(image_size=64, colour="rgb"))
    large_set = generate(large, tmp_path / "a", train=1, num_frames=31, quiet=True)
    large = large_set.recipe.tasks[""]
    assert (large.chunk_len, large.shard_len) == (50, 150)
    small = generate("pendulum", tmp_path / "b", train=1, num_frames=2, quiet=True)
    assert small.recipe.tasks[""].shard_len == 2000
    assert shard_path(tmp_path / "b", small.recipe, small.recipe.shards()[0]).is_file()

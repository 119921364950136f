"""What was written once opens for ever: small folders of each kind, kept beside this.

``python -m tests.workspace.test_kept`` makes those that are missing and leaves all
others as they are. A format that changes gets a new number and new folders; the old
ones stay, and stay readable.
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import foreworld as fw
from foreworld.core.disk.folder import manifest
from foreworld.core.errors import ConfigError
from foreworld.data.exchange.importing import import_data
from foreworld.data.reading.dataset import DataSet

KEPT = Path(__file__).parent / "kept"
EXPECTED = KEPT / "expected.json"
"""What reading each of them gives: hashes of columns and of results."""
_SIZES: dict[str, Any] = {"train": 3, "val": 2, "test": 2, "num_frames": 4}
_TINY: dict[str, Any] = {
    "network": fw.networks.GRU(hidden_size=2),
    "num_steps": 64,
    "total_steps": 1024,
}


def _family() -> fw.Family:
    return fw.worlds.Pendulum.family(mass=fw.Uniform(0.5, 1.0))


def _hdf5(folder: Path) -> None:
    fw.generate(_family(), folder, quiet=True, **_SIZES)


def _npz(folder: Path) -> None:
    fw.generate(_family(), folder, store="npz", quiet=True, **_SIZES)


def _tasks(folder: Path) -> None:
    fw.generate("slvm/gravity3", folder, quiet=True, **_SIZES)


def _imported(folder: Path) -> None:
    file = folder.with_suffix(".npz")
    images = np.arange(4 * 3 * 5 * 5, dtype=np.uint8).reshape(4, 3, 5, 5, 1)
    np.savez(file, image=images, state=images.mean((-1, -2, -3), dtype=np.float32))
    import_data(file, folder, val=0.25, test=0.25, quiet=True)
    file.unlink()


def _run(folder: Path) -> None:
    parameters = fw.Parameters("tmaze", "ppo", world={"length": 2}, **_TINY)
    fw.run_experiment(parameters, out=folder, quiet=True)


def _study(folder: Path) -> None:
    base = fw.Parameters("tmaze", "ppo", world={"length": 2}, **_TINY)
    over = {"learning_rate": [1e-3, 1e-2], "network.hidden_size": [2, 3]}
    fw.sweep(fw.Study("kept", base, over, seeds=2), out=folder, quiet=True)


KINDS: dict[str, Callable[[Path], None]] = {
    "data_hdf5_3": _hdf5,
    "data_npz_3": _npz,
    "data_tasks_3": _tasks,
    "data_imported_3": _imported,
    "run_3_ppo_2": _run,
    "study_3_ppo_2": _study,
}
"""Folders by kind and number of the format, and how each is made today."""
_OF_PPO_1 = ("run_2", "study_2", "run_3", "study_3")
"""Their numbers stay; PPO has another meaning since."""


def contents(folder: Path) -> dict[str, str]:
    """Hashes of everything that can be read from a folder."""
    opened = fw.load(folder)
    if isinstance(opened, DataSet):
        found = {
            f"{split}/{name}": _hash(
                np.asarray(getattr(getattr(opened, split), name)[:])
            )
            for split in ("train", "val", "test")
            for name in getattr(opened, split).columns
        }
        return found
    results = opened.results
    return {str(name): _hash(results[name].values) for name in results.variables}


def _hash(array: np.ndarray) -> str:
    said = f"{array.dtype}{array.shape}".encode()
    data = array.astype("S") if array.dtype.kind in "OU" else array
    return hashlib.sha256(said + np.ascontiguousarray(data).tobytes()).hexdigest()[:16]


def expected() -> dict[str, dict[str, str]]:
    return json.loads(EXPECTED.read_text()) if EXPECTED.exists() else {}


@pytest.mark.parametrize("name", sorted(expected()))
def test_it_opens_and_holds_what_it_held(name: str) -> None:
    problems = fw.check(KEPT / name)
    if name in _OF_PPO_1:
        (problem,) = problems
        assert (
            "PPO was written as version 1, this installation has version 2" in problem
        )
    else:
        assert problems == []
    assert contents(KEPT / name) == expected()[name]


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_is_kept(name: str) -> None:
    assert (KEPT / name / "manifest.json").is_file(), (
        "run: python -m tests.workspace.test_kept"
    )


@pytest.mark.parametrize("name", _OF_PPO_1)
def test_a_policy_of_another_meaning_is_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        fw.load(KEPT / name).policy  # noqa: B018


@pytest.mark.parametrize("name", ["run_3_ppo_2", "study_3_ppo_2"])
def test_its_policy_acts(name: str) -> None:
    policy = fw.load(KEPT / name).policy
    world = fw.worlds.TMaze(length=2)
    _, obs = world.reset(jax.random.key(0))
    _, action = policy.act(policy.init_memory(), obs, jax.random.key(1))
    assert world.action_space.contains(action)


def _make() -> None:
    KEPT.mkdir(exist_ok=True)
    known = expected()
    for name, make in KINDS.items():
        folder = KEPT / name
        if folder.exists():
            continue
        make(folder)
        _keep_sealed(folder)
        known[name] = contents(folder)
    EXPECTED.write_text(json.dumps(known, indent=1) + "\n")


def _keep_sealed(folder: Path) -> None:
    """Leave out logs, locks and times: nothing is read from them."""
    kept = set()
    for marker in folder.rglob("manifest.json"):
        kept |= {marker, *(marker.parent / n for n in manifest(marker.parent)["files"])}
    for path in folder.rglob("*"):
        if path.is_file() and path not in kept:
            path.unlink()
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            shutil.rmtree(path)


if __name__ == "__main__":
    _make()

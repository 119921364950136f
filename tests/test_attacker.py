"""An attacker's folders and files: nothing of theirs runs, nothing outside is touched.

One function for each kind of thing that a stranger may hand over.
"""

import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.disk.folder import CONFIG, MANIFEST, read_json, seal, write_json
from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.core.parts.config import from_dict
from foreworld.core.parts.stand_in import NotAtHandError
from foreworld.launch.slurm._record import submissions
from foreworld.launch.slurm._task import run as run_job
from foreworld.sweeps.study.find import read_study
from foreworld.testing.faults import killing
from foreworld.testing.probes import ProbeLearner, ProbeWorld
from foreworld.train.loop import METRICS
from foreworld.workspace.check import check

KEPT = Path(__file__).parent / "workspace" / "kept"
"""Sound folders."""
_EVIL = """from pathlib import Path
Path({mark!r}).touch()
from foreworld.worlds import TMaze
class W(TMaze):
    pass
"""


@pytest.fixture
def attack(own_folder: Path) -> "Attack":
    return Attack(own_folder)


class Attack:
    """Code that leaves a mark where it runs, and folders that name it.

    Parameters
    ----------
    home
        Folder of the test.
    """

    def __init__(self, home: Path) -> None:
        self.home, self.mark = home, home / "it_ran"
        self.file = home / "stranger" / "evil.py"
        self.file.parent.mkdir()
        self.file.write_text(_EVIL.format(mark=str(self.mark)))

    @property
    def names(self) -> list[str]:
        """Ways in which a folder may name code."""
        return [f"{self.file}:W", "evil:W", "antigravity:W", "os.path:W", "nowhere:W"]

    def folder(self, kind: str, change: Callable[[Any], None]) -> Path:
        """A sound folder whose configuration was changed and sealed again."""
        folder = self.home / "stranger" / kind
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(KEPT / kind, folder)
        config = read_json(folder / CONFIG)
        change(config)
        write_json(folder / CONFIG, config)
        reseal(folder)
        return folder


def reseal(folder: Path, **entries: Any) -> None:
    """Write a finished marker over what is there now."""
    info = read_json(folder / MANIFEST) | entries
    files = info.pop("files")
    info.pop("seal")
    seal(folder, files, info)


def _importable(attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(attack.file.parent))


def test_the_configuration_of_a_data_set(
    attack: Attack, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    _importable(attack, monkeypatch)
    for name in attack.names:

        def change(config: Any, name: str = name) -> None:
            recipe = config["recipe"]["tasks"]["dict"][""]
            recipe["family"]["world"]["class"] = name

        folder = attack.folder("data_hdf5_2", change)
        assert check(folder) == []
        data = fw.load(folder)
        assert data.train.image.shape[0] == 3 and repr(data) and data.identity
        assert (
            main(["preview", str(folder), "--out", "pictures", "--quiet", "--force"])
            == 0
        )
        with pytest.raises(NotAtHandError, match=r"evil|antigravity|path|nowhere"):
            data.family.world.reset(None)
        again = fw.Parameters(None, "rnn_deconvolve", str(folder))
        assert again.data is not None
        assert again.data.dataset().identity == data.identity
    assert not attack.mark.exists() and "antigravity" not in sys.modules


@pytest.mark.parametrize("part", ["world", "learner"])
def test_the_configuration_of_a_run(
    attack: Attack, monkeypatch: pytest.MonkeyPatch, capsys: Any, part: str
) -> None:
    _importable(attack, monkeypatch)
    for name in attack.names[:3]:
        folder = attack.folder(
            "run_3_ppo_2",
            lambda c, name=name: c["study"]["base"][part].update({"class": name}),
        )
        assert check(folder) == []
        opened = fw.load(folder)
        assert opened.results["finished"].values.all() and repr(opened)
        for verb in ("best", "status", "results", "report", "diff", "export"):
            words = {"best": ["--metric", "discounted_return"], "diff": [str(folder)]}
            words["export"] = ["--to", "csv", "--force"]
            assert main([verb, str(folder), *words.get(verb, [])]) == 0, verb
        capsys.readouterr()
        for verb in ("play", "sweep", "rerun", "collect"):
            more = ["--out", "new"] if verb == "collect" else []
            assert main([verb, str(folder), *more]) == 2, verb
            said = capsys.readouterr().err
            assert "which a folder names and you have not named" in said
            assert "--trust" in said
        with pytest.raises(NotAtHandError):
            opened.state()
    assert not attack.mark.exists()


def test_a_configuration_that_names_code_as_text(attack: Attack) -> None:
    where = attack.names[0]
    for key in ("world", "learner"):

        def base(config: Any, key: str = key) -> None:
            config["study"]["base"][key] = where

        def over(config: Any, key: str = key) -> None:
            config["study"]["over"]["dict"] = {key: [where]}

        def whole(config: Any) -> None:
            config["study"]["class"] = where

        for change in (base, over, whole):
            folder = attack.folder("run_3_ppo_2", change)
            assert check(folder)
            with pytest.raises(ForeworldError):
                read_study(folder)
    assert not attack.mark.exists()


def test_an_environment_that_names_a_module(
    attack: Attack, monkeypatch: pytest.MonkeyPatch
) -> None:
    _importable(attack, monkeypatch)
    world = {"class": "foreworld.worlds:Gymnasium", "env": "evil:Some-v0"}
    with pytest.raises(ConfigError, match="needs evil"):
        from_dict(world)
    folder = attack.folder(
        "run_3_ppo_2", lambda c: c["study"]["base"].update(world=world)
    )
    assert check(folder)
    assert fw.load(folder).results["finished"].values.all()
    assert not attack.mark.exists()


def test_a_tracker_beside_a_study(attack: Attack) -> None:
    folder = attack.folder("run_3_ppo_2", lambda config: None)
    write_json(folder / "tracker.json", {"class": attack.names[0], "version": 1})
    shutil.rmtree(folder / "chunks" / "000")
    (folder / MANIFEST).unlink()
    with pytest.raises(ForeworldError):
        fw.sweep(folder, quiet=True)
    assert not attack.mark.exists()


_PATHS = ["../victim", "../victim/precious", "{}/victim", "train/../../victim", "", "."]


@pytest.mark.parametrize("name", _PATHS)
def test_a_manifest_with_another_path(attack: Attack, name: str) -> None:
    precious = attack.home / "stranger" / "victim" / "precious"
    precious.parent.mkdir()
    precious.write_text("keep")
    sizes: dict[str, Any] = {"train": 3, "val": 2, "test": 2, "num_frames": 4}
    family = fw.worlds.Pendulum.family(mass=fw.Uniform(0.5, 1.0))
    folder = attack.folder("data_hdf5_2", lambda config: None)
    body = read_json(folder / MANIFEST)
    body.pop("seal")
    name = name.format(attack.home / "stranger")
    body["files"][name] = {"bytes": 1, "sha256": "0" * 64}
    _write_manifest(folder, body)
    assert "is no path within its folder" in check(folder)[0]
    for call in (fw.load, lambda f: fw.generate(family, f, quiet=True, **sizes)):
        with pytest.raises(ForeworldError):
            call(folder)
    assert precious.read_text() == "keep"


def _write_manifest(folder: Path, body: dict[str, Any]) -> None:
    import hashlib

    text = json.dumps(body, sort_keys=True).encode()
    write_json(folder / MANIFEST, {**body, "seal": hashlib.sha256(text).hexdigest()})


def test_a_manifest_with_files_that_the_recipe_does_not_yield(attack: Attack) -> None:
    folder = attack.folder("data_hdf5_2", lambda config: None)
    notes = folder / "notes.txt"
    body = read_json(folder / MANIFEST)
    body.pop("seal")
    body["files"]["notes.txt"] = {"bytes": 1, "sha256": "0" * 64}
    _write_manifest(folder, body)
    notes.write_text("a person's own")
    sizes: dict[str, Any] = {"train": 3, "val": 2, "test": 2, "num_frames": 4}
    family = fw.worlds.Pendulum.family(mass=fw.Uniform(0.5, 1.0))
    for force in (False, True):
        with pytest.raises(ForeworldError):
            fw.generate(family, folder, quiet=True, force=force, **sizes)
    assert main(["rm", str(folder), "--yes"]) == 2
    assert notes.read_text() == "a person's own"


def test_links_that_lead_outside(attack: Attack) -> None:
    victim = attack.home / "victim"
    victim.mkdir()
    (victim / "precious").write_text("keep")
    for kind, name in (
        ("data_hdf5_2", "train"),
        ("data_hdf5_2", "train/shard-00000.h5"),
        ("run_3_ppo_2", "chunks/000"),
    ):
        folder = attack.folder(kind, lambda config: None)
        place = folder / name
        moved = victim / place.name
        shutil.move(place, moved)
        place.symlink_to(moved)
        assert any("link that leads out" in line for line in check(folder)), name
        with pytest.raises(ForeworldError, match="link that leads out"):
            opened = fw.load(folder)
            opened.train.image if kind.startswith("data") else opened.results
        assert moved.exists()
    folder = attack.folder("run_3_ppo_2", lambda config: None)
    (folder / MANIFEST).unlink()
    (folder / "chunks/000" / MANIFEST).unlink()
    (folder / "chunks/000/journal.jsonl").unlink(missing_ok=True)
    (folder / "chunks/000/journal.jsonl").symlink_to(victim / "precious")
    with pytest.raises(ForeworldError):
        fw.sweep(folder, quiet=True)
    assert (victim / "precious").read_text() == "keep"


@pytest.mark.parametrize("name", ["..", "../x", "a/b", "/tmp/x", ".hidden", "a\n", ""])
def test_the_name_of_a_study(attack: Attack, name: str) -> None:
    base = fw.Parameters("tmaze", "ppo")
    with pytest.raises(ConfigError, match="names the study's folder"):
        fw.Study(name, base)
    folder = attack.folder("run_3_ppo_2", lambda c: c["study"].update(name=name))
    assert check(folder)
    with pytest.raises(ForeworldError):
        read_study(folder)


@pytest.mark.parametrize("name", ["..", "../x", "a/b", "/tmp/x", "train", ""])
def test_the_name_of_a_task(attack: Attack, name: str) -> None:
    def change(config: Any) -> None:
        tasks = config["recipe"]["tasks"]["dict"]
        tasks[name] = tasks.pop("grav_0") | {"task": name}

    folder = attack.folder("data_tasks_2", change)
    assert check(folder)
    with pytest.raises(ForeworldError):
        fw.load(folder)


def test_a_plan_that_names_a_module(attack: Attack) -> None:
    folder = attack.folder("run_3_ppo_2", lambda config: None)
    plan = read_json(folder / "plan.json")
    evil = {"class": attack.names[0], "entry": "evil:W"}
    for change in (
        lambda p: p["groups"][0].update(training=evil),
        lambda p: p["groups"][0]["training"]["budget"].update(step_name=evil),
        lambda p: p["chunks"][0].update(index="../../victim"),
        lambda p: p["chunks"][0].update(index=-1),
        lambda p: p.update(device=evil),
    ):
        changed = json.loads(json.dumps(plan))
        change(changed)
        write_json(folder / "plan.json", changed)
        reseal(folder)
        assert check(folder)
        with pytest.raises(ForeworldError):
            fw.load(folder).results  # noqa: B018
    assert not attack.mark.exists()


def test_a_record_of_jobs(attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    _importable(attack, monkeypatch)
    folder = attack.folder("run_3_ppo_2", lambda config: None)
    record = folder / "logs" / "slurm" / "foreworld-x-1234" / "tasks.json"
    facts = {"name": record.parent.name, "job": "77", "submitted": 0.0}
    task = {"entry": "evil:W", "path": str(folder)}
    write_json(record, facts | {"tasks": [task]})
    with pytest.raises(SystemExit):
        run_job(str(record), 0)
    for change in (
        {"tasks": [task | {"path": "/elsewhere"}]},
        {"job": "--user=me"},
        {"name": "another"},
    ):
        write_json(record, facts | {"tasks": [task]} | change)
        assert submissions(folder) == []
    assert not attack.mark.exists()


def test_what_lies_in_a_folder_that_is_deleted(attack: Attack, capsys: Any) -> None:
    run = attack.folder("run_3_ppo_2", lambda config: None)
    data = attack.folder("data_tasks_2", lambda config: None)
    for folder, name in (
        (run, "chunks/thesis.tex"),
        (run, "chunks/000/thesis.tex"),
        (data, "grav_0/train/thesis.tex"),
    ):
        (folder / name).write_text("keep")
        assert main(["rm", str(folder), "--yes"]) == 2
        assert "thesis.tex" in capsys.readouterr().err
        assert (folder / name).read_text() == "keep"
        (folder / name).unlink()
    for name in (
        "thesis.part/a",
        ".Trash-1000/a",
        "grav_0/train/shard-00007.backup/a",
        "grav_0/train/.Trash-1000/a",
    ):
        (data / name).parent.mkdir()
        (data / name).touch()
        assert main(["rm", str(data), "--yes"]) == 2
        assert (data / name).exists()
        shutil.rmtree((data / name).parent)


def _resealed(folder: Path) -> None:
    """As an attacker seals it: every digest of the manifest is right again."""
    marker = read_json(folder / MANIFEST)
    info = {k: v for k, v in marker.items() if k not in ("files", "seal")}
    seal(folder, marker["files"], info)


def test_a_shard_of_another_seed(own_folder: Path) -> None:
    made = {}
    for seed in (0, 1):
        made[seed] = own_folder / f"seed{seed}"
        sizes = {"train": 3, "num_frames": 3, "seed": seed}
        fw.generate("pendulum", made[seed], quiet=True, **sizes)
    shard = Path("train", "shard-00000.h5")
    shutil.copy(made[1] / shard, made[0] / shard)
    with pytest.raises(
        ForeworldError, match=r"shard-00000\.h5 (was altered|has \d+ b)"
    ):
        fw.load(made[0]).train.image[0]
    _resealed(made[0])
    with pytest.raises(ForeworldError, match="does not belong there: its identity is "):
        fw.load(made[0]).train.image[0]
    assert any("does not belong there" in line for line in check(made[0]))


def test_metrics_of_another_chunk(own_folder: Path) -> None:
    base = fw.Parameters(ProbeWorld(), ProbeLearner(num_updates=1))
    study = fw.Study("two", base, {"learning_rate": [0.1, 0.2]})
    folder = fw.sweep(study, out=own_folder / "s", width=1, quiet=True).path
    first, second = (folder / "chunks" / n / METRICS for n in ("000", "001"))
    data = first.read_bytes(), second.read_bytes()
    first.write_bytes(data[1])
    second.write_bytes(data[0])
    with pytest.raises(ForeworldError, match=r"metrics\.safetensors was altered"):
        fw.best(folder)
    _resealed(first.parent)
    with pytest.raises(ForeworldError, match=r"manifest\.json was altered"):
        fw.best(folder)
    # Of a study that is not finished yet, nothing vouches for manifests of chunks.
    (folder / MANIFEST).unlink()
    with pytest.raises(
        ForeworldError, match="belongs to another training: its chunk is 1 instead of 0"
    ):
        fw.best(folder)
    # Nor does the same command take them for its own.
    with pytest.raises(ForeworldError, match="run the same command again: the chunk i"):
        fw.sweep(study, out=own_folder / "s", width=1, quiet=True)
    assert not (folder / MANIFEST).exists()
    for chunk in (first.parent, second.parent):
        shutil.rmtree(chunk)
    fw.sweep(study, out=own_folder / "s", width=1, quiet=True)
    assert fw.best(folder) and check(folder) == []


def test_a_checkpoint_of_another_run(
    own_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    learner = ProbeLearner(num_updates=3)
    taken: dict[int, Path] = {}

    def stop(seed: int) -> Path:
        out = own_folder / f"run{seed}"
        settings = fw.Parameters(ProbeWorld(), learner, seed=seed)
        with killing(10**9) as disk:
            fw.run_experiment(
                settings, out=own_folder / "whole", force=True, quiet=True
            )
        names = [path.name for _, path in disk.calls]
        number = names.index("checkpoint-00002.safetensors") + 3
        with killing(number):
            fw.run_experiment(settings, out=out, quiet=True)
        return next(out.rglob("checkpoint-*"))

    for seed in (0, 1):
        taken[seed] = stop(seed)
    whole = own_folder / "whole" / "chunks" / "000" / METRICS
    shutil.copy(taken[0], taken[1])
    capsys.readouterr()
    settings = fw.Parameters(ProbeWorld(), learner, seed=1)
    run = fw.run_experiment(settings, out=own_folder / "run1", quiet=True)
    said = capsys.readouterr().err
    assert "belongs to another training: its study is " in said
    assert (run.path / "chunks" / "000" / METRICS).read_bytes() == whole.read_bytes()


@pytest.mark.parametrize(
    "address",
    ["/dev/zero", "/dev/zero:W", ":W", "x:=1+1", "x:$\\frac$", "x:\x1b[2J", "a..b:W"],
)
def test_names_of_classes_that_are_none(attack: Attack, address: str) -> None:
    begun = time.monotonic()
    with pytest.raises(ForeworldError):
        from_dict({"class": address})
    folder = attack.folder(
        "run_3_ppo_2", lambda c: c["study"]["base"]["world"].update({"class": address})
    )
    try:
        said = repr(fw.load(folder).study) + "".join(check(folder))
    except ForeworldError as error:
        said = str(error)
    assert "\x1b" not in said and time.monotonic() - begun < 10


def test_parts_in_parts_in_parts(attack: Attack) -> None:
    data: dict[str, Any] = {"class": "foreworld.worlds:TMaze"}
    for _ in range(60):
        data = {"class": "foreworld.worlds:TMaze", "length": data}
    begun = time.monotonic()
    with pytest.raises(ConfigError):
        from_dict(data)
    for _ in range(2000):
        data = {"class": "nowhere:W", "length": data}
    with pytest.raises(ConfigError, match="nested too deeply"):
        from_dict(data)
    assert time.monotonic() - begun < 10


def test_arrays_that_are_no_numbers() -> None:
    for dtype in ("O", "U1000000000", "V1000000000", "M8"):
        array = {"array": ["a"], "dtype": dtype, "shape": [1]}
        with pytest.raises(ConfigError, match="an array cannot be read"):
            from_dict({"class": "nowhere:W", "x": array})

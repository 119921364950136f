"""The likeliest mistakes, word for word: what was wrong, allowed, and to do."""

import re
import shlex
from pathlib import Path

import pytest

from foreworld.cli.main import main, verbs
from foreworld.core.parts.part import field_specs
from foreworld.core.registry import KINDS, entries, find, names_in
from foreworld.data.sets.find import set_entries
from foreworld.worlds.pomdp.tmaze import TMaze
from tests.errors import others, training


def lists() -> dict[str, str]:
    """What grows with the house is named in the messages below, not written out."""
    ppo = [spec.name for spec in field_specs(find("learners", "ppo"))]
    options = [name for name in ppo if name != "agents"]
    network = field_specs(find("networks", "mlp"))
    options += [f"network.{spec.name}" for spec in network]
    tmaze = [f"world.{spec.name}" for spec in field_specs(TMaze)]
    names = {
        "{verbs}": verbs(),
        "{worlds}": entries("worlds"),
        "{public}": names_in("foreworld.worlds"),
        "{learners}": entries("learners"),
        "{launchers}": entries("launch"),
        "{worlds_and_sets}": [*entries("worlds"), *set_entries()],
        "{parts_and_sets}": [
            *(name for kind in KINDS for name in entries(kind)),
            *set_entries(),
        ],
        "{ppo}": ppo,
        "{ppo_and_tmaze}": options + tmaze,
    }
    return {key: ", ".join(sorted(values)) for key, values in names.items()}


def in_full(message: str, home: Path) -> str:
    started = (home / "runs").glob("*/config.json")
    newest = sorted(started, key=lambda path: path.stat().st_mtime, reverse=True)
    folders = (
        "Studies are named as their files below studies/, by a file or by a folder. "
        f"Newest folders: {', '.join(f'runs/{path.parent.name}' for path in newest)}."
    )
    found = {**lists(), "{home}": str(home), "{folders}": folders}
    for key, value in found.items():
        message = message.replace(key, value)
    return message


def run(command: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code, and what is said without the list of options."""
    code = main(shlex.split(command))
    said = capsys.readouterr()
    assert "Traceback" not in said.err + said.out
    text = said.err or said.out
    text = re.sub(r"\nusage: .*\n'foreworld", "\n{usage}\n'foreworld", text, flags=re.S)
    return code, text.removesuffix("\n")


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [*training.CASES, *others.CASES],
    ids=lambda value: value if isinstance(value, str) and len(value) < 60 else "",
)
def test_commands(command, code, message, here, capsys):
    name = "" if command.startswith("check ") and code == 1 else "foreworld: "
    assert run(command, capsys) == (code, name + in_full(message, here))


def test_debug_shows_the_traceback_and_says_the_same(here, capsys):
    assert main(["train", "ppo", "--on", "tmazee", "--debug"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("Traceback (most recent call last):")
    assert said.endswith(f"Known: {lists()['{worlds_and_sets}']}.\n")
    assert (
        "foreworld: unknown folder, world or set 'tmazee'. Did you mean 'tmaze'" in said
    )

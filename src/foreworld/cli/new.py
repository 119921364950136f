"""A file to begin your own world or learner with; it passes its contract check at once.

foreworld new world drift_car
foreworld show ./drift_car.py:DriftCar
"""

from __future__ import annotations

import keyword
from importlib.resources import files
from pathlib import Path

from foreworld.cli._usage import Args, Fields, Usage
from foreworld.core.errors import ConfigError, OccupiedError

KINDS = ("world", "learner")


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("kind KIND", " | ".join(KINDS), choices=KINDS)
    usage.add("name NAME", "small letters and _, such as drift_car")
    usage.add("--out DIR", "folder for the file", default=".")
    usage.add("--force", "replace the file")
    usage.quiet()


def run(args: Args, fields: Fields) -> int:
    """Write the file, and say what can be done with it."""
    from foreworld.core.disk.folder import write_bytes

    cls = class_name(args.name)
    path = Path(args.out) / f"{args.name}.py"
    if path.exists() and not args.force:
        raise OccupiedError(
            f"{path} is there already. Choose another name, or replace it with --force."
        )
    write_bytes(path, text_of(args.kind, args.name).encode())
    if not args.quiet:
        place = f"{path if path.is_absolute() else f'./{path}'}:{cls}"
        print(f"{path} holds the {args.kind} {cls}. Change it, and try:")
        for line in _hints(args.kind, place):
            print(f"  {line}")
    return 0


def class_name(name: str) -> str:
    """``DriftCar`` for ``drift_car``.

    Raises
    ------
    ConfigError
        The name cannot be that of a file and of a class.
    """
    plain = name.isidentifier() and name.isascii() and name == name.lower()
    if not plain or name.startswith("_") or keyword.iskeyword(name):
        raise ConfigError(
            f"{name!r} cannot name a part: use small letters, digits and '_', with a "
            f"letter first, such as drift_car."
        )
    return "".join(word.capitalize() for word in name.split("_"))


def text_of(kind: str, name: str) -> str:
    """The template with its names replaced.

    Parameters
    ----------
    kind
        ``"world"`` or ``"learner"``.
    name
        Of the file without its ending; the class is named after it.
    """
    template = files("foreworld.cli").joinpath("_templates", f"my_{kind}.py")
    cls, text = class_name(name), template.read_text("utf-8")
    if kind == "learner":
        text = text.replace("MyState", f"{cls}State").replace(
            "MyPolicy", f"{cls}Policy"
        )
    return text.replace(f"My{kind.capitalize()}", cls).replace(f"my_{kind}", name)


def _hints(kind: str, place: str) -> list[str]:
    if kind == "world":
        check = "check_world(make(WORLD), jax.random.key(0))"
        return [
            f"foreworld show {place}",
            f"foreworld play {place}",
            f"foreworld train ppo --on {place} --total-steps 100000",
            f"{check} of foreworld.testing.worlds checks its contract",
        ]
    return [
        f"foreworld show {place}",
        f"foreworld train {place} --on tmaze --world.perfect-memory true",
        "check_learner(LEARNER, WORLD) of foreworld.testing.learners checks its "
        "contract",
    ]

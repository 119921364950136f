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

HINTS = {
    "world": (
        "foreworld show PLACE",
        "foreworld play PLACE",
        "foreworld train ppo --on PLACE --total-steps 100000",
        "check_world(make(WORLD), jax.random.key(0)) of foreworld.testing.worlds "
        "checks its contract",
    ),
    "learner": (
        "foreworld show PLACE",
        "foreworld train PLACE --on tmaze --world.perfect-memory true",
        "check_learner(LEARNER, WORLD) of foreworld.testing.learners checks its "
        "contract",
    ),
}
"""What to try, by kind of part; PLACE is where the part is."""


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("kind KIND", " | ".join(HINTS), choices=HINTS)
    usage.add("name NAME", "small letters and _, such as drift_car")
    usage.add("--out DIR", "folder for the file", default=".")
    usage.add("--force", "replace the file")
    usage.quiet()


def run(args: Args, fields: Fields) -> int:
    """Write the file, and say what can be done with it."""
    from foreworld.core.disk.folder import write_bytes

    kind, cls = args.kind, class_name(args.name)
    path = Path(args.out) / f"{args.name}.py"
    if path.exists() and not args.force:
        raise OccupiedError(
            f"{path} is there already. Choose another name, or replace it with --force."
        )
    template = files("foreworld.cli").joinpath("_templates", f"my_{kind}.py")
    text = template.read_text("utf-8")
    for name in ("State", "Policy"):
        text = text.replace(f"My{name}", f"{cls}{name}")
    text = text.replace(f"My{kind.capitalize()}", cls).replace(f"my_{kind}", args.name)
    write_bytes(path, text.encode())
    if not args.quiet:
        place = f"{path if path.is_absolute() else f'./{path}'}:{cls}"
        print(f"{path} holds the {kind} {cls}. Change it, and try:")
        print("\n".join(f"  {line}" for line in HINTS[kind]).replace("PLACE", place))
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

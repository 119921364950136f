"""Options of the verbs that can hand work to launchers: ``--launch``, ``--workers``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from foreworld.cli._usage import Usage
from foreworld.core.errors import ConfigError

if TYPE_CHECKING:
    from foreworld.launch.base import AbstractLauncher


def add_launch_options(usage: Usage) -> None:
    """Declare where the work runs."""
    usage.add(
        "--launch",
        metavar="LAUNCHER",
        help="here (in this process, the default) | processes (one worker a core) | "
        "slurm (jobs of a cluster)",
    )
    usage.add(
        "--workers",
        type=int,
        low=1,
        default=None,
        metavar="N",
        help="worker processes or jobs (default: one a core, 4 with slurm). Fields of "
        "the launcher are options too: --launch.partition long; 'foreworld show "
        "slurm' lists them",
    )
    usage.add_fields("launch", "launch_fields")


def launcher_of(args: argparse.Namespace) -> AbstractLauncher | None:
    """The launcher that the options name; ``None`` where they name none.

    Raises
    ------
    ConfigError
        ``--workers`` with a launcher that has no workers, or a field it does not have.
    """
    from foreworld.cli._fields import Shown, read_fields
    from foreworld.core import registry
    from foreworld.core.parts.part import field_specs

    given = [text.partition("=")[::2] for text in args.launch_fields]
    if args.launch is None:
        if given:
            raise ConfigError(
                f"--{given[0][0]} is a field of a launcher, and none is named. Add "
                f"--launch slurm."
            )
        return None
    cls = registry.find("launch", args.launch)
    command = f"--launch {args.launch}"
    fields = read_fields([Shown(cls, "launch")], given, command) if given else {}
    values = {path.partition(".")[2]: value for path, value in fields.items()}
    if args.workers is None:
        return cls(**values)
    if "workers" not in [spec.name for spec in field_specs(cls)]:
        raise ConfigError(
            f"--workers={args.workers} goes with a launcher that has workers, not with "
            f"--launch {args.launch}. Leave --launch away or use --launch processes."
        )
    if "workers" in values:
        raise ConfigError("--workers and --launch.workers are the same. Give one.")
    return cls(**values, workers=args.workers)

"""Options of the verbs that can hand work to launchers, and of those that train."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foreworld.cli._usage import Args, Usage
from foreworld.core.errors import ConfigError

if TYPE_CHECKING:
    from foreworld.launch.base import AbstractLauncher


def add_launch_options(usage: Usage) -> None:
    """Declare where the work runs."""
    usage.add(
        "--launch LAUNCHER",
        "here (in this process, the default) | processes (one worker a core) | "
        "slurm (jobs of a cluster)",
    )
    usage.add(
        "--workers N",
        "worker processes or jobs (default: one a core, 4 with slurm). Fields of "
        "the launcher are options too: --launch.partition long; 'foreworld show "
        "slurm' lists them",
        int,
        low=1,
    )
    usage.add_fields("launch", "launch_fields")


def add_run_options(usage: Usage) -> None:
    """Declare what all verbs that train take: see :func:`run_options`."""
    usage.add("--force", "replace what the folder holds")
    add_change_options(usage)
    add_launch_options(usage)
    help = "trackio (local files, the default) | wandb | off"
    usage.add("--track TRACKER", help, default="trackio")
    usage.quiet()


def add_change_options(usage: Usage) -> None:
    """Declare what becomes of a folder that was begun with other code."""
    help = "if code was changed since: make a new one beside it (DIR-2)"
    usage.add("--again", help)
    usage.add("--go-on", "if code was changed since: go on with what is there")


def run_options(args: Args) -> dict[str, Any]:
    """The same options as arguments of what trains.

    Raises
    ------
    ConfigError
        There is no such launcher or no such tracker, or it cannot be used so.
    """
    from foreworld.track._open import make_tracker

    return {
        "out": args.out,
        "launcher": launcher_of(args),
        "workers": args.workers,
        "tracker": make_tracker(args.track),
        "force": args.force,
        "again": args.again,
        "go_on": args.go_on,
        "quiet": args.quiet,
    }


def num_workers_of(args: Args, launcher: AbstractLauncher | None) -> int:
    """How many work at the same time.

    Parameters
    ----------
    args
        Values of the options.
    launcher
        What they name.
    """
    return args.workers or (launcher.num_workers if launcher else 1)


def launcher_of(args: Args) -> AbstractLauncher | None:
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

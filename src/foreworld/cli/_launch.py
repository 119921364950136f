"""Options of the verbs that can hand work to launchers: ``--launch``, ``--workers``."""

from __future__ import annotations

import argparse
from typing import Any

from foreworld.cli._usage import Usage
from foreworld.core.errors import ConfigError


def add_launch_options(usage: Usage) -> None:
    """Declare where the work runs."""
    usage.add(
        "--launch",
        default="here",
        metavar="LAUNCHER",
        help="here (in this process) | processes (one worker a core); "
        "'foreworld list launchers'",
    )
    usage.add(
        "--workers",
        type=int,
        default=None,
        metavar="N",
        help="worker processes (default: one a core)",
    )


def launcher_of(args: argparse.Namespace) -> Any:
    """The launcher that the options name; ``None`` for this process.

    Raises
    ------
    ConfigError
        ``--workers`` without a launcher that has workers, or fewer than 1.
    """
    from foreworld.core import registry
    from foreworld.core.part import field_specs

    if args.workers is not None and args.workers < 1:
        raise ConfigError(f"--workers={args.workers} must be at least 1.")
    cls = registry.find("launch", args.launch)
    fields = [spec.name for spec in field_specs(cls)]
    if args.workers is None:
        return cls()
    if "workers" not in fields:
        raise ConfigError(
            f"--workers={args.workers} needs a launcher with workers: add "
            f"--launch processes."
        )
    return cls(workers=args.workers)

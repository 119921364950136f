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
        help="here (in this process, the default) | processes (one worker a core); "
        "'foreworld list launchers'",
    )
    usage.add(
        "--workers",
        type=int,
        low=1,
        default=None,
        metavar="N",
        help="worker processes (default: one a core)",
    )


def launcher_of(args: argparse.Namespace) -> AbstractLauncher | None:
    """The launcher that the options name; ``None`` where they name none.

    Raises
    ------
    ConfigError
        ``--workers`` with a launcher that has no workers.
    """
    from foreworld.core import registry
    from foreworld.core.part import field_specs

    if args.launch is None:
        return None
    cls = registry.find("launch", args.launch)
    if args.workers is None:
        return cls()
    if "workers" not in [spec.name for spec in field_specs(cls)]:
        raise ConfigError(
            f"--workers={args.workers} goes with a launcher that has workers, not with "
            f"--launch {args.launch}. Leave --launch away or use --launch processes."
        )
    return cls(workers=args.workers)

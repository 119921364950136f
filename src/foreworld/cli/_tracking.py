"""The option of the verbs that train: ``--track``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from foreworld.cli._usage import Usage

if TYPE_CHECKING:
    from foreworld.track.base import AbstractTracker


def add_track_option(usage: Usage) -> None:
    """Declare where curves go while runs are under way."""
    usage.add(
        "--track",
        default="trackio",
        metavar="TRACKER",
        help="trackio (local files, the default) | wandb | off",
    )


def tracker_of(args: argparse.Namespace) -> AbstractTracker:
    """The tracker that the option names.

    Raises
    ------
    UnknownNameError
        There is none of that name.
    """
    from foreworld.track._open import make_tracker

    return make_tracker(args.track)

"""The tracker's own page over local runs, in the browser.

    foreworld dashboard

Shows the curves of all runs that were tracked here, those under way included. The page
is served on this machine only and asks nothing of the network.
"""

from __future__ import annotations

import argparse

from foreworld.cli._usage import Fields, Usage


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add(
        "--port",
        type=int,
        default=None,
        metavar="N",
        help="port on 127.0.0.1 (default: the first free one from 8750 on)",
    )
    usage.add("--no-open", action="store_true", help="do not open a browser")


def run(args: argparse.Namespace, fields: Fields) -> int:
    """Print the address, serve until Ctrl-C."""
    from foreworld.play.web.dashboard import dashboard

    dashboard(args.port, open_browser=not args.no_open)
    return 0

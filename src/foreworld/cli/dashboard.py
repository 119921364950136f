"""The tracker's own page over local runs, in the browser.

    foreworld dashboard

Shows the curves of all runs that were tracked here, those under way included. The page
is served on this machine only and asks nothing of the network.
"""

from __future__ import annotations

from foreworld.cli._usage import Args, Fields, Usage


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.page()


def run(args: Args, fields: Fields) -> int:
    """Print the address, serve until Ctrl-C."""
    from foreworld.play.web.dashboard import dashboard

    dashboard(args.port, open_browser=not args.no_open)
    return 0

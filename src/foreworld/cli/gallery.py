"""A page with pictures of every system and every named set.

    foreworld gallery
    foreworld gallery pendulum slvm/gravity3

Writes gallery.md and, beside it, the folder gallery with the pictures. With names only
their pictures are drawn anew; the page always lists all.
"""

from __future__ import annotations

from pathlib import Path

from foreworld.cli._usage import Args, Fields, Usage


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("names NAME", "systems and sets to draw", nargs="*")
    usage.add("--out DIR", "folder (default: docs)", default="docs")
    usage.quiet()


def run(args: Args, fields: Fields) -> int:
    """Draw, and print where each picture is."""
    from foreworld.core.compilation import configure as use_cache
    from foreworld.plot.preview.gallery import draw_gallery

    use_cache()
    for file in draw_gallery(Path(args.out), args.names):
        if not args.quiet:
            print(file, flush=True)
    return 0

"""Foreworld: a research workbench for learning in simulated worlds.

A table of contents and nothing else: names are imported when they are first used. The
stub beside this file is the table.
"""

from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    from foreworld.core.registry import public_names

    return public_names(__name__)[0](name)


def __dir__() -> list[str]:
    from foreworld.core.registry import public_names

    return public_names(__name__)[1]()

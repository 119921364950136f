"""What can be simulated: ``foreworld.worlds.TMaze`` and what worlds derive from."""

from foreworld.core.registry import public_names

__getattr__, __dir__ = public_names(__name__)

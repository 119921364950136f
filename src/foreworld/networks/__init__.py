"""Networks of agents: ``foreworld.networks.GRU`` and what networks derive from."""

from foreworld.core.registry import public_names

__getattr__, __dir__ = public_names(__name__)

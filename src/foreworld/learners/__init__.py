"""What learns: ``foreworld.learners.PPO`` and what learners derive from."""

from foreworld.core.registry import public_names

__getattr__, __dir__ = public_names(__name__)

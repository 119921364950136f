"""Where work runs: ``foreworld.launch.Slurm`` and what launchers derive from."""

from foreworld.core.registry import public_names

__getattr__, __dir__ = public_names(__name__)

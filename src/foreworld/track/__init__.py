"""Where curves go: ``foreworld.track.Trackio`` and what trackers derive from."""

from foreworld.core.registry import public_names

__getattr__, __dir__ = public_names(__name__)

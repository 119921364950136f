"""What everything is made of: parts, their fields, keys, spaces and errors."""

from foreworld.core.registry import public_names

__getattr__, __dir__ = public_names(__name__)

from typing import Any

from foreworld.track.base import AbstractTrace as AbstractTrace
from foreworld.track.base import AbstractTracker as AbstractTracker

def __getattr__(name: str) -> Any: ...

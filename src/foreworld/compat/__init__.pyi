from typing import Any

from foreworld.compat.batches import episode_tuple as episode_tuple
from foreworld.compat.sets import as_peer as as_peer
from foreworld.compat.windows import leaky_windows as leaky_windows

def __getattr__(name: str) -> Any: ...

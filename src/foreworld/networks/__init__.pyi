from typing import Any

from foreworld.networks.base import AbstractNetwork as AbstractNetwork
from foreworld.networks.base import Outputs as Outputs

def __getattr__(name: str) -> Any: ...

from typing import Any

from foreworld.launch.base import AbstractHandle as AbstractHandle
from foreworld.launch.base import AbstractLauncher as AbstractLauncher
from foreworld.launch.base import Task as Task
from foreworld.launch.base import TaskState as TaskState
from foreworld.launch.here import HereHandle as HereHandle

def __getattr__(name: str) -> Any: ...

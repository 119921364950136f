from typing import Any

from foreworld.learners.base import AbstractLearner as AbstractLearner
from foreworld.learners.base import Budget as Budget
from foreworld.learners.base import Source as Source
from foreworld.learners.forward.base import AbstractForwardModel as AbstractForwardModel
from foreworld.learners.metrics import Least as Least
from foreworld.learners.metrics import Mean as Mean
from foreworld.learners.metrics import Metrics as Metrics
from foreworld.learners.metrics import Spread as Spread
from foreworld.learners.ppo.base import AgentSettings as AgentSettings
from foreworld.learners.start import Start as Start
from foreworld.learners.start import started as started

def __getattr__(name: str) -> Any: ...

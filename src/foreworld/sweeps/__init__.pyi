from foreworld.sweeps.run.collect import RunPolicy as RunPolicy
from foreworld.sweeps.study.study import Study as Study

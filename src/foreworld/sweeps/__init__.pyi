from foreworld.sweeps.reference import RunRef as RunRef
from foreworld.sweeps.study.study import Study as Study

from foreworld.sweeps.reference import RunRef as RunRef
from foreworld.sweeps.reference import StartRef as StartRef
from foreworld.sweeps.study.study import Study as Study

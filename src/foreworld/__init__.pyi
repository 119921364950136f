from foreworld import learners as learners
from foreworld import testing as testing
from foreworld import worlds as worlds
from foreworld.data import sets as sets
from foreworld.data.generate import generate as generate
from foreworld.data.sets.find import make_set as make_set
from foreworld.sweeps.check import check as check
from foreworld.sweeps.load import load as load
from foreworld.sweeps.results import results as results
from foreworld.sweeps.run import run_experiment as run_experiment
from foreworld.sweeps.run import sweep as sweep
from foreworld.sweeps.selection import best as best
from foreworld.sweeps.study import Study as Study
from foreworld.train.parameters import Parameters as Parameters
from foreworld.worlds.base import Family as Family
from foreworld.worlds.base import Uniform as Uniform
from foreworld.worlds.make import make as make

__version__: str

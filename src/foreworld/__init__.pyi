from foreworld import learners as learners
from foreworld import networks as networks
from foreworld import testing as testing
from foreworld import worlds as worlds
from foreworld.data import sets as sets
from foreworld.data.making.fresh import Fresh as Fresh
from foreworld.data.making.generate import generate as generate
from foreworld.data.sets.find import make_set as make_set
from foreworld.sweeps.results.gather import results as results
from foreworld.sweeps.results.selection import best as best
from foreworld.sweeps.run.sweep import run_experiment as run_experiment
from foreworld.sweeps.run.sweep import sweep as sweep
from foreworld.sweeps.study.study import Study as Study
from foreworld.train.parameters import Parameters as Parameters
from foreworld.workspace.check import check as check
from foreworld.workspace.load import load as load
from foreworld.worlds.base import Family as Family
from foreworld.worlds.make import make as make
from foreworld.worlds.ranges import Uniform as Uniform

__version__: str

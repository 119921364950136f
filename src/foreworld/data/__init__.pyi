from foreworld.data.format.observation import Observation as Observation
from foreworld.data.format.recipe import Recipe as Recipe
from foreworld.data.format.recipe import TaskRecipe as TaskRecipe
from foreworld.data.making.fresh import Fresh as Fresh
from foreworld.data.reading.dataset import DataSet as DataSet
from foreworld.data.reading.file_reference import FileRef as FileRef
from foreworld.data.reading.reference import DataRef as DataRef
from foreworld.data.sets.base import NamedSet as NamedSet

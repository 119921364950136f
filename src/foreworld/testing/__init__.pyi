from foreworld.testing.checks import CheckError as CheckError
from foreworld.testing.launchers import check_launcher as check_launcher
from foreworld.testing.learners import check_learner as check_learner
from foreworld.testing.worlds import check_world as check_world

"""Reading and keeping what training uses, under the name that everybody knows."""

from ..training.data import *  # noqa: F401, F403
from ..training.data import __all__  # noqa: F401

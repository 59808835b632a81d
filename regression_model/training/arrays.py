"""The arrays that the modules of this folder pass to each other."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["Array", "Features", "Floats", "Rows"]

Array: TypeAlias = npt.NDArray[Any]
Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]
Features: TypeAlias = Floats | pd.DataFrame  # as an estimator takes them

"""A script: a new process that prices one row, by the way that its arguments name, and ends.

It prints its own peak memory as the platform counts it.
"""

import json
import pickle
import resource
import sys
from collections.abc import Callable
from pathlib import Path


def by_package(row: str, _: str = "") -> None:
    """Import the installed package, which is ours or the peer, and price a row given as JSON."""
    from regression_model.predict import make_prediction

    (price,) = make_prediction(input_data=[json.loads(row)])["predictions"]
    assert isinstance(price, float)


def by_pipeline(pipeline: str, frame: str) -> None:
    """Load a pipeline and a ready frame, and price it."""
    import joblib

    assert len(joblib.load(pipeline).predict(joblib.load(frame))) == 1


def by_session(model: str, feed: str) -> None:
    """Open a model file with onnxruntime alone, and price ready arrays."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    arrays = pickle.loads(Path(feed).read_bytes())
    assert len(session.run(["prediction", "lower", "upper"], arrays)[0]) == 1


WAYS: dict[str, Callable[[str, str], None]] = {
    "package": by_package,
    "pipeline": by_pipeline,
    "session": by_session,
}

if __name__ == "__main__":
    WAYS[sys.argv[1]](sys.argv[2], sys.argv[3])
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

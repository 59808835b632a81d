"""A script: a new process that prices one row, by the way that its arguments name, and ends.

It prints its own peak memory as the platform counts it.
"""

import json
import resource
import sys


def by_package(row: str) -> None:
    """Import the installed package, which is ours or the peer, and price a row given as JSON."""
    from regression_model.predict import make_prediction

    prices = make_prediction(input_data=[json.loads(row)])["predictions"]
    assert prices is not None and prices[0] is not None


def by_pipeline(pipeline: str, frame: str) -> None:
    """Load a pipeline and a ready frame, and price it."""
    import joblib

    assert len(joblib.load(pipeline).predict(joblib.load(frame))) == 1


def by_session(model: str, feed: str) -> None:
    """Open a model file with onnxruntime alone, and price ready arrays."""
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    with np.load(feed, allow_pickle=True) as arrays:
        assert len(session.run(["prediction", "lower", "upper"], dict(arrays))[0]) == 1


if __name__ == "__main__":
    {"package": by_package, "pipeline": by_pipeline, "session": by_session}[sys.argv[1]](
        *sys.argv[2:]
    )
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

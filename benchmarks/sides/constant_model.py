"""A model of MLflow's, from code, that always predicts the same: what is measured is its server."""

import sys

import mlflow


class Constant(mlflow.pyfunc.PythonModel):
    """Predicts one number for every row."""

    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        """Return as many numbers as there are rows."""
        return [208500.0] * len(model_input)


if __name__ == "__main__":
    mlflow.pyfunc.save_model(sys.argv[1], python_model=__file__, pip_requirements=[])
else:
    mlflow.models.set_model(Constant())

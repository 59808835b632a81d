"""A model file of regression-model, as MLflow loads it.

A table goes in, and an array of predictions comes out; with the parameter `intervals` a table with
the columns prediction, lower and upper. A row in error has NaN.
"""

import pandas
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel


class RegressionModel(PythonModel):
    """Predicts with the model file beside this one; nothing is unpickled."""

    def load_context(self, context):
        from regression_model import load_model

        self.model = load_model(context.artifacts["model"])

    def predict(self, context, model_input: pandas.DataFrame, params=None):
        prediction = self.model.predict(model_input)
        if not (params or {}).get("intervals"):
            return prediction.values
        names = ("values", "lower", "upper")
        return pandas.DataFrame(
            {name.replace("values", "prediction"): getattr(prediction, name) for name in names}
        )


set_model(RegressionModel())

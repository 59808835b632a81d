"""Training, under the name that everybody knows: `python -m regression_model.train_pipeline`."""

from .training.run import TrainingResult, run_training

__all__ = ["TrainingResult", "run_training"]

if __name__ == "__main__":
    run_training()

"""The names that serving apps import; the rooms are `regression_model.runtime` and `training`."""

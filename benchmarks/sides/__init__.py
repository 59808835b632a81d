"""The processes that are measured, each run by the Python of its own environment."""

"""The training half: from a configuration and a table to a model file."""

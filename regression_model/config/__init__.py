"""The configuration of a model: what config.yml says, checked and typed."""

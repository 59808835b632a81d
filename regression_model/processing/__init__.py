"""Data on its way into training and into the model."""

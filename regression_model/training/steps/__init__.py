"""The transformers and regressors of a pipeline that scikit-learn and feature-engine lack."""

"""The runtime half: from rows to predictions, with numpy, onnxruntime and a model file."""

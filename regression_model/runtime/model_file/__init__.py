"""The model file: its bytes, its seal, its manifest, the operators that it may hold."""

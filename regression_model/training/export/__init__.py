"""A fitted pipeline as one ONNX graph in double precision."""

from .onnx_file import export_pipeline
from .proof import Parity, Proof, graph_inputs, open_graph, prove, prove_parity

__all__ = [
    "Parity",
    "Proof",
    "export_pipeline",
    "graph_inputs",
    "open_graph",
    "prove",
    "prove_parity",
]

"""Whether a model file, a wheel or the installed package is what it should be, and signatures.

It needs the base install. Signatures need the extra verify, and training again the extra train.
"""

from __future__ import annotations

from .result import Check, Verification
from .run import sign, verify

__all__ = ["Check", "Verification", "sign", "verify"]

"""A model file as a package of its own, which a colleague installs with pip.

It needs the extra package; the packages that it makes need only the base install.
"""

from __future__ import annotations

from .run import PackageResult, package_model

__all__ = ["PackageResult", "package_model"]

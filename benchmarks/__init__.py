"""What the package is measured by, beside its peers, in one run: `python -m benchmarks`."""

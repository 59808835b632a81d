"""The service under load and under attack, beside others: `python -m benchmarks.serving`."""

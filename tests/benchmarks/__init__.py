"""Measure tui-dl against its peers: ``python -m tests.benchmarks``. Not part of the test suite."""

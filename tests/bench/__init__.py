"""Benchmarks: ratios in one run, never tests. `make bench` writes docs/benchmarks.md."""

"""Benchmarks of funnelsim: for asv, as scripts, and all once with ``python -m benchmarks``."""

"""Detectors, one a file: pure, vectorized over keys, state in and state out."""

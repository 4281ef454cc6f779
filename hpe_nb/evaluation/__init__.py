"""Evaluation: metrics of decodings, and sweeps that find the best settings."""

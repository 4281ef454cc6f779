"""Evaluation: how good a decoding is, and which settings are best, with numbers."""

"""Scenes with known truth: drawn people, the maps a network would give of them, and whose joint is whose."""

"""Scenes with known truth: drawn people, the maps that a network would output, and the owner of each joint."""

"""The decoder: from maps to people."""

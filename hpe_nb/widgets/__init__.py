"""Widgets: pure pictures of a state (`views`), controls made from the settings, and thin classes that join the two."""

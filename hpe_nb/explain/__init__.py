"""The decoder laid open: what was decided and why, what would change it, and what is wrong with a picture."""

"""Explanations of a decoding: why each joint is where it is, what would change it, and what is wrong with a picture."""

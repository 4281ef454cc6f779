"""Figures of every step of the decoder, for notebooks, slides and print.

Each function draws into `ax` if one is given, otherwise into a new figure, and returns the Axes. A notebook shows them
with their alt text. Nothing here uses pyplot or changes matplotlib's settings.
"""

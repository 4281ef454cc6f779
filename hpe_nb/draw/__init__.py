"""Figures of every step of the decoder, for notebooks, slides and print.

A function draws into `ax` where one is given, else into a figure of its own, and returns the Axes, which a notebook
shows with their alt text. Nothing here draws with pyplot or changes matplotlib's settings.
"""

"""Figures of every step of the decoder, for notebooks, slides and print.

One rule for all: a function draws into `ax` where one is given, else into a figure of its own, and returns the Axes.
A notebook shows them (with their alt text) when they are a cell's last value; `ax.figure.savefig(path)` saves them.
`with_alt` does so for a figure of your own.
Nothing here draws with pyplot or changes matplotlib's settings.
"""

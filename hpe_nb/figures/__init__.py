"""Figures of every step of the decoder, for notebooks, slides and print.

One rule for all: a function draws into `ax` where one is given, else into a figure of its own, and returns the Axes.
A notebook shows them (with their alt text) when they are a cell's last value; `ax.figure.savefig(path)` saves them.
`with_alt` does so for a figure of your own.
Nothing here draws with pyplot or changes matplotlib's settings.
"""

from hpe_nb.figures.canvas import alt_text as alt_text
from hpe_nb.figures.canvas import with_alt as with_alt
from hpe_nb.figures.costs import plot_cost_matrix as plot_cost_matrix
from hpe_nb.figures.film import plot_film_strip as plot_film_strip
from hpe_nb.figures.gaps import plot_tag_histogram as plot_tag_histogram
from hpe_nb.figures.heat import plot_heatmap as plot_heatmap
from hpe_nb.figures.heat import plot_heatmaps as plot_heatmaps
from hpe_nb.figures.table import plot_table as plot_table
from hpe_nb.figures.tags import plot_tag_map as plot_tag_map
from hpe_nb.figures.tags import plot_tag_strip as plot_tag_strip
from hpe_nb.figures.versus import plot_truth as plot_truth

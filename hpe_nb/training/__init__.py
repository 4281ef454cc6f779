"""How a network of this kind is made: topology, data, loss, training loop, export.

Needs torch: `pip install "hpe-nb[train]"`. Nothing else of the package imports this one.
Run `python -m hpe_nb.training --help`; `hpe-nb eval` measures what comes out.
"""

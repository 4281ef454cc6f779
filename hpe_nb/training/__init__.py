"""How a network of this kind is made: `python -m hpe_nb.training`. Needs torch: `pip install "hpe-nb[train]"`.

In the order of reading: config, photos (data), movenet and two_scales (features), tag_head and topology (what is
trained), losses, tasks, loop, export.
"""

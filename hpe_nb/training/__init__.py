"""Training of the kit's networks: `python -m hpe_nb.training`. Needs torch: `pip install "hpe-nb[train]"`.

Modules in reading order: config, photos (data), movenet and two_scales (features), tag_head and topology (the trained
networks), losses, tasks, loop, export.
"""

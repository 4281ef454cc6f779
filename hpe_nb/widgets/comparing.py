"""Two results side by side: A as it was kept, and what the settings give now."""

from __future__ import annotations

import html
from dataclasses import replace

import numpy as np

from hpe_nb.arrays import Image
from hpe_nb.decoder.decode import Decoding
from hpe_nb.widgets.changes import changed_dots, changed_settings, changes
from hpe_nb.widgets.dots import dots_of
from hpe_nb.widgets.layers import ground
from hpe_nb.widgets.layout import layout_of
from hpe_nb.widgets.marks import draw_place, write_on_dark
from hpe_nb.widgets.photo_view import photo_view
from hpe_nb.widgets.state import State
from hpe_nb.widgets.texts import count, layer_name

HALF = (478, 460)
"""Largest width and height of each of the two photos, pixels."""

MOST = 12
"""So many changes are listed one by one."""


def compared(state: State, before: Decoding) -> Image:
    """A picture (H, W, 3): `before` on the left, the state's decoding on the right, rings around joints that differ.

    Both halves show the state's layer. Where this is the map of one joint type, only its joints have rings.
    """
    layout = layout_of(state.subject, HALF, strip=False)
    photo = ground(state.subject, layout, state.layer, state.joint)
    sides = []
    for name, one, other in (("A", before, state.decoding), ("B: now", state.decoding, before)):
        side = photo_view(replace(state, layout=layout, ground=photo, decoding=one), dots_of(one))
        ringed = changed_dots(one, other)
        for place in layout.place(ringed.xy[state.shows(ringed.joint)]):
            draw_place(side, place, "")
        write_on_dark(side, name, (8, 22), 0.5)
        sides.append(side)
    return np.concatenate((sides[0], np.zeros_like(photo[:, :4]), sides[1]), axis=1)


def compared_alt(state: State, before: Decoding) -> str:
    """What `compared` shows, for those who cannot see it."""
    left, right = (count(len(one.poses), "person", "people") for one in (before, state.decoding))
    layer = layer_name(state.layer, state.joint)
    return f"{state.subject.name} twice with {layer}: A on the left, {left}; now on the right, {right}."


def compared_html(before: Decoding, after: Decoding) -> str:
    """What differs, settings first, as HTML."""
    settings = changed_settings(before.grouping, after.grouping)
    told = changes(before, after)
    if not settings:
        return '<span class="hpe-hint">A is kept. Change a setting: the right half shows what it does.</span>'
    rest = [f"and {len(told) - MOST} more"] if len(told) > MOST else []
    items = "".join(f"<li>{html.escape(line)}</li>" for line in told[:MOST] + rest)
    result = f"<ul class='hpe-changes'>{items}</ul>" if items else "<p>The result is the same.</p>"
    return f"<p><b>{html.escape('; '.join(settings))}.</b></p>{result}"

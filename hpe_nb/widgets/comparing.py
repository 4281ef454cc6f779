"""Two results side by side: A as it was kept, and what the settings give now."""

from __future__ import annotations

import html

import numpy as np

from hpe_nb.arrays import Image
from hpe_nb.decoding import Decoding
from hpe_nb.drawing import draw_poses
from hpe_nb.poses import Poses
from hpe_nb.widgets.changes import changed_dots, changed_settings, changes
from hpe_nb.widgets.layers import ground
from hpe_nb.widgets.layout import layout_of, poses_in
from hpe_nb.widgets.marks import draw_place, write_on_dark
from hpe_nb.widgets.photo_view import numbered
from hpe_nb.widgets.subject import Subject

HALF = (478, 460)
"""Largest width and height of each of the two photos, pixels."""

MOST = 12
"""So many changes are listed one by one."""


def compared(subject: Subject, before: Decoding, after: Decoding) -> Image:
    """A picture (H, W, 3): `before` on the left, `after` on the right, rings around joints that differ."""
    layout = layout_of(subject, HALF, strip=False)
    photo = ground(subject, layout)
    sides = []
    for name, one, other in (("A", before, after), ("B: now", after, before)):
        poses = one.poses
        moved = Poses(poses_in(layout, subject, one), poses.scores, poses.tags, poses.kind)
        side = numbered(draw_poses(photo, moved, numbers=False), moved)
        for place in layout.place(changed_dots(one, other).xy):
            draw_place(side, place, "")
        write_on_dark(side, name, (8, 22), 0.5)
        sides.append(side)
    return np.concatenate((sides[0], np.zeros_like(photo[:, :4]), sides[1]), axis=1)


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

"""Colours of the whole kit: a palette for colour-blind readers, line patterns, and colour maps for heatmaps and tags.

The people's colours are those of Okabe and Ito (2008, "Color universal design"), without black. Colour is never the
only cue: people are also numbered, the lines of persons 8 to 14 are dashed and those of persons 15 to 21 dotted, and
the left side of the body is lighter than the right.
"""

from __future__ import annotations

from hpe_nb.arrays import RGB

PEOPLE: tuple[RGB, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (204, 121, 167),
    (213, 94, 0),
    (240, 228, 66),
    (0, 114, 178),
)
"""Orange, sky blue, bluish green, reddish purple, vermilion, yellow and blue; they repeat after seven people."""

VERMILION, BLUE = PEOPLE[4], PEOPLE[6]
"""VERMILION marks mistakes and BLUE contrasts with it; figures also give each its own marker shape."""

PATTERNS: tuple[tuple[float, ...], ...] = ((), (3.0, 1.7), (1.0, 1.3))
"""Dash and gap of people's lines, in line widths: solid for the first seven people, then dashed, then dotted."""

INK: RGB = (24, 24, 24)
PAPER: RGB = (255, 255, 255)
"""Near-black and white, for outlines and text."""

HEATMAP = "magma"
TAGMAP = "viridis"
"""matplotlib's colour maps for scores and for tags; both are perceptually uniform and readable in greyscale."""


def person_colour(person: int) -> RGB:
    """Colour of person 0, 1, 2, ..., the same everywhere in the kit."""
    return PEOPLE[person % len(PEOPLE)]


def person_pattern(person: int) -> tuple[float, ...]:
    """Dash and gap of the lines of person 0, 1, 2, ...; colour and pattern together are unique up to 21 people."""
    return PATTERNS[person // len(PEOPLE) % len(PATTERNS)]


def tones(person: int) -> tuple[RGB, RGB, RGB]:
    """Colours of person 0, 1, 2, ... for the left side of the body, the middle and the right side."""
    colour = person_colour(person)
    return mixed(colour, PAPER, 0.35), colour, mixed(colour, INK, 0.25)


def mixed(colour: RGB, other: RGB, share: float) -> RGB:
    """Mix of two colours, with `share` (0 to 1) of the second one."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def brightness(colour: RGB) -> float:
    """Perceived brightness, 0 to 255, with the weights of ITU-R BT.601."""
    red, green, blue = colour
    return 0.299 * red + 0.587 * green + 0.114 * blue


def contrast(colour: RGB) -> RGB:
    """INK on a bright colour, PAPER on a dark one."""
    return INK if brightness(colour) > 110 else PAPER


def hex_code(colour: RGB) -> str:
    """The colour as "#rrggbb", for matplotlib and HTML."""
    return "#{:02x}{:02x}{:02x}".format(*colour)

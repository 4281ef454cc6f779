"""Colours of the whole kit: a palette that colour-blind people can read, patterns, and the maps' colour scales.

The people's colours are those of Okabe and Ito (2008, "Color universal design"), without black. Colour is never the
only cue: pictures also number the people, lines of the eighth to the twenty-first person are dashed or dotted, and
sides of the body differ in brightness.
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
"""What marks mistakes, and what stands against it; figures give each a shape of its own as well."""

PATTERNS: tuple[tuple[float, ...], ...] = ((), (3.0, 1.7), (1.0, 1.3))
"""Dash and gap of people's lines, in widths of the line: solid for the first seven, dashed and dotted for the next."""

INK: RGB = (24, 24, 24)
PAPER: RGB = (255, 255, 255)
"""Near-black and white, for outlines and writing."""

HEATMAP = "magma"
TAGMAP = "viridis"
"""Names of matplotlib's colour scales for scores and for tags: even in brightness, readable in grey."""


def person_colour(person: int) -> RGB:
    """Colour of person 0, 1, 2, ... everywhere in the kit."""
    return PEOPLE[person % len(PEOPLE)]


def person_pattern(person: int) -> tuple[float, ...]:
    """Dash and gap of the lines of person 0, 1, 2, ...; with the colour it is one person's alone up to 21 people."""
    return PATTERNS[person // len(PEOPLE) % len(PATTERNS)]


def tones(person: int) -> tuple[RGB, RGB, RGB]:
    """The colour of person 0, 1, 2, ... on the left side of the body, in the middle and on the right side."""
    colour = person_colour(person)
    return mixed(colour, PAPER, 0.35), colour, mixed(colour, INK, 0.25)


def mixed(colour: RGB, other: RGB, share: float) -> RGB:
    """The colour with `share` (0 to 1) of the other one in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def brightness(colour: RGB) -> float:
    """Perceived brightness, 0 to 255, by the weights of ITU-R BT.601."""
    red, green, blue = colour
    return 0.299 * red + 0.587 * green + 0.114 * blue


def contrast(colour: RGB) -> RGB:
    """INK or PAPER, whichever stands out more against the colour."""
    return INK if brightness(colour) > 110 else PAPER


def hex_code(colour: RGB) -> str:
    """The colour as "#rrggbb", for matplotlib and HTML."""
    return "#{:02x}{:02x}{:02x}".format(*colour)

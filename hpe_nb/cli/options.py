"""Options that several commands share: made from tables, from fields of settings, and those for the network."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, BooleanOptionalAction, Namespace
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, TypeVar

import hpe_nb as hpe

T = TypeVar("T")

OUT = "folder for the results (default: %(default)s)"
"""Help text of the option -o."""


def add_options(
    parser: ArgumentParser, title: str, rows: Sequence[tuple[str, Any, Any, str]], *, unset: bool = False
) -> None:
    """Add a group of options from rows of flag, default or converter, metavar or choices, and help text.

    A default of True or False makes a switch; one that is on has a --no-FLAG. With `unset`, options that are not given
    have no attribute in the result, and every switch has a --no-FLAG.
    """
    group = parser.add_argument_group(title)
    for flag, value, named, words in rows:
        given: dict[str, Any] = {"choices": named} if isinstance(named, tuple) else {"metavar": named}
        if isinstance(value, bool):
            given = {"action": BooleanOptionalAction if value or unset else "store_true"}
        else:
            make: Any = value if callable(value) else type(value)
            given["type"] = _checked(make, {int: "a whole number", float: "a number"}.get(make, named))
        default = None if callable(value) else value
        group.add_argument(flag, help=words, default=SUPPRESS if unset else default, **given)


def _checked(make: Callable[[str], Any], expected: str) -> Callable[[str], Any]:
    """Return the converter `make` with an error message that says what is expected."""

    def made(text: str) -> Any:
        try:
            return make(text)
        except ValueError as error:
            raise ArgumentTypeError(f"{text} was given, but {expected} is expected") from error

    return made


def add_fields(parser: ArgumentParser, title: str, settings: type) -> None:
    """Add an option for each field of a class of settings; see `settings_of`."""
    from hpe_nb.settings import field_line

    rows = []
    for item in fields(settings):
        default = item.default
        named = ("no", "yes")[default] if isinstance(default, bool) else default
        words = field_line(item, f"default: {named}")
        rows.append(("--" + item.name.replace("_", "-"), default, item.metadata.get("options", "N"), words))
    add_options(parser, title, rows, unset=True)


def settings_of(options: Namespace, kind: type[T]) -> T:
    """Return the settings of a class from the command line; HpeError if a value is outside its range."""
    names = [item.name for item in fields(kind)]  # type: ignore[arg-type]
    make: Any = hpe.Settings.omz if kind is hpe.Settings and options.omz else kind
    made: T = make(**{name: getattr(options, name) for name in names if hasattr(options, name)})
    return made


def size_of(text: str) -> tuple[int, int]:
    """Return width and height from text such as 640x448."""
    from hpe_nb.network.placement import MOST_SIDE

    width, height = map(int, text.lower().split("x"))
    if not (0 < width <= MOST_SIDE and 0 < height <= MOST_SIDE):
        raise ArgumentTypeError(f"{text} was given, but sides from 1 to {MOST_SIDE} are expected")
    return width, height


def fit_of(text: str) -> Any:
    """Return a fit for `load_network` from text: a name, or width and height."""
    return text if text in ("protocol", "letterbox") else size_of(text)


def listed(make: Callable[[str], T]) -> Callable[[str], tuple[T, ...]]:
    """Return a converter for values separated by commas, each converted by `make`."""
    return lambda text: tuple(make(part.strip()) for part in text.split(","))


def three_numbers(text: str) -> tuple[float, ...]:
    """Return numbers separated by commas; a single number is repeated three times."""
    numbers = listed(float)(text)
    return numbers * 3 if len(numbers) == 1 else numbers


NAMES = (
    "a known name such as 0007, the path of an .xml or .onnx file, or auto: human-pose-estimation-0007 if it is in "
    "the cache or can be downloaded, else the network that ships, hpe-nb-ae (default: auto)"
)
NETWORK = (
    ("--network", "auto", "NAME", NAMES),
    ("--fit", fit_of, "protocol|letterbox|WxH", "how photos are scaled into the network's input (default: protocol)"),
    ("--size", int, "PIXELS", "side of the input for protocol and letterbox (default: the network's own)"),
    ("--device", "CPU", "NAME", "OpenVINO device (default: CPU)"),
)
"""Options for the network and the placement of photos in its input."""

BY_PATH = (
    ("--negated", "auto", ("yes", "no", "auto"), "whether the network itself negates non-maxima (default: auto)"),
    ("--layout", str, ("NCHW", "NHWC"), "axis order of the network's input (default: from its shape)"),
    ("--input-colour", str, ("BGR", "RGB"), "order of the input's colour channels (default: BGR)"),
    ("--mean", three_numbers, "N,N,N", "numbers to subtract from the colour channels (default: 0)"),
    ("--scale", three_numbers, "N,N,N", "numbers to divide the colour channels by after that (default: 1)"),
)
"""Options for networks that are loaded by path."""


def add_decoding(parser: ArgumentParser) -> None:
    """Add the options for the network and for each field of `Settings`; `--omz` sets Open Model Zoo's defaults."""
    add_options(parser, "network", NETWORK)
    add_options(parser, "networks loaded by path (a card beside the file can set these too)", BY_PATH)
    parser.add_argument("--omz", action="store_true", help="use the settings of Open Model Zoo's demo as defaults")
    add_fields(parser, "decoder, from peaks to people", hpe.Settings)


def network_of(options: Namespace) -> hpe.Network:
    """Load the network that the command line names; HpeError if it cannot be loaded with these options."""
    return hpe.load_network(
        options.network,
        fit=options.fit,
        size=options.size,
        device=options.device,
        layout=options.layout,
        colour=options.input_colour,
        mean=options.mean,
        scale=options.scale,
        negated={"yes": True, "no": False, "auto": None}[options.negated],
    )

"""What several commands share: options from tables and from fields of settings, and those of the network."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, BooleanOptionalAction, Namespace
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, TypeVar

import hpe_nb as hpe

T = TypeVar("T")

OUT = "folder for the results (default: %(default)s here)"
"""Help of the option -o."""


def add_options(
    parser: ArgumentParser, title: str, rows: Sequence[tuple[str, Any, Any, str]], *, unset: bool = False
) -> None:
    """Add a group of options: each row has the flag, the default or what makes the value, its name or choices, help.

    True and False are switches; the opposite of one that is on is --no-FLAG. With `unset`, options that are not given
    have no value at all, and every switch has its opposite.
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
    """What makes a value from text, or says what is expected in place of text that it cannot take."""

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
    """The settings of a kind that the command line asks for; HpeError where a value is outside its range."""
    names = [item.name for item in fields(kind)]  # type: ignore[arg-type]
    make: Any = hpe.Settings.omz if kind is hpe.Settings and options.omz else kind
    made: T = make(**{name: getattr(options, name) for name in names if hasattr(options, name)})
    return made


def size_of(text: str) -> tuple[int, int]:
    """Width and height from text such as 640x448."""
    from hpe_nb.network.placement import MOST_SIDE

    width, height = map(int, text.lower().split("x"))
    if not (0 < width <= MOST_SIDE and 0 < height <= MOST_SIDE):
        raise ArgumentTypeError(f"{text} was given, but sides from 1 to {MOST_SIDE} are expected")
    return width, height


def fit_of(text: str) -> Any:
    """A fit as `load_network` takes it: a name, or width and height."""
    return text if text in ("protocol", "letterbox") else size_of(text)


def listed(make: Callable[[str], T]) -> Callable[[str], tuple[T, ...]]:
    """What makes a value of each part of a text between commas."""
    return lambda text: tuple(make(part.strip()) for part in text.split(","))


def three_numbers(text: str) -> tuple[float, ...]:
    """Three numbers between commas; one is taken for all three."""
    numbers = listed(float)(text)
    return numbers * 3 if len(numbers) == 1 else numbers


NETWORK = (
    (
        "--network",
        "auto",
        "NAME",
        "auto: 0007 if it can be had, else the kit's; or a known name, or the path of an .xml or .onnx file",
    ),
    ("--fit", fit_of, "protocol|letterbox|WxH", "how photos are placed, WxH being a size such as 640x448"),
    ("--size", int, "PIXELS", "side of the network's input for the named fits"),
    ("--device", "CPU", "NAME", "OpenVINO device (default: CPU)"),
    ("--negated", "auto", ("yes", "no", "auto"), "whether a network given by path negates what is no maximum"),
    ("--layout", str, ("NCHW", "NHWC"), "axes of a network given by path, if it does not tell"),
    ("--input-colour", str, ("BGR", "RGB"), "colours that a network given by path expects"),
    ("--mean", three_numbers, "N,N,N", "what is taken from the colours of a network given by path"),
    ("--scale", three_numbers, "N,N,N", "what divides the colours of a network given by path"),
)
"""Options that choose a network and how photos are fitted to it."""


def add_decoding(parser: ArgumentParser) -> None:
    """Add the options for the network and each field of `Settings`; `--omz` starts from Open Model Zoo's rules."""
    add_options(parser, "network", NETWORK)
    parser.add_argument("--omz", action="store_true", help="start from the rules of Open Model Zoo's demo")
    add_fields(parser, "grouping: settings of the decoder, from peaks to people", hpe.Settings)


def network_of(options: Namespace) -> hpe.Network:
    """The network that the command line asks for; HpeError where there is none, or it cannot be so."""
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

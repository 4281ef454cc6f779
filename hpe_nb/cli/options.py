"""What several commands share: options for the network, and for settings, made from their fields; the usual folder."""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import Field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from hpe_nb.errors import HpeError
from hpe_nb.settings import Settings

if TYPE_CHECKING:
    from hpe_nb.network.network import Network

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001
"""What a command's parser is added to; argparse has no public name for it."""


def folder_for(name: str) -> Path:
    """A folder of that name here, or in the home folder or the temporary one where nothing can be written here.

    It is not made yet.
    """
    for place in (Path.cwd(), Path.home(), Path(tempfile.gettempdir())):
        if os.access(place / name if (place / name).exists() else place, os.W_OK):
            return place / name
    return Path.cwd() / name


def add_grouping(parser: argparse.ArgumentParser) -> None:
    """Add an option for each field of `Settings`, and `--omz` for Open Model Zoo's rules to start from."""
    group = parser.add_argument_group("grouping", "settings of the decoder, from peaks to people")
    group.add_argument("--omz", action="store_true", help="start from the rules of Open Model Zoo's demo")
    for item in fields(Settings):
        add_field(group, item, "grouping")


def add_field(group: argparse._ArgumentGroup, item: Field[Any], prefix: str) -> None:
    """Add the option of one field; its value goes to `prefix_NAME`, and only where the option is given."""
    told, flag = item.metadata, "--" + item.name.replace("_", "-")
    common: dict[str, Any] = {"dest": f"{prefix}_{item.name}", "default": argparse.SUPPRESS}
    if isinstance(item.default, bool):
        text = f"{told['meaning']} (default: {'yes' if item.default else 'no'})"
        group.add_argument(flag, action=argparse.BooleanOptionalAction, help=text, **common)
    elif "options" in told:
        text = f"{told['meaning']} (default: {item.default})"
        group.add_argument(flag, choices=told["options"], help=text, **common)
    else:
        text = f"{told['meaning']} ({told['low']} to {told['high']}, default: {item.default})"
        group.add_argument(flag, type=type(item.default), metavar="N", help=text, **common)


def grouping_of(options: argparse.Namespace) -> Settings:
    """The settings that the command line asks for.

    Raises:
        HpeError: a value outside its range.
    """
    given = given_fields(options, Settings, "grouping")
    return Settings.omz(**given) if options.omz else Settings(**given)


def given_fields(options: argparse.Namespace, settings: type[Any], prefix: str) -> dict[str, Any]:
    """Values of the fields whose options were given, by field name."""
    names = [item.name for item in fields(settings)]
    return {name: getattr(options, f"{prefix}_{name}") for name in names if hasattr(options, f"{prefix}_{name}")}


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose a network and how photos are fitted to it."""
    group = parser.add_argument_group("network")
    group.add_argument(
        "--network", default="auto", metavar="NAME", help='"auto", a known name, or the path of an .xml or .onnx file'
    )
    group.add_argument(
        "--fit", metavar="FIT", help='how photos are placed: "protocol", "letterbox" or a size such as 640x448'
    )
    group.add_argument("--size", type=int, metavar="PIXELS", help="side of the network's input for the named fits")
    group.add_argument("--device", default="CPU", help="OpenVINO device (default: CPU)")
    group.add_argument(
        "--negated", choices=("yes", "no", "auto"), default="auto",
        help="whether a network given by path negates what is no maximum (default: auto, its output is looked at)",
    )  # fmt: skip
    group.add_argument(
        "--layout", choices=("NCHW", "NHWC"), help="axes of a network given by path, if it does not tell"
    )
    group.add_argument("--input-colour", choices=("BGR", "RGB"), help="colours that a network given by path expects")
    for name, what in (("mean", "is taken from"), ("scale", "divides")):
        group.add_argument(f"--{name}", metavar="N,N,N", help=f"what {what} the colours of a network given by path")


def network_of(options: argparse.Namespace) -> Network:
    """The network that the command line asks for.

    Raises:
        HpeError: no such network, or a fit that is none.
    """
    from hpe_nb.network.loading import load_network

    return load_network(
        options.network,
        fit=_fit(options.fit),
        size=options.size,
        device=options.device,
        layout=options.layout,
        colour=options.input_colour,
        mean=options.mean and three_numbers(options.mean),
        scale=options.scale and three_numbers(options.scale),
        negated={"yes": True, "no": False, "auto": None}[options.negated],
    )


def three_numbers(text: str) -> tuple[float, ...]:
    """Three numbers between commas; one is taken for all three.

    Raises:
        HpeError: something else.
    """
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise HpeError(f"{text} was given, but a number or three of them between commas are expected.") from error
    return numbers * 3 if len(numbers) == 1 else numbers


def _fit(text: str | None) -> Any:
    """A fit as `load_network` takes it; 640x448 becomes a pair of numbers."""
    if text in (None, "protocol", "letterbox"):
        return text
    return size_of_text("--fit", str(text), "protocol, letterbox or ")


def size_of_text(option: str, text: str, others: str = "") -> tuple[int, int]:
    """Width and height from text such as 640x448.

    Args:
        option: what was given.
        text: its value.
        others: what else is expected there.

    Raises:
        HpeError: no size.
    """
    sides = text.lower().split("x")
    if len(sides) != 2 or not all(side.isascii() and side.isdecimal() and int(side) for side in sides):
        raise HpeError(f"{option} {text} was given, but {others}a size such as 640x448 is expected.")
    return int(sides[0]), int(sides[1])

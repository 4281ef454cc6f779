"""`hpe-nb`: parse the command line and run the command's module."""

from __future__ import annotations

import errno
import os
import sys
import threading
from argparse import ArgumentParser
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from hpe_nb import __version__
from hpe_nb.errors import HpeError, one_line

COMMANDS = ("demo", "run", "eval", "sweep", "fetch", "lab", "info")
"""Modules of this package. Each has `add(parser)` for its options, `run(options)`, and its help text as docstring.

They import large packages only when they run, so that `hpe-nb --help` is fast.
"""


class Parser(ArgumentParser):
    """A parser that reports errors in one sentence."""

    def error(self, message: str) -> NoReturn:
        """Raise HpeError, where argparse would print the usage and exit."""
        raise HpeError(f"{message}; see {self.prog} --help.")


def command() -> NoReturn:
    """Run a command and exit with its status: the entry point of the `hpe-nb` program."""
    from hpe_nb.network.download import WAITING

    status = main()
    # A thread that is still blocked on a stream, in a library's code, would crash when Python shuts down.
    if any(each.name == WAITING for each in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status: the command's, 2 for an HpeError or OSError, 130 after Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # characters that the terminal's encoding lacks must not stop a command
            stream.reconfigure(errors="replace")
    try:
        arguments = sys.argv[1:] if arguments is None else arguments
        parser = command_line(arguments)
        options, others = parser.parse_known_args(arguments)
        if others and not options.passes_on:
            parser.error("unrecognized arguments: " + " ".join(others))
        options.others = others
        status = int(options.run(options) or 0)
        print(end="", flush=True)  # so that an error of the output is caught here
        return status
    except HpeError as error:
        print(f"hpe-nb: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("hpe-nb: interrupted.", file=sys.stderr)
        return 130
    except OSError as error:
        # A reader such as `head` has closed the pipe, which is no error; Windows reports EINVAL without a file name.
        invalid = os.name == "nt" and error.errno == errno.EINVAL and error.filename is None
        closed = invalid or isinstance(error, BrokenPipeError)
        if not closed:
            sentence = f"{error.filename or 'the output'} cannot be used ({error.strerror or error}); check it"
            print(f"hpe-nb: {one_line(sentence)} or choose another.", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0 if closed else 2


def command_line(arguments: Sequence[str]) -> ArgumentParser:
    """Return the parser. Only commands in `arguments` get their options, because those for settings import NumPy."""
    parser = Parser(prog="hpe-nb", description="Find people by associative embedding, and see how it works.")
    parser.epilog = "hpe-nb COMMAND --help shows the options of a command."
    parser.add_argument("--version", action="version", version=f"hpe-nb {__version__}")
    parser.set_defaults(passes_on=False, run=lambda _: parser.print_help())
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name in COMMANDS:
        module = import_module(f"hpe_nb.cli.{name}")
        about = str(module.__doc__).partition(": ")[2]
        one = subparsers.add_parser(name, help=about.partition(".")[0], description=about[:1].upper() + about[1:])
        one.set_defaults(run=module.run)
        if name in arguments:
            module.add(one)
    return parser


if __name__ == "__main__":
    command()

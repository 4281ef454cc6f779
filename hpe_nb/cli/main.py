"""`hpe-nb`: reads the command line and hands over to the command's module."""

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
"""Modules of this package; each has `add(parser)` for its options, `run(options)`, and its help in its first line.

They import what is heavy only when they run, so `hpe-nb --help` is quick.
"""


class Parser(ArgumentParser):
    """A parser whose errors are sentences like all others."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print under a page of usage."""
        raise HpeError(f"{message}; see {self.prog} --help.")


def command() -> NoReturn:
    """Run a command as a program of its own, and end the process."""
    from hpe_nb.network.download import WAITING

    status = main()
    # Where a stream goes on without end, its thread is in foreign code, and would call a Python that has ended.
    if any(each.name == WAITING for each in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status: its own, 2 for input that cannot be used, 130 when interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a name outside the terminal's alphabet must not stop a command
            stream.reconfigure(errors="replace")
    try:
        arguments = sys.argv[1:] if arguments is None else arguments
        parser = command_line(arguments)
        options, others = parser.parse_known_args(arguments)
        if others and not options.passes_on:
            parser.error("unrecognized arguments: " + " ".join(others))
        options.others = others
        status = int(options.run(options) or 0)
        print(end="", flush=True)  # what cannot be written is an error of this command
        return status
    except HpeError as error:
        print(f"hpe-nb: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("hpe-nb: interrupted.", file=sys.stderr)
        return 130
    except OSError as error:
        # The reader, such as `head`, has seen enough; Windows calls this an invalid argument, of no file.
        left = os.name == "nt" and error.errno == errno.EINVAL and error.filename is None
        done = left or isinstance(error, BrokenPipeError)
        if not done:
            sentence = f"{error.filename or 'the output'} cannot be used ({error.strerror or error}); see to it"
            print(f"hpe-nb: {one_line(sentence)} or choose another.", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0 if done else 2


def command_line(arguments: Sequence[str]) -> ArgumentParser:
    """The parser of all commands; only those named have their options, as those of the settings load NumPy."""
    parser = Parser(prog="hpe-nb", description="See how associative embedding finds people.")
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

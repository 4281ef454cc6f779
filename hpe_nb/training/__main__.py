"""`python -m hpe_nb.training`: train and export a network. `hpe-nb eval` evaluates the result."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hpe_nb.errors import HpeError
from hpe_nb.training.config import read_config
from hpe_nb.training.photos import read_photos

CONFIGS = Path(__file__).parent / "configs"


def main(arguments: list[str] | None = None) -> int:
    """Train a network, or export it. The exit status is 0, or 2 if the input cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m hpe_nb.training", description=main.__doc__)
    commands = parser.add_subparsers(required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--config", type=Path, default=CONFIGS / "hpe-nb-ae.toml", help="network, data and options")
    common.add_argument("--out", type=Path, default=Path("training"), help="folder for the checkpoint and log.csv")
    train = commands.add_parser("train", parents=[common], help="train, or resume a training that was stopped")
    train.add_argument("--device", help='"cpu" or "cuda"; by default cuda if available')
    train.set_defaults(run=_train)
    export = commands.add_parser("export", parents=[common], help="write the trained network as OpenVINO IR")
    export.add_argument("--to", type=Path, required=True, help="the .xml file")
    export.set_defaults(run=_export)
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except HpeError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except ImportError as error:
        sys.stderr.write(f'{error.name} is missing; run: pip install "hpe-nb[train]"\n')
        return 2
    return 0


def _train(options: argparse.Namespace) -> None:
    import torch

    from hpe_nb.training.loop import train
    from hpe_nb.training.tasks import make_task

    config = read_config(options.config)
    photos = [photo for source in config.data for photo in read_photos(*source)]
    photos = [photo for i, photo in enumerate(photos) if not config.hold_out or i % config.hold_out]
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    sys.stdout.write(f"{len(photos)} photos to train on, {device}\n")
    train(make_task(config), photos, config, options.out, device)


def _export(options: argparse.Namespace) -> None:
    from hpe_nb.training.export import export
    from hpe_nb.training.loop import load
    from hpe_nb.training.tasks import TagTask, make_task

    config = read_config(options.config)
    task = make_task(config)
    load(options.out, {"mean": task.network})
    if isinstance(task, TagTask):
        task.network.head.stretch(config.stretch)
    export(task.network, options.to)
    sys.stdout.write(f"{options.to} and {options.to.with_suffix('.bin').name} written\n")


if __name__ == "__main__":
    sys.exit(main())

"""One thread for torch, as the networks are small and other tests may run beside them; photos to train on."""

import contextlib
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

with contextlib.suppress(ImportError):
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    from tiny import write_photos

    return write_photos(tmp_path_factory.mktemp("photos"))

"""One thread for torch, as the networks are small and other tests may run beside them; photos to train on."""

import pytest
from tiny import write_photos

try:
    import torch
except ImportError:
    collect_ignore_glob = ["test_*.py"]
else:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return write_photos(tmp_path_factory.mktemp("photos"))

"""Photos to train on; torch uses one thread, since the networks are small and other tests may run in parallel."""

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

"""One thread for torch: the networks of these tests are small, and other tests may run beside them."""

import contextlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

with contextlib.suppress(ImportError):
    import torch

    torch.set_num_threads(1)

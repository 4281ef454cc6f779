"""hpe_nb: see how associative embedding finds people.

    import hpe_nb as hpe
    network = hpe.load_network()
    image = hpe.read_image("photo.jpg")
    decoding = hpe.decode(network(image))
    picture = hpe.draw_poses(image, decoding.poses)

Names are loaded when first used, so the import is quick.
"""

from __future__ import annotations

import sys
from typing import Any, cast

import lazy_loader

__version__ = "0.2.0"

# OpenVINO reports its import to a tracking server where this module can be imported, and does not where it cannot.
cast("dict[str, Any]", sys.modules).setdefault("openvino_telemetry", None)

# Public names are listed once, in __init__.pyi; each module is loaded when one of its names is first asked for.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

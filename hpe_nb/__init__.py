"""hpe_nb: human pose estimation by associative embedding, with every step of the decoder open to view.

    import hpe_nb as hpe
    network = hpe.load_network()
    image = hpe.read_image("photo.jpg")
    decoding = hpe.decode(network(image))
    picture = hpe.draw_poses(image, decoding.poses)

Modules are loaded when one of their names is first used, so that the import is fast.
"""

from __future__ import annotations

import sys
from typing import Any, cast

import lazy_loader

__version__ = "0.2.0"

# When it is imported, OpenVINO reports to a tracking server, unless it cannot import this module.
cast("dict[str, Any]", sys.modules).setdefault("openvino_telemetry", None)

# Public names are listed only in __init__.pyi.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""What a photo costs beyond the network: photo to poses against the network's bare inference, in turns.

The photo is a crowded frame of the shipped film, without pose threshold: more than ten people go all the way. Bare
inference is one OpenVINO request on a filled input tensor at the same shape; the whole way adds scaling, padding,
checking, decoding.
"""

from __future__ import annotations

import numpy as np
import openvino as ov
from measuring import in_turns

import hpe_nb as hpe

CROWDED, RUNS = 125, 60
"""Number of the frame, and how often it is seen."""


if __name__ == "__main__":
    network, everybody = hpe.load_network("hpe-nb-ae"), hpe.Settings(pose_threshold=0)
    with hpe.open_source(str(hpe.sample("vtest.mp4")), start=CROWDED) as source:
        image = next(iter(source)).image
    placement = network.place(image)
    request = network.compiled(placement).create_infer_request()
    tensor = placement.fill(image)  # kept: a shared tensor does not own its memory
    request.set_input_tensor(ov.Tensor(tensor, shared_memory=True))
    people = len(hpe.decode(network(image), everybody).poses)
    times = in_turns(RUNS, lambda _: request.infer(), lambda _: hpe.decode(network(image), everybody))
    bare, whole = np.median(times, axis=0)
    print(f"{network.name}, input {placement.input[0]} x {placement.input[1]}, {people} people")
    print(f"bare inference {bare:.1f} ms, photo to poses {whole:.1f} ms")
    print(f"ratio {np.median(times[:, 1] / times[:, 0]):.3f}")

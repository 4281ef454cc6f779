"""What a photo costs beyond the network: photo to poses against the network's bare inference, in turns.

    python tests/benchmarks/photo_to_poses.py [--network NAME]

The photo is a crowded frame of the shipped film, without pose threshold: more than ten people go all the way. Bare
inference is one OpenVINO request on a filled input tensor at the same shape; the whole way adds scaling, padding,
checking, decoding.
"""

from __future__ import annotations

import argparse
import statistics
import time

import openvino as ov

import hpe_nb as hpe

CROWDED, RUNS = 125, 60
"""Number of the frame, and how often it is seen."""


def main() -> None:
    """Print the medians and the median of the paired ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", default="auto")
    options = parser.parse_args()
    network = hpe.load_network(options.network)
    with hpe.open_source(str(hpe.sample("vtest.mp4")), start=CROWDED) as source:
        image = next(iter(source)).image
    placement = network.place(image)
    request = network.compiled(placement).create_infer_request()
    tensor = placement.fill(image)  # kept: a shared tensor does not own its memory
    request.set_input_tensor(ov.Tensor(tensor, shared_memory=True))
    everybody = hpe.Settings(pose_threshold=0)
    people = len(hpe.decode(network(image), everybody).poses)
    bare, whole = [], []
    for _ in range(RUNS):
        start = time.perf_counter()
        request.infer()
        middle = time.perf_counter()
        hpe.decode(network(image), everybody)
        end = time.perf_counter()
        bare.append(middle - start)
        whole.append(end - middle)
    ratio = statistics.median(b / a for a, b in zip(bare, whole, strict=True))
    print(f"{network.name}, input {placement.input[0]} x {placement.input[1]}, {people} people")
    print(
        f"bare inference {statistics.median(bare) * 1e3:.1f} ms, photo to poses {statistics.median(whole) * 1e3:.1f} ms"
    )
    print(f"ratio {ratio:.3f}")


if __name__ == "__main__":
    main()

"""Is it quicker to find the peaks inside the network's graph than after it?

    python tests/benchmarks/graph_peaks.py [--fit 448x352]

Adds a TopK over each joint type's map, and a gather of the tags at the peaks, to the graph, and compares the network's
time with and without, turn by turn, with the time that finding peaks takes outside.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import openvino as ov
from openvino import opset13 as op

import hpe_nb as hpe
from hpe_nb.decoder.peaks import find_peaks

BEST = 30
"""Peaks per joint type, as in Open Model Zoo's demo."""


def with_peaks(model: ov.Model, width: int, height: int) -> ov.Model:
    """The model with three small outputs in place of the maps: places, scores and tags of the best peaks."""
    model = model.clone()
    model.reshape([1, height, width, 3])
    outputs = {output.get_any_name(): output.get_node().input_value(0) for output in model.outputs}
    flat = [op.reshape(outputs[name], [17, -1], False) for name in ("heatmaps", "embeddings")]
    best = op.topk(flat[0], np.int32(BEST), 1, "max", "value")
    tags = op.gather_elements(flat[1], best.output(1), 1)
    results = [op.result(best.output(0)), op.result(best.output(1)), op.result(tags)]
    return ov.Model(results, model.get_parameters(), "peaks")


def median_ms(work: Callable[[], object], count: int = 12) -> float:
    """Median milliseconds."""
    times = []
    for _ in range(count):
        began = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fit", default="448x352")
    width, height = map(int, parser.parse_args().fit.split("x"))
    network = hpe.load_network("hpe-nb-ae", fit=(width, height))
    with hpe.open_source(hpe.sample("vtest"), start=240, stop=241) as source:
        image = next(iter(source)).image
    tensor = network.place(image).fill(image)
    maps, grouping = network(image), hpe.Settings()
    plain = network.compiled(network.place(image)).create_infer_request()
    inside = ov.Core().compile_model(with_peaks(network.model, width, height), "CPU", network.config)
    inside_request = inside.create_infer_request()
    extra = []
    for turn in range(5):
        without, within = (median_ms(lambda r=r: r.infer([tensor])) for r in (plain, inside_request))
        outside = median_ms(lambda: find_peaks(maps, grouping))
        extra.append(within - without)
        print(f"{turn + 1}: network {without:.1f} ms, with peaks inside {within:.1f} ms, find_peaks {outside:.2f} ms")
    print(
        f"inside costs {statistics.median(extra):+.1f} ms, outside {outside:.2f} ms; refinement needs the maps anyway"
    )


if __name__ == "__main__":
    main()

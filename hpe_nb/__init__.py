"""hpe_nb: see how associative embedding finds people.

    import hpe_nb as hpe
    network = hpe.load_network()
    image = hpe.read_image("photo.jpg")
    decoding = hpe.decode(network(image))
    picture = hpe.draw_poses(image, decoding.poses)

Names are loaded when first used, so the import is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from hpe_nb.decoder.decode import Decoding as Decoding
    from hpe_nb.decoder.decode import decode as decode
    from hpe_nb.decoder.maps import Maps as Maps
    from hpe_nb.decoder.peaks import Peaks as Peaks
    from hpe_nb.decoder.peaks import find_peaks as find_peaks
    from hpe_nb.decoder.peaks import negate_non_maxima as negate_non_maxima
    from hpe_nb.decoder.poses import Poses as Poses
    from hpe_nb.draw.figures import alt_text as alt_text
    from hpe_nb.draw.figures import with_alt as with_alt
    from hpe_nb.draw.costs import plot_cost_matrix as plot_cost_matrix
    from hpe_nb.draw.film_strip import plot_film_strip as plot_film_strip
    from hpe_nb.draw.tags import plot_tag_histogram as plot_tag_histogram
    from hpe_nb.draw.heatmaps import plot_heatmap as plot_heatmap
    from hpe_nb.draw.heatmaps import plot_heatmaps as plot_heatmaps
    from hpe_nb.draw.skeletons import draw_poses as draw_poses
    from hpe_nb.draw.results import plot_table as plot_table
    from hpe_nb.draw.tags import plot_tag_map as plot_tag_map
    from hpe_nb.draw.tags import plot_tag_strip as plot_tag_strip
    from hpe_nb.draw.results import plot_truth as plot_truth
    from hpe_nb.errors import HpeError as HpeError
    from hpe_nb.evaluation.cache import MapCache as MapCache
    from hpe_nb.evaluation.cache import cache_maps as cache_maps
    from hpe_nb.evaluation.decode_many import decode_many as decode_many
    from hpe_nb.evaluation.flip import flip_test as flip_test
    from hpe_nb.evaluation.flip_settings import flip_settings as flip_settings
    from hpe_nb.evaluation.grids import random_settings as random_settings
    from hpe_nb.evaluation.labels import read_labels as read_labels
    from hpe_nb.evaluation.losses import find_losses as find_losses
    from hpe_nb.evaluation.perfect import perfect_maps as perfect_maps
    from hpe_nb.evaluation.pictures import plot_curve as plot_curve
    from hpe_nb.evaluation.pictures import plot_heat as plot_heat
    from hpe_nb.evaluation.pictures import plot_pareto as plot_pareto
    from hpe_nb.evaluation.pose_files import load_pictures as load_pictures
    from hpe_nb.evaluation.pose_files import load_poses as load_poses
    from hpe_nb.evaluation.pose_files import save_poses as save_poses
    from hpe_nb.evaluation.protocols import compare_protocols as compare_protocols
    from hpe_nb.evaluation.report import Report as Report
    from hpe_nb.evaluation.report import evaluate as evaluate
    from hpe_nb.evaluation.sweep import sweep as sweep
    from hpe_nb.evaluation.table import SweepTable as SweepTable
    from hpe_nb.explain.diagnose import Diagnosis as Diagnosis
    from hpe_nb.explain.diagnose import diagnose as diagnose
    from hpe_nb.explain.explain import explain_peak as explain_peak
    from hpe_nb.explain.record import record as record
    from hpe_nb.files.images import read_image as read_image
    from hpe_nb.files.images import write_image as write_image
    from hpe_nb.files.shipped import sample as sample
    from hpe_nb.files.shipped import samples as samples
    from hpe_nb.films.engine import detect as detect
    from hpe_nb.films.exports import export_record as export_record
    from hpe_nb.films.job import Outputs as Outputs
    from hpe_nb.films.job import run_film as run_film
    from hpe_nb.films.record import read_record as read_record
    from hpe_nb.films.settings import Following as Following
    from hpe_nb.films.settings import Running as Running
    from hpe_nb.films.sources import open_source as open_source
    from hpe_nb.network.fetching import fetch as fetch
    from hpe_nb.network.loading import load_network as load_network
    from hpe_nb.network.network import Network as Network
    from hpe_nb.scenes import Recipe as Recipe
    from hpe_nb.scenes import Scene as Scene
    from hpe_nb.scenes import Truth as Truth
    from hpe_nb.scenes import ideal_maps as ideal_maps
    from hpe_nb.scenes import pose_names as pose_names
    from hpe_nb.scenes import scene as scene
    from hpe_nb.scenes import scene_names as scene_names
    from hpe_nb.settings import Settings as Settings
    from hpe_nb.widgets.explorer import Explorer as Explorer
    from hpe_nb.widgets.player import Player as Player
    from hpe_nb.widgets.scene_lab import SceneLab as SceneLab
    from hpe_nb.widgets.stepper import Stepper as Stepper
    from hpe_nb.widgets.webcam import webcam as webcam

_HOME = {
    "evaluate": "evaluation.report",
    "Report": "evaluation.report",
    "read_labels": "evaluation.labels",
    "cache_maps": "evaluation.cache",
    "MapCache": "evaluation.cache",
    "sweep": "evaluation.sweep",
    "SweepTable": "evaluation.table",
    "random_settings": "evaluation.grids",
    "flip_settings": "evaluation.flip_settings",
    "flip_test": "evaluation.flip",
    "decode_many": "evaluation.decode_many",
    "find_losses": "evaluation.losses",
    "perfect_maps": "evaluation.perfect",
    "compare_protocols": "evaluation.protocols",
    "plot_curve": "evaluation.pictures",
    "plot_heat": "evaluation.pictures",
    "plot_pareto": "evaluation.pictures",
    "HpeError": "errors",
    "Decoding": "decoder.decode",
    "decode": "decoder.decode",
    "draw_poses": "draw.skeletons",
    "Diagnosis": "explain.diagnose",
    "diagnose": "explain.diagnose",
    "explain_peak": "explain.explain",
    "record": "explain.record",
    "fetch": "network.fetching",
    "alt_text": "draw.figures",
    "plot_cost_matrix": "draw.costs",
    "plot_film_strip": "draw.film_strip",
    "plot_heatmap": "draw.heatmaps",
    "plot_heatmaps": "draw.heatmaps",
    "plot_table": "draw.results",
    "plot_tag_histogram": "draw.tags",
    "plot_tag_map": "draw.tags",
    "plot_tag_strip": "draw.tags",
    "plot_truth": "draw.results",
    "with_alt": "draw.figures",
    "detect": "films.engine",
    "export_record": "films.exports",
    "Outputs": "films.job",
    "run_film": "films.job",
    "Player": "widgets.player",
    "read_record": "films.record",
    "Following": "films.settings",
    "Running": "films.settings",
    "open_source": "films.sources",
    "webcam": "widgets.webcam",
    "read_image": "files.images",
    "write_image": "files.images",
    "load_network": "network.loading",
    "Maps": "decoder.maps",
    "Network": "network.network",
    "Peaks": "decoder.peaks",
    "find_peaks": "decoder.peaks",
    "negate_non_maxima": "decoder.peaks",
    "load_pictures": "evaluation.pose_files",
    "load_poses": "evaluation.pose_files",
    "save_poses": "evaluation.pose_files",
    "Poses": "decoder.poses",
    "Recipe": "scenes",
    "Scene": "scenes",
    "Truth": "scenes",
    "ideal_maps": "scenes",
    "pose_names": "scenes",
    "scene": "scenes",
    "scene_names": "scenes",
    "Settings": "settings",
    "sample": "files.shipped",
    "samples": "files.shipped",
    "Explorer": "widgets.explorer",
    "Stepper": "widgets.stepper",
    "SceneLab": "widgets.scene_lab",
}
"""Public names and the modules they live in."""

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    """Load the module of a public name when the name is first asked for."""
    if name not in _HOME:
        raise AttributeError(f"module 'hpe_nb' has no attribute {name!r}")
    value = getattr(import_module(f"hpe_nb.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Public names, for completion."""
    return sorted(__all__)

"""Figures: each draws into the given Axes or a new figure, has alt text, and does not change its input."""

import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from own_rules import Near
from refusals import refused

import hpe_nb as hpe
from hpe_nb.draw.dots import dots_of, owners
from hpe_nb.draw.figures import person_hex
from hpe_nb.draw.skeletons import cv2
from hpe_nb.explain.changes import numbered
from hpe_nb.scenes.truth import wrong_joints

SCENE = hpe.scene("crossing arms")
DECODING = hpe.decode(SCENE.maps)
NOBODY = hpe.scene(0)
EMPTY = hpe.decode(NOBODY.maps)
ONE_ROW, ONE_COLUMN = (
    hpe.decode(hpe.ideal_maps(np.full((1, 17, 3), [x, y, 2.0]), np.zeros(1), size))
    for x, y, size in ((4.0, 0.0, (9, 1)), (0.0, 4.0, (1, 9)))
)
CLOSE = hpe.scene(3, tag_gap=1.0, tag_noise=0.2).maps
TWO_TAGS = hpe.decode(replace(CLOSE, tags=np.concatenate((CLOSE.tags, -CLOSE.tags), axis=-1)), hpe.Settings.omz())

FIGURES = [
    pytest.param(hpe.plot_heatmaps, (SCENE.maps, SCENE.image), "17 heatmaps", id="heatmap grid"),
    pytest.param(hpe.plot_heatmaps, (SCENE.maps,), "17 heatmaps", id="heatmap grid without photo"),
    pytest.param(hpe.plot_heatmap, (DECODING, "left wrist", SCENE.image), "left wrist: 2 peaks", id="one heatmap"),
    pytest.param(hpe.plot_tag_map, (DECODING, "right knee"), "person 1 at", id="tag map"),
    pytest.param(hpe.plot_tag_map, (ONE_ROW, "nose"), "person 1 at x 2", id="tag map of one row"),
    pytest.param(hpe.plot_tag_map, (ONE_COLUMN, "nose"), "person 1 at x 0, y 2", id="tag map of one column"),
    pytest.param(hpe.plot_tag_strip, (DECODING,), "32 peaks", id="tag strip"),
    pytest.param(hpe.plot_tag_strip, (DECODING, SCENE.truth), "4 joints in another", id="tag strip with truth"),
    pytest.param(hpe.plot_tag_histogram, (DECODING,), "smallest gap", id="tag histogram"),
    pytest.param(hpe.plot_cost_matrix, (DECODING, "left wrist"), "2 peaks against 2 people", id="cost matrix"),
    pytest.param(
        hpe.plot_cost_matrix, (DECODING, "nose"), "no person exists yet for its 2 peaks", id="cost matrix, first turn"
    ),
    pytest.param(hpe.plot_table, (DECODING.poses,), "Person 1: score", id="table"),
    pytest.param(hpe.plot_film_strip, (DECODING, SCENE.image), "8 pictures", id="film strip"),
    pytest.param(hpe.plot_truth, (SCENE, DECODING), "4 joints of another person", id="truth"),
    pytest.param(hpe.plot_tag_strip, (TWO_TAGS,), "in 3 clusters", id="tag strip, tags of two numbers"),
    pytest.param(hpe.plot_tag_histogram, (TWO_TAGS,), "person 3", id="tag histogram, tags of two numbers"),
    pytest.param(hpe.plot_film_strip, (TWO_TAGS,), "3 poses", id="film strip, tags of two numbers"),
    pytest.param(hpe.plot_cost_matrix, (TWO_TAGS, "left knee"), "against 3 people", id="cost matrix, other tags"),
    pytest.param(hpe.plot_heatmap, (EMPTY, 0), "0 peaks", id="one heatmap, nobody"),
    pytest.param(hpe.plot_tag_map, (EMPTY, 0), "Peaks: none", id="tag map, nobody"),
    pytest.param(hpe.plot_tag_strip, (EMPTY, NOBODY.truth), "0 peaks", id="tag strip, nobody"),
    pytest.param(hpe.plot_tag_histogram, (EMPTY,), "0 peaks", id="tag histogram, nobody"),
    pytest.param(hpe.plot_cost_matrix, (EMPTY, 5), "no peaks", id="cost matrix, nobody"),
    pytest.param(hpe.plot_table, (EMPTY.poses,), "0 people", id="table, nobody"),
    pytest.param(hpe.plot_film_strip, (EMPTY,), "0 poses", id="film strip, nobody"),
    pytest.param(hpe.plot_truth, (NOBODY, EMPTY), "0 true people, 0 found", id="truth, nobody"),
]


def badges(ax):
    """The numbers of people in a figure."""
    boxed = {text.get_text() for text in ax.texts if text.get_bbox_patch()}
    return sorted(filter(str.isdigit, boxed), key=int)


@pytest.mark.parametrize(("plot", "given", "words"), FIGURES)
def test_a_figure(plot, given, words):
    before = pickle.dumps(given)
    own = plot(*given)
    assert isinstance(own, Axes)
    figure = own.get_figure()
    figure.set_dpi(25)
    (drawn := FigureCanvasAgg(figure)).draw()
    assert len(np.unique(drawn.buffer_rgba())) > 5, "something is drawn"
    assert words in hpe.alt_text(own)
    assert figure.get_facecolor() == (1, 1, 1, 1), "legible on a dark theme"
    left, right = Figure().subplots(1, 2)
    blank = len(left.get_children())
    assert plot(*given, ax=left) is left
    assert len(left.get_children()) > blank == len(right.get_children())
    assert hpe.alt_text(left) == hpe.alt_text(own)
    assert pickle.dumps(given) == before, "the input is not changed"


def test_a_notebook_shows_a_figure_once_with_its_alt_text():
    from matplotlib import pyplot as plt

    bundle = hpe.plot_tag_histogram(DECODING)._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/png", "text/plain"}
    assert bundle["text/html"].startswith('<img alt="Histogram of the tags of 32 peaks')
    assert bundle["image/png"].startswith("iVBOR")
    figure, _ = plt.subplots(figsize=(2, 2))
    bundle = hpe.with_alt(figure, 'A line that "rises".')._repr_mimebundle_()
    assert bundle["text/html"].startswith('<img alt="A line that &quot;rises&quot;."')
    assert bundle["text/plain"] == 'A line that "rises".'
    assert figure.number not in plt.get_fignums()


@pytest.mark.parametrize("rule", [hpe.Settings(), hpe.Settings.omz(), Near()], ids=repr)
def test_a_cost_matrix_shows_the_costs_and_the_assignment_of_the_decoder(rule):
    for seed in range(6):
        scene = hpe.scene(2 + seed % 4, seed=seed, size=(224, 224), overlap=0.5, tag_gap=0.8, tag_noise=0.2)
        decoding = hpe.decode(scene.maps, rule)
        for turn in decoding.groups.turns[3:10:2]:
            ax = hpe.plot_cost_matrix(decoding, turn.joint)
            texts = {(text.get_position(), text.get_text()) for text in ax.texts}
            assert turn.cost.size
            for (i, j), cost in np.ndenumerate(turn.cost):
                assert ((j, i - 0.14), f"{cost.round(2) + 0.0:.2f}" if cost < np.inf else "∞") in texts
            frames = {(round(box.get_x() + 0.46), round(box.get_y() + 0.45)) for box in ax.patches}
            assert frames == {(j, i) for i, j in enumerate(turn.person.tolist()) if j < len(turn.people)}


@pytest.mark.parametrize("plot", [hpe.plot_heatmap, hpe.plot_tag_map, hpe.plot_cost_matrix])
def test_unknown_joints_are_refused(plot):
    for unknown in ("left foot", 17, -1, 2.5, None):
        refused("joint=", plot, DECODING, unknown)


def test_figures_mark_wrong_joints_with_crosses():
    total = 0
    for seed in range(12):
        scene = hpe.scene(4, seed=seed, size=(256, 256), overlap=0.5, tag_gap=0.9, tag_noise=0.3, false_peaks=15)
        decoding = hpe.decode(scene.maps)
        wrong, peaks = wrong_joints(decoding, scene.truth), decoding.peaks
        (crosses,) = (line for line in hpe.plot_truth(scene, decoding).lines if line.get_marker() == "x")
        np.testing.assert_allclose(crosses.get_xydata(), scene.maps.image_points(peaks.xy[wrong].astype(float)))
        strip = hpe.plot_tag_strip(decoding, scene.truth)
        (crosses,) = (dots.get_offsets() for dots in strip.collections if 230 in dots.get_sizes())
        np.testing.assert_allclose(crosses[:, 0], peaks.tag[wrong, 0], atol=1e-6)
        total += wrong.sum()
    assert total > 20


def test_people_have_the_numbers_of_their_poses_everywhere_and_dropped_people_come_last(monkeypatch):
    scene = hpe.scene("crowd", tag_noise=0.5, false_peaks=20)
    decoding = hpe.decode(scene.maps)
    numbers, people, groups = decoding.numbers, len(decoding.poses), len(decoding.groups)
    assert groups > people > 20
    assert np.array_equal(np.sort(numbers), np.arange(groups))
    assert np.array_equal(numbers[decoding.people], np.arange(people))
    strip, written = hpe.plot_tag_strip(decoding), []
    monkeypatch.setattr(cv2, "putText", lambda *given: written.append(given[1]))
    hpe.draw_poses(scene.image, decoding.poses)
    assert badges(strip) == badges(hpe.plot_table(decoding.poses)) == written == [str(i + 1) for i in range(people)]
    assert strip.get_title("left") == f"Tags by joint type: {people} people, {groups - people} dropped"
    assert hpe.plot_tag_strip(DECODING).get_title("left") == "Tags by joint type: 2 people"
    assert "first of 2 numbers" in hpe.plot_tag_strip(TWO_TAGS).get_xlabel()
    two = hpe.plot_tag_map(hpe.decode(hpe.scene(3, seed=2).maps, hpe.Settings(max_people=2)), "nose")
    assert badges(two) == ["1", "2"]
    assert "a person who was dropped at" in hpe.alt_text(two)


@pytest.mark.parametrize(
    ("scene", "rule"),
    [
        pytest.param(hpe.scene("hidden legs", false_peaks=12, tag_noise=0.3), hpe.Settings(), id="default"),
        pytest.param(hpe.scene("hidden legs", false_peaks=12, tag_noise=0.3), hpe.Settings.omz(), id="omz"),
        pytest.param(
            hpe.scene(6, overlap=0.95, missed=0.2, size=(224, 224)), hpe.Settings(duplicate_oks=0.5), id="a duplicate"
        ),
    ],
)
def test_dots_are_the_peaks_and_the_refined_joints_of_the_poses(scene, rule):
    decoding = hpe.decode(scene.maps, rule)
    assert (decoding.repeats >= 0).any() == (rule.duplicate_oks == 0.5)
    dots, poses = dots_of(decoding), decoding.poses
    assert np.array_equal(dots.person[~dots.refined], owners(decoding))
    for kind, which in ((1, ~dots.refined), (2, dots.refined)):
        mine = which & (dots.person >= 0)
        had = set(zip(*np.nonzero(poses.kind == kind), strict=True))
        assert had == set(zip(dots.person[mine], dots.joint[mine], strict=True))
    assert (dots.refined & (dots.person >= 0)).any()
    assert np.array_equal(dots.tag, scene.maps.tags[dots.joint, dots.xy[:, 1], dots.xy[:, 0]])


def test_figures_do_not_import_pyplot():
    code = (
        "import sys, hpe_nb as hpe; s = hpe.scene(1); hpe.plot_film_strip(hpe.decode(s.maps), s.image); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_figure_shows_the_numbers_that_people_have_in_a_film():
    """A decoding of a film's frame may have the people's numbers in the film, as in texts and in the explorer."""
    decoding = hpe.decode(hpe.scene(3, seed=2).maps)
    known = numbered(decoding, decoding.poses, np.array([4, 0, 8]))
    of_tags, counted = hpe.plot_tag_strip(known), hpe.plot_tag_histogram(known)
    for ax in (of_tags, counted, hpe.plot_tag_map(known, "nose")):
        assert badges(ax) == ["1", "5", "9"]
    for ax in (of_tags, counted):
        assert "person 5: " in hpe.alt_text(ax)
        assert "person 2: " not in hpe.alt_text(ax)
    assert {line.get_color() for line in hpe.plot_film_strip(known).lines} >= {person_hex(4), person_hex(8)}

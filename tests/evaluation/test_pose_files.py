"""Pose files: saved poses are read back exactly, and invalid files are refused in one sentence."""

import json
from copy import deepcopy

import numpy as np
import pytest
from eval_tools import same, scenes
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from refusals import refused

import hpe_nb as hpe
from hpe_nb.decoder.poses import DETECTED, MISSING, REFINED, Poses
from hpe_nb.evaluation.pose_files import load_pictures, load_poses, save_poses

FINITE = st.floats(-(2**100), 2**100, width=32)
FOUND = [hpe.decode(each.maps).poses for each in scenes(8)]
"""Pictures with an increasing number of people, with all three kinds of joint."""


@pytest.mark.parametrize("ending", ["json", "csv", "JSON"])
@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(0, 3), st.sampled_from([(), (2,), (4,)]))
def test_any_poses_are_read_back_exactly(tmp_path_factory, ending, data, count, dimension):
    poses = Poses(
        data.draw(arrays.arrays(np.float32, (count, 17, 3), elements=FINITE)),
        data.draw(arrays.arrays(np.float32, count, elements=FINITE)),
        data.draw(arrays.arrays(np.float32, (count, *dimension), elements=FINITE)),
        data.draw(arrays.arrays(np.uint8, (count, 17), elements=st.integers(0, 2))),
    )
    poses.tags[1:2] = np.nan  # of the second person it is not known
    before = deepcopy(poses)
    path = save_poses(tmp_path_factory.mktemp("any") / "deep" / f"a.{ending}", poses, image_id=np.int64(139))
    assert same(load_poses(path), before if count else Poses.none())
    assert same(poses, before)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", ["json", "csv"])
def test_several_pictures_in_one_file(tmp_path, ending):
    names = [7, "7", "007", "0", -5, "-5", "\uff11\uff12", "=beach, old.jpg"]  # a name like a number stays a name
    pictures = dict(zip(names, FOUND, strict=True)) | {"empty.jpg": Poses.none()}
    path = save_poses(tmp_path / f"all.{ending}", pictures)
    assert list(load_pictures(path)) == names
    assert ("'=beach" in path.read_text(encoding="utf-8")) == (ending == "csv")  # no formula for a spreadsheet
    for name, poses in pictures.items():
        assert same(load_poses(path, image_id=name), poses)
    refused("holds poses of 8 pictures", load_poses, path)


@pytest.mark.parametrize(
    ("name", "image_id", "says"),
    [
        pytest.param("photos.jsonl", "walk/b.jpg", "", id="a photo without people"),
        pytest.param("photos.jsonl", "walk/c.jpg", "'walk/c.jpg' was given; did you mean walk/", id="not of a run"),
        pytest.param("photos.jsonl", 0, "image_id=0 was given", id="a number of a run"),
        pytest.param("names.csv", "c.jpg", "", id="perhaps a photo without people"),
        pytest.param("names.csv", 0, "image_id=0 was given, but one of a.jpg is expected", id="a number among names"),
        pytest.param("numbers.json", 139, "", id="perhaps a number without people"),
        pytest.param("numbers.json", "139.jpg", "'139.jpg' was given, but one of 7 is", id="a name among numbers"),
        pytest.param("nobody.json", "139.jpg", "", id="no people at all"),
    ],
)
def test_an_image_id_that_a_file_cannot_contain_is_refused(tmp_path, name, image_id, says):
    person = {"score": 1.0, "keypoints": [1.0] * 51}
    lines = [
        {"frame": i, "time": i, "name": f"walk/{photo}.jpg", "size": [9, 9], "people": [person] * (1 - i)}
        for i, photo in enumerate("ab")
    ]
    (tmp_path / "photos.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    save_poses(tmp_path / "names.csv", FOUND[0], "a.jpg")
    save_poses(tmp_path / "numbers.json", FOUND[0], 7)
    save_poses(tmp_path / "nobody.json", Poses.none())
    if says:
        refused(says, load_poses, tmp_path / name, image_id)
    else:
        assert len(load_poses(tmp_path / name, image_id)) == 0


def test_csv_names_units_has_empty_cells_for_missing_joints_and_can_be_edited(tmp_path):
    poses = FOUND[-1]
    path = save_poses(tmp_path / "a.csv", poses, image_id="dog.jpg")
    header, *rows = path.read_text().splitlines()
    assert header == "image_id,person,person_score,person_tag,joint,kind,x_px,y_px,score"
    for row, kind in zip(rows, poses.kind.reshape(-1), strict=True):
        assert row.startswith("dog.jpg,")
        assert row.endswith(",missing,,,") == (kind == MISSING)
        assert (",refined," in row) == (kind == REFINED)
    kept = [row.split(",")[::-1] for row in (header, *rows) if ",missing," not in row and ",refined," not in row]
    path.write_text("\n".join(map(",".join, kept)), encoding="utf-8-sig")
    back = load_poses(path)
    np.testing.assert_array_equal(back.detected, poses.detected)
    np.testing.assert_array_equal(back.keypoints[back.detected], poses.keypoints[poses.detected])


def test_results_of_other_tools(tmp_path):
    keypoints = [0.0] * 51
    keypoints[3:6] = [10.5, 20.25, 0.5]
    path = tmp_path / "other.json"
    path.write_text(json.dumps([{"image_id": 1, "category_id": 1, "keypoints": keypoints, "score": 0.25}]))
    poses = load_poses(path)
    assert np.isnan(poses.tags).all()
    assert poses.kind[0].tolist() == [MISSING, DETECTED] + [MISSING] * 15


STRANGE = [f"{text}\n" for text in ("[" * 100_000, '{"frame":' + "9" * 5000 + "}", "\0", '[{"image_id":1}]')]
"""Contents that are nested too deeply, have a huge number, are all zeros, or have an incomplete person."""

PERSON = {"image_id": 1, "category_id": 1, "keypoints": [1.0] * 51, "score": 1.0}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        pytest.param("a.json", "[{", "holds no poses", id="half a file"),
        pytest.param("a.json", "[1, 2]", "holds no poses", id="a list of numbers"),
        pytest.param("a.json", '{"annotations": []}', "ground truth", id="ground truth"),
        pytest.param("a.json", json.dumps([PERSON | {"category_id": 2}]), "category_id 1", id="a bicycle"),
        pytest.param("a.json", json.dumps([PERSON | {"keypoints": [1.0] * 50}]), "size 50", id="a number too few"),
        pytest.param("a.json", json.dumps([PERSON | {"keypoints": "text"}]), "convert", id="text as keypoints"),
        pytest.param("a.json", json.dumps([PERSON | {"keypoints": [None] * 51}]), "holds no poses", id="nulls"),
        pytest.param("a.json", json.dumps([PERSON | {"kind": [3] * 17}]), "a kind is not", id="a fourth kind"),
        pytest.param("a.json", json.dumps([PERSON | {"score": float("nan")}]), "not finite", id="NaN"),
        pytest.param("a.json", json.dumps([PERSON | {"score": 1e39}]), "not finite", id="too large for float32"),
        pytest.param("a.json", '[{"category_id": 1}]', "'image_id' is missing", id="no image id"),
        pytest.param("a.json", b"\xff\xd8\xff\xe0", "holds no poses", id="a JPEG"),
        pytest.param("a.csv", "", "a table with the columns", id="empty csv"),
        pytest.param("a.csv", "name,age\nAnn,3\n", "'image_id' is missing", id="another table"),
        pytest.param("a.csv", b"\x00\xff\x00", "holds no poses", id="binary csv"),
        pytest.param("a.jsonl", "{}\n", "not a record", id="no record"),
        pytest.param("a.txt", "", "ends with .json or .csv", id="another ending"),
        *(pytest.param(f"a.{end}", text, "a record|no poses") for end in ("json", "jsonl", "csv") for text in STRANGE),
    ],
)
@pytest.mark.filterwarnings("error")
def test_invalid_pose_files_are_refused(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    assert f"{name} " in refused(says, load_poses, path)
    if content in STRANGE:
        refused("is not a record", list, hpe.read_record(path))


def test_a_failed_save_leaves_the_old_file(tmp_path):
    path, broken = save_poses(tmp_path / "a.json", FOUND[1]), deepcopy(FOUND[0])
    before = path.read_bytes()
    broken.keypoints[0, 0, 0] = np.nan
    refused("NaN", save_poses, path, {1: FOUND[0], 2: broken})
    refused("Decoding was given for picture 0", save_poses, path, hpe.decode(hpe.scene(1).maps))
    with pytest.raises(TypeError):
        save_poses(path, FOUND[0], 1.5)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]

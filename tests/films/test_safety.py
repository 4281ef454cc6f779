"""No file is lost: inputs are never written to, existing files are kept, and only one run at a time uses a folder."""

from __future__ import annotations

import json
import os
import shutil
import sys
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from film_tools import coded, contents, dot_network, frames_in, make_film, names, photo, photos, read, replace_in, run
from PIL import Image
from refusals import refused

import hpe_nb as hpe
from hpe_nb.cli.main import main
from hpe_nb.evaluation.labels import LabelledSet, labels_of
from hpe_nb.files.images import encode_image
from hpe_nb.files.whole import LOCK, folder_held
from hpe_nb.films.inputs import find_inputs, planned
from hpe_nb.films.record import export_record
from hpe_nb.films.video import COPIED


@pytest.mark.parametrize("out", ["in", "link"])
@pytest.mark.parametrize("source", ["photos", "film", "address of a film"])
def test_inputs_are_never_written_to(tmp_path, source, out):
    given = {"pictures": ""} if source == "photos" else {"video": "film.mp4"}
    place = photo(tmp_path / "in" / "a.jpg").parent
    what = place if source == "photos" else make_film(place / "film.mp4", 5)
    before = contents(place)
    (tmp_path / "link").symlink_to(place)
    for overwrite in (False, True):
        address = what.as_uri() if "address" in source else what
        refused("is one of the inputs", run, address, tmp_path / out, overwrite=overwrite, **given)
    assert contents(place) == before


def run_command(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    """Run the command with the network that reads dots, and return its exit status."""
    monkeypatch.setattr("hpe_nb.cli.run.network_of", lambda _: dot_network())
    return main(["run", "--quiet", *map(str, words)])


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        pytest.param(["a.png"], 0, "0 on success", id="all is well"),
        pytest.param(["a.png", "notes"], 0, "0 on success", id="what is no picture is passed over"),
        pytest.param(["a.png", "b.heic"], 1, "1 if an input could not be read", id="a picture of HEIC"),
        pytest.param(["b.heic"], 2, "2 if there is no result", id="nothing else"),
    ],
)
def test_the_exit_status_is_what_help_says(tmp_path, monkeypatch, capsys, given, status, words):
    (tmp_path / "notes").mkdir()
    for name in ("b.heic", "notes/a.txt"):
        (tmp_path / name).write_bytes(b"\xff\x0a" * 500)
    photo(tmp_path / "notes" / "c.png")
    photo(tmp_path / "a.png")
    assert run_command(monkeypatch, *(tmp_path / name for name in given), "-o", tmp_path / "out") == status
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    assert words in " ".join(capsys.readouterr().out.split())


def test_one_job_writes_to_no_input_of_another(tmp_path, monkeypatch, capsys):
    """A result is an input if it is named, but not if a pattern matches it."""
    films, out = [make_film(tmp_path / f"f{count}.mp4", count) for count in (1, 2)], tmp_path / "out"
    for given in (films, [tmp_path / "**/*.mp4"]):
        assert run_command(monkeypatch, *given, "-o", out, "--overwrite") == 0
        assert names(out) == [f"f{i}/{name}" for i in (1, 2) for name in (f"f{i}-poses.mp4", "poses.jsonl")]
    result = out / "f1" / "f1-poses.mp4"
    before = result.read_bytes()
    assert run_command(monkeypatch, films[0], result, "-o", out, "--overwrite", "--output-size", "32x24") == 1
    assert "f1-poses.mp4 is one of the inputs" in capsys.readouterr().err
    assert result.read_bytes() == before


def test_photos_and_films_do_not_interfere(tmp_path, monkeypatch):
    place, out = photos(tmp_path / "in", "walk.jpg", "crops.png"), tmp_path / "out"
    for name in ("walk.jpg.mp4", "crops.mp4"):
        make_film(place / name, 1)
    assert run_command(monkeypatch, place, "-o", out, "--crops") == 0
    assert {Path(name).parent.as_posix() for name in names(out)} == {".", "crops", "crops-film", "walk.jpg-film"}


@pytest.mark.parametrize("what", ["", "/**/*"], ids=["folder", "pattern"])
def test_files_in_the_output_folder_are_not_inputs(tmp_path, monkeypatch, capsys, what):
    place = photos(tmp_path / "in", "a.png", "b.png")
    out = place / "out"
    make_film(place / "film.mp4", 2)
    for _ in range(2):
        assert run_command(monkeypatch, f"{place}{what}", "-o", out, "--crops", "--overwrite") == 0
        assert [entry.name for entry in hpe.read_record(out / "poses.jsonl")] == ["a.png", "b.png"]
        assert len(list(hpe.read_record(out / "film" / "poses.jsonl"))) == 2
    assert run_command(monkeypatch, f"{place}{what}", "-o", tmp_path, "--no-draw") == 0  # a folder below it is meant
    assert {"a.png", "b.png"} <= {entry.name for entry in hpe.read_record(tmp_path / "poses.jsonl")}
    (tmp_path / "link").symlink_to(place)
    assert run_command(monkeypatch, f"{place}{what}", "-o", tmp_path / "link") == 2
    assert "the folder for the results; to read what is in it, choose another folder with -o" in capsys.readouterr().err


@pytest.mark.parametrize("way", ["symlink_to", "hardlink_to"])
@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("a.jpg", {"pictures": ""}),
        ("poses.jsonl", {}),
        ("poses.csv", {"exports": ["poses.csv"]}),
        ("x.mp4", {"video": "x.mp4"}),
        ("frame_0.png", {"pictures": "frame_%d.png"}),
        ("crops/link/b-person-1.jpg", {"crops": "crops"}),
        ("link/b.jpg", {"pictures": ""}),
    ],
)
def test_a_file_of_the_user_is_replaced_only_on_request(tmp_path, name, given, way):
    source, out = f"{photos(tmp_path / 'in', 'a.png', 'link/b.png')}/**/*", tmp_path / "out"
    (out / "crops").mkdir(parents=True)
    for link in (out / "link", out / "crops" / "link"):
        link.symlink_to(tmp_path)
    (tmp_path / "mine").write_text("mine")
    getattr(out / name, way)(tmp_path / "mine")
    refused("--overwrite", run, source, out, **given)
    refused("is one of the inputs", run, source, out, overwrite=True, inputs=[tmp_path / "mine"], **given)
    assert (out / name).read_text() == "mine"
    run(source, out, overwrite=True, **given)
    assert (out / name).read_bytes() != b"mine"
    assert (tmp_path / "mine").read_text() == "mine", "the other name of the file leads to something else now"


def test_overwriting_without_results_keeps_existing_files(tmp_path):
    given = {"exports": ["poses.csv"], "crops": "crops", "pictures": ""}
    out, bad = tmp_path / "out", tmp_path / "bad.jpg"
    run(photo(tmp_path / "a.png"), out, **given)
    before = contents(out)
    bad.write_text("no picture")
    for place in (out, tmp_path / "new"):
        run(bad, place, overwrite=True, **given)
    assert contents(out) == before
    assert names(tmp_path / "new") == []


@pytest.mark.parametrize("given", ["../in", "../in/a.png", "../in/*.png", "../other/../in"])
def test_no_name_is_outside_the_output_folder(tmp_path, monkeypatch, given):
    photo(tmp_path / "in" / "a.png")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    run(given, Path("../100%done"), pictures="")
    assert names(tmp_path / "100%done") == ["a.jpg", "poses.jsonl"]
    assert names(tmp_path / "in") == ["a.png"]


@pytest.mark.parametrize(
    ("paths", "pictures"),
    [
        (["a.jpg", "a.png", "A.jpg"], ["a.jpg", "a.png.jpg", "A.jpg.jpg"]),
        (["a.jpg", "A.JPG", "a.JPG", "A.jpg"], ["a.jpg", "A.JPG.jpg", "a-1.jpg", "A-2.jpg"]),
        (["1/a.png", "2/a.png"], ["1/a.jpg", "2/a.jpg"]),
        (["../a.png", "b.png"], ["a.jpg", None]),
        (["http://x/..", "http://x/a.png"], ["photo.jpg", "a.jpg"]),
        (["http://x/1/a.png", "http://x/2/a.png?b", "http://x/2/a.png?c", "a.png"], ["a.jpg", "a.png.jpg", None, None]),
        (["rtsp://camera:554", "12:30.png", 'a<b>"|?*/1.png'], ["camera-554.jpg", "12-30.jpg", None]),
        (["f", "..hidden"], ["f.jpg", None]),
        (["...mp4", "..mp4", "x/...mp4"], [None, None, None]),
        (["x" * 190 + ".jpg", "x" * 190 + ".png"], ["x" * 190 + ".jpg", "x" * 190 + ".png.jpg"]),
        (["x" * 245 + ".jpg", "x" * 245 + ".png"], [None, None]),
        (["漢" * 82 + ".jpg"], ["漢" * 66 + ".jpg"]),
        (["crops/a.png", "Crops/b.png", "crops-1/a.png"], ["crops-1/a.jpg", "Crops-1/b.jpg", "crops-1/a.png.jpg"]),
    ],
)
def test_every_photo_has_its_own_picture(paths, pictures):
    found = [one.picture for one in planned(paths)]
    assert len({one.name for one in planned(paths)}) == len(paths)
    assert len({name.casefold() for name in found}) == len(paths)
    assert all(len(os.fsencode(Path(name).name)) <= 230 for name in found)
    assert set('<>:"|?*').isdisjoint("".join(found)), "what Windows takes for no name"
    for path in (*map(Path, found), *(Path(name).with_suffix("") for name in found)):  # the folder of a film too
        assert not path.is_absolute()
        assert {".", ".."}.isdisjoint(str(path).split("/"))
    assert all(wanted in (None, name) for name, wanted in zip(found, pictures, strict=True))


TRIP = [f"trip[2024]/f_{number}.png" for number in ("00", "01", "10")]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        *((given, TRIP) for given in ("trip[2024]/*.png", "trip[2024]/f_%02d.png", "trip[2024]")),
        # Above where it leads; Windows itself takes a step back for no step at all.
        *(
            pytest.param(given, ["far/a.png"], marks=pytest.mark.skipif(sys.platform == "win32", reason="as it says"))
            for given in ("link/../a.png", "link/..", "link/../*.png")
        ),
    ],
)
def test_strange_folders(tmp_path, monkeypatch, given, meant):
    place = photos(tmp_path, "a.png", "far/a.png", *TRIP)
    (place / "far" / "below").mkdir()
    (place / "link").symlink_to(place / "far" / "below")
    monkeypatch.chdir(place)
    found = planned(find_inputs([given, "a.png"]).photos)
    assert [one.source for one in found] == [str(place / name) for name in (*meant, "a.png")]


def test_resuming_processes_only_the_rest(tmp_path):
    place, out = photos(tmp_path / "in", "b.png", "c.png", "d.png"), tmp_path / "out"
    first, _ = run(place, out, frames=2)
    with (out / "poses.jsonl").open("ab") as file:
        file.write(b'{"frame": 2, "ti')  # as if the power had failed
    photo(place / "a.png", 4)
    second, _ = run(place, out, pictures="", resume=True)
    assert (first.frames, second.frames, second.resumed) == (2, 2, 2)
    third, entries = run(place, out, pictures="", resume=True)
    assert (third.frames, third.resumed, len(entries)) == (0, 4, 4)
    assert "none is left to process" in third.notes[0]
    other = photo(tmp_path / "other" / "b.png", 5)
    _, entries = run(other, out, pictures="", resume=True)
    assert [entry.name for entry in entries] == ["b.png", "c.png", "a.png", "d.png", str(other)]
    assert sorted(entry.index for entry in entries) == list(range(5))
    assert names(out) == ["a.jpg", "b.jpg", "b.png.jpg", "c.jpg", "d.jpg", "poses.jsonl"]


def test_resuming_reports_a_photo_that_has_changed(tmp_path):
    def told() -> bool:
        summary, _ = run(source, out, pictures="", resume=True)
        (note,) = summary.notes  # not also that all are done
        return f"{source} has changed since it was processed; process all photos again" in note

    source, out = photo(tmp_path / "a.png"), tmp_path / "out"
    run(source, out, pictures="")
    record = out / "poses.jsonl"
    before = record.read_bytes()
    assert not told()
    photo(source, 15)  # of the same size
    assert told()
    (out / "a.jpg").unlink()
    assert told()
    assert contents(out) == {"poses.jsonl": before}
    replace_in(record, "fingerprint", "new")  # as earlier versions wrote it, which can tell the size alone
    hpe.write_image(source, coded([(30, 48, 1)], (64, 96)))
    assert told()
    photo(source, 15)
    assert not told()
    assert names(out) == ["a.jpg", "poses.jsonl"]


@pytest.mark.parametrize("name", ["poses.json", "poses.csv"])
def test_resuming_replaces_only_its_own_exports(tmp_path, name):
    place, out = photos(tmp_path / "in", "1.png", "2.png"), tmp_path / "out"
    run(place, out, exports=[name])
    photo(place / "b.png", 4)
    its_own = (out / name).read_bytes()  # bytes: text would have other ends of lines on Windows
    text = its_own.decode()
    of_the_users = {
        "something else": "[]\n\n1,2,3\n",
        "an empty one": "[]" if text[0] == "[" else "person,joint,x_px\n",
        "a changed one": text.replace("nose", "NOSE").replace("0.", "1."),
        "one with notes": text.replace('"score"', '"note": 1, "score"').replace("score\n", "score,note\n"),
    }
    for what, content in of_the_users.items():
        (out / name).write_bytes(content.encode())
        refused("not of this run", run, place, out, resume=True, exports=[name])
        assert (out / name).read_bytes() == content.encode() != its_own, what
    (out / name).write_bytes(its_own)
    _, entries = run(place, out, resume=True, exports=[name])
    assert len(hpe.load_pictures(out / name)) == len(entries) == len(names(place))


@pytest.mark.parametrize(
    ("given", "name"),
    [
        pytest.param({"crops": "crops"}, "crops/c-person-1.jpg", id="a person's part"),
        pytest.param({"pictures": "frame_%d.png"}, "frame_2.png", id="a frame"),
        pytest.param({"pictures": ""}, "c.jpg", id="a picture"),
    ],
)
def test_resuming_does_not_replace_a_users_picture(tmp_path, given, name):
    place, out, mine = photos(tmp_path / "in", "a.png", "b.png"), tmp_path / "out", photo(tmp_path / "mine.png")
    for resume in (False, True):  # what the record has is no other's
        run(place, out, resume=resume, **given)
    photo(place / "c.png")
    (out / name).symlink_to(mine)
    refused("not of this run", run, place, out, resume=True, **given)
    refused("is one of the inputs", run, place, out, resume=True, inputs=[mine], **given)
    assert (out / name).is_symlink()


def test_runs_that_cannot_be_resumed_are_refused(tmp_path):
    film, place = make_film(tmp_path / "film.mp4", 2), photos(tmp_path / "in", "a.png")
    for what, out in ((film, "film"), (place, "photos")):
        run(what, tmp_path / out)
    photo(place / "b.png")
    before, others = contents(tmp_path), {"grouping": hpe.Settings(tag_threshold=0.5)}
    for says, what, out, given in (
        ("is the record of a film", place, "film", {}),
        ("given with a film, but only photos", film, "film", {}),
        ("given with a film, but only photos", place, "photos", {"video": "a.mp4"}),
        (r"fit=.*Settings\(\), but this run has another network or settings", place, "photos", others),
    ):
        refused(says, run, what, tmp_path / out, resume=True, **given)
    assert contents(tmp_path) == before
    replace_in(tmp_path / "photos" / "poses.jsonl", ',"found_by":', ',"new":')  # as earlier versions wrote it
    assert run(place, tmp_path / "photos", resume=True, **others)[0].frames == 1


def test_only_one_run_at_a_time_writes_to_a_folder(tmp_path):
    source, out = photo(tmp_path / "in" / "a.png"), tmp_path / "out"
    with folder_held(out):
        refused(f"process {os.getpid()} on", run, source, out)
    run(source, out)
    assert not (out / LOCK).exists()


UNEVEN = [0, 0.1, 0.2, 0.9, 1.0, 2.0]


@pytest.mark.parametrize("name", ["loud.mp4", "loud.mkv"])
@pytest.mark.parametrize(
    ("seconds", "span", "shown", "lasts"),
    [
        pytest.param(0.5, {}, UNEVEN, 0.5, id="short sound, frames of uneven length"),
        pytest.param(9.0, {}, UNEVEN, 2.0, id="long sound"),
        pytest.param(2.2, {"start": 3}, [0, 0.1, 1.1], 1.1, id="from the middle"),
        pytest.param(2.2, {"stride": 2}, [0, 0.2, 1.0], 1.0, id="every second frame"),
    ],
)
def test_picture_and_sound_stay_together(tmp_path, seconds, span, shown, lasts, name):
    film = make_film(tmp_path / name, [round(100 * time) for time in UNEVEN], 100, sound=seconds)
    summary, _ = run(hpe.open_source(film, **span), tmp_path, video="out.mp4")
    assert summary.notes == ["the film has the sound of its original."]  # and none that it is incomplete
    with av.open(str(tmp_path / "out.mp4")) as container:
        np.testing.assert_allclose([frame.time for frame in container.decode(video=0)], shown, atol=1e-3)
        codec = container.streams.video[0].codec_context
        assert (codec.name, codec.pix_fmt) == ("h264", "yuv420p")
        container.seek(0)
        sound = [float(packet.pts * packet.time_base) for packet in container.demux(audio=0) if packet.pts is not None]
    assert -0.05 < min(sound) < 0.06
    assert max(sound) == pytest.approx(lasts, abs=0.45)


@pytest.mark.parametrize(
    ("name", "coder", "written", "says", "loop"),
    [
        ("a.mkv", "libmp3lame", "out.mp4", "has the sound of its original", False),
        ("a.mkv", "ac3", "out.mp4", "ac3 sound cannot be copied into .mp4 and was left out; try .mkv.", False),
        ("a.mkv", "ac3", "out.mkv", "has the sound of its original", False),
        ("a.ts", "aac", "out.mp4", "aac sound cannot be copied into .mp4 and was left out; try .mkv.", False),
        ("a.mp4", "aac", "out.avi", "aac sound cannot be copied into .avi and was left out; try .mp4.", False),
        ("a.mp4", "aac", "out.mp4", "has no sound, which is not copied from a looped source (--loop).", True),
    ],
)
def test_sound_of_any_kind(tmp_path, name, coder, written, says, loop):
    film, count = make_film(tmp_path / name, 4, sound=0.4, coder=coder), 9 if loop else 4
    summary, entries = run(hpe.open_source(film, loop=loop), tmp_path / "out", video=written, frames=count)
    assert says in " ".join(summary.notes)
    assert len(entries) == frames_in(tmp_path / "out" / written) == count
    with av.open(str(tmp_path / "out" / written)) as container:
        assert len(container.streams.audio) == ("original" in says)


def test_a_film_format_without_this_sound_is_reported(tmp_path, monkeypatch):
    monkeypatch.setitem(COPIED, ".mp4", ("ac3",))
    film = make_film(tmp_path / "a.mkv", [0, 10], 100, sound=0.2, coder="ac3")
    summary, _ = run(film, tmp_path / "out", video="out.mp4")
    assert "out.mp4 could not be written" in summary.ending


@pytest.mark.parametrize("name", [b"caf\xe9.mp4", b"12:30:00.mp4", b"a[1].mp4", b"-x.mp4"])
def test_films_of_any_name(tmp_path, name):
    film = make_film(tmp_path / "film.mp4", 4)
    try:
        film = film.rename(tmp_path / os.fsdecode(name))
    except (OSError, UnicodeError):
        pytest.skip("this system has no such names")
    _, entries = run(film, tmp_path / "out", video=f"{film.stem}-poses.mp4")
    assert len(entries) == 4
    assert frames_in(tmp_path / "out" / f"{film.stem}-poses.mp4") == 4 if name.isascii() else True


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in folders")
def test_a_holiday_folder(tmp_path):
    """Photos and films by content or extension, a note about all others; pipes and cycles of links do no harm."""
    place = tmp_path / "holiday"
    photo(place / "b.png").rename(place / "no ending")
    photo(place / "a.jpg")
    photo(place / "day2" / "c.jpg")
    shutil.copy(make_film(place / "walk.mp4", 3), place / "film.jpg")
    (place / "notes.txt").write_text("no picture")
    (place / "iphone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(200))
    os.mkfifo(place / "pipe.jpg")
    (place / "loop").symlink_to(".")
    (place / "dangling.jpg").symlink_to("nowhere")
    found = find_inputs([str(place), str(place / "none.jpg"), "x" * 300, str(place / "a.jpg")])
    assert [Path(one).name for one in found.photos] == ["a.jpg", "iphone.heic", "no ending"]
    assert [Path(str(one)).name for one in found.films] == ["film.jpg", "walk.mp4"]
    text = " ".join(found.report.notes)
    assert f'2 folders left out; "{place}/**/*" finds' in text, "with the quotes that cmd.exe knows as well"
    assert "3 files" in text
    assert "given more than once" in text
    assert found.report.count == 2
    assert [Path(one).name for one in find_inputs([f"{place}/**/*.jpg"]).photos] == ["a.jpg", "c.jpg"]


@pytest.mark.parametrize(
    ("name", "count", "photos", "films", "said"),
    [
        pytest.param("a.png", 1, 1, 0, False, id="PNG"),
        pytest.param("a.png", 3, 0, 1, False, id="animated PNG"),
        pytest.param("a.gif", 1, 1, 0, False, id="GIF"),
        pytest.param("a.gif", 3, 0, 1, False, id="animated GIF"),
        pytest.param("a.webp", 1, 1, 0, False, id="WebP"),
        pytest.param("a.webp", 3, 1, 0, True, id="animated WebP, which no reader of films takes"),
        pytest.param("a.tif", 3, 1, 0, True, id="pages of a TIFF"),
        pytest.param("a.mpo", 3, 1, 0, False, id="a telephone's photo with its previews"),
    ],
)
def test_animations(tmp_path, name, count, photos, films, said):
    pictures = [Image.new("RGB", (32, 24), (40 * i, 0, 0)) for i in range(count)]
    pictures[0].save(tmp_path / name, save_all=count > 1, append_images=pictures[1:], duration=100)
    for what in (tmp_path, tmp_path / name):
        found = find_inputs([str(what)])
        assert (len(found.photos), len(found.films)) == (photos, films)
        assert any("holds several pictures" in note for note in found.report.notes) == said
    if films:
        assert [frame.image[0, 0, 1:].tolist() for frame in read(tmp_path / name)[0]] == [[0, 0]] * count  # reds


def gif() -> bytes:
    """An animation of two pictures without times."""
    noise = [Image.fromarray(each) for each in np.random.default_rng(0).integers(0, 255, (2, 48, 64, 3), np.uint8)]
    noise[0].save(data := BytesIO(), "GIF", save_all=True, append_images=noise[1:])
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "count", "says"),
    [
        pytest.param("a.heic", b"\xff\x0a" * 500, 0, "is not a picture that can be read; give a JPEG", id="HEIC"),
        pytest.param("a.JXL", b"\xff\x0a" * 500, 0, "is not a picture that can be read; give a JPEG", id="JPEG XL"),
        pytest.param("a.mjpeg", 2 * encode_image(coded([]), ".jpg"), 2, "", id="JPEGs are a film"),
        pytest.param("a.gif", gif(), 1, "broke off after frame 0, at 0.1", id="an animation without times"),
    ],
)
def test_strange_pictures_and_films(tmp_path, name, content, count, says):
    (tmp_path / name).write_bytes(content)
    seen, source = read(tmp_path / name)
    assert len(seen) == count
    assert says in "".join(source.report.sentences)


def test_results_of_other_pictures_are_not_judged(tmp_path):
    """Results of smaller pictures, and of a film's frames, which are numbered from 0 like some photos."""

    def judged(size: tuple[int, int], path: Path) -> None:
        hpe.evaluate(
            hpe.load_pictures(path), LabelledSet("l.json", (0,), ("a.png",), (size,), (labels_of(np.ones((1, 17, 3))),))
        )

    run(photos(tmp_path / "in", "a.png"), tmp_path)
    record = tmp_path / "poses.jsonl"
    refused("a.png, .* has 128 x 96 .* at 256 x 192", judged, (256, 192), record)
    replace_in(record, '"a.png","source":', '"walk.mp4 frame 0","new":')
    for path in (record, *(export_record(record, record.with_suffix(ending)) for ending in (".json", ".csv"))):
        refused("image_id 'walk.mp4 frame 0'", judged, (128, 96), path)


@pytest.mark.parametrize(
    "name",
    ["=cmd()", "+1", "@x", "-2"] + ["a\x1b[31m"] * (sys.platform != "win32"),  # which has no such names
)
def test_names_are_escaped_in_tables_and_on_terminals(tmp_path, name):
    run([photo(tmp_path / "in" / f"{name}.png")], tmp_path, exports=["poses.csv", "poses.json"])
    text = (tmp_path / "poses.csv").read_text()
    assert "\x1b" not in text
    assert not any(cell.startswith(("=", "+", "@", "-")) for line in text.splitlines() for cell in line.split(","))
    assert len({person["image_id"] for person in json.loads((tmp_path / "poses.json").read_text())}) == 1


@pytest.mark.parametrize(
    ("pair", "ids"),
    [
        pytest.param(("0139.png", "7.png"), [139, 7], id="numbers, as in COCO"),
        pytest.param(("1.png", "a.png"), [0, 1], id="no number"),
        pytest.param(("01.png", "1.png"), [0, 1], id="one number"),
        pytest.param(("1.png", "2.png"), [0, 1, 2, 3, 4], id="read again"),
    ],
)
def test_numbers_of_photos_and_people_agree_in_all_files(tmp_path, pair, ids):
    place, exports = photos(tmp_path / "in", *pair), ["poses.csv", "poses.json"]
    hpe.write_image(place / pair[1], coded([(100, 48, 2)]))  # somebody else, and 1 all the same: a folder is no film
    run(hpe.open_source(place, loop=True), tmp_path, frames=len(ids), exports=exports)
    people = json.loads((tmp_path / "poses.json").read_text())
    assert [(one["image_id"], one["person"]) for one in people] == [(number, 1) for number in ids]
    expected = dict.fromkeys([*pair, *(f"{pair[i % 2]} frame {i}" for i in range(2, len(ids)))], 1)
    for name in (*exports, "poses.jsonl"):
        assert {key: len(one) for key, one in hpe.load_pictures(tmp_path / name).items()} == expected

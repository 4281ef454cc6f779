"""Data files of the kit exist, are small, readable and credited, and are found in a checkout and in a wheel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from refusals import refused

import hpe_nb as hpe
from hpe_nb.files import shipped
from hpe_nb.files.opencv import cv2


def test_the_film_is_small_and_its_photos_are_its_frames() -> None:
    assert hpe.sample("vtest").stat().st_size < 2_000_000
    film = cv2.VideoCapture(str(hpe.sample("vtest.mp4")))
    assert film.get(cv2.CAP_PROP_FPS) == 10
    assert sum(1 for _ in iter(film.grab, False)) == film.get(cv2.CAP_PROP_FRAME_COUNT) == 795
    for number in (150, 250, 550, 750):
        film.set(cv2.CAP_PROP_POS_FRAMES, number)
        frame = film.read()[1][..., ::-1]
        photo = hpe.read_image(hpe.sample(f"vtest_{number}")).astype(int)
        far = [np.abs(photo - frame).mean(), np.abs(photo - np.roll(frame, 4, axis=1)).mean()]
        assert far[0] < min(6, far[1] / 2), number


def test_every_sample_is_listed_found_and_credited() -> None:
    credits_text = (shipped.data_folder() / "CREDITS.md").read_text(encoding="utf-8")
    names = hpe.samples()
    assert names == sorted(names)
    assert sorted(hpe.samples("images") + hpe.samples("films") + hpe.samples("models")) == names
    for name in names:
        assert hpe.sample(name).name == name
        assert hpe.sample(Path(name).stem) == hpe.sample(name)
        assert name in credits_text
    assert {hpe.read_image(hpe.sample(name)).shape[0] for name in hpe.samples("images")} == {480, 512, 576}
    folders = [shipped.data_folder() / name for name in shipped.FOLDERS]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert {path.name for path in files if path.suffix not in (".md", ".bin")} == set(names)
    refused("'lena' was given, but one of astronaut.png", hpe.sample, "lena")
    refused("kind='sounds' was given, but one of images, films, models", hpe.samples, "sounds")

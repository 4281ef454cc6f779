"""The camera of the person who looks at the notebook, wherever the kernel runs: the browser takes the pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpe_nb.arrays import Image
from hpe_nb.decoder.decode import decode
from hpe_nb.draw.skeletons import draw_poses
from hpe_nb.errors import HpeError
from hpe_nb.files.images import decode_image
from hpe_nb.files.text import plural
from hpe_nb.films.following import Following
from hpe_nb.films.record import Entry
from hpe_nb.films.tracking import Tracks, follow
from hpe_nb.settings import Settings
from hpe_nb.widgets.canvas import Canvas
from hpe_nb.widgets.data import fixed_data, photo_data
from hpe_nb.widgets.explorer import Explorer
from hpe_nb.widgets.player import people_scene

if TYPE_CHECKING:
    from hpe_nb.network.network import Network


class Webcam(Canvas):
    """The browser's camera, live: start it, freeze it, look into a frame; one photo where there is no camera.

    The browser sends a picture when the kernel has answered the one before, so nothing piles up on a slow network.
    Nothing starts before its button is pressed. Pictures go from the browser to the kernel and back, nowhere else.

    Attributes:
        last: the last picture as it came, None before the first.
        entry: the people in it.
        frames: how many pictures have come.
    """

    def __init__(self, network: Network, settings: Settings | None = None, following: Following | None = None) -> None:
        self.network, self.settings, self.following = network, settings, following or Following()
        self.last: Image | None = None
        self.entry: Entry | None = None
        self.tracks, self.frames = Tracks.none(), 0
        super().__init__(fixed=fixed_data("camera", ("camera",), []))

    def see(self, data: bytes | memoryview, time: float) -> None:
        """Find and follow the people in a coded picture (JPEG, PNG, ...), and show them.

        Raises:
            HpeError: it is no picture.
        """
        image = decode_image(bytes(data), "the browser's picture")
        poses = decode(self.network(image), self.settings).poses
        self.tracks, person, poses = follow(self.tracks, poses, time, self.following, image)
        self.last, self.frames = image, self.frames + 1
        self.entry = Entry(self.frames, time, f"camera frame {self.frames}", image.shape[1::-1], person, poses)
        with self.hold_sync():
            self.photo = photo_data(image)
            self.scene = people_scene(self.entry, plural(len(poses), "person")) | {"n": self.frames}

    def image(self) -> Image:
        """The last picture with its people, RGB (H, W, 3); a dark one before the first."""
        if self.last is None or self.entry is None:
            return np.full((90, 160, 3), 46, np.uint8)
        return draw_poses(self.last, self.entry.poses, people=self.entry.person)

    @property
    def frame(self) -> Image:
        """The last picture.

        Raises:
            HpeError: there is no picture yet.
        """
        if self.last is None:
            raise HpeError("there is no picture yet; start the camera first.")
        return self.last

    def explore(self) -> Explorer:
        """Open the explorer on the last picture, under the camera, and return it; people keep their numbers.

        Raises:
            HpeError: there is no picture yet.
        """
        known = (self.entry.poses, self.entry.person) if self.entry is not None else None
        explorer = Explorer(self.frame, self.settings, network=self.network, known=known)
        self.show_below(explorer)
        return explorer

    def _on_frame(self, content: dict[str, Any], buffers: list[memoryview]) -> None:
        """A picture from the browser."""
        self.see(buffers[0], float(content.get("time", 0.0)))


def webcam(network: Network, *, settings: Settings | None = None, following: Following | None = None) -> Webcam:
    """A live camera in the notebook, see `Webcam`; its button opens the explorer on the last picture.

    Args:
        network: from `load_network`.
        settings: the decoder's settings.
        following: settings of tracking and smoothing.

    Returns:
        The widget; as the last line of a cell it shows itself.
    """
    return Webcam(network, settings, following)

"""The camera of the person who looks at the notebook, wherever the kernel runs: the browser takes the pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as w

from hpe_nb.arrays import Image
from hpe_nb.decoder.decode import decode
from hpe_nb.draw.skeletons import draw_poses
from hpe_nb.errors import HpeError
from hpe_nb.files.images import decode_image
from hpe_nb.films.record import Entry
from hpe_nb.films.settings import Following
from hpe_nb.films.tracking import follow
from hpe_nb.films.tracks import Tracks
from hpe_nb.settings import Settings
from hpe_nb.widgets.picture import jpeg
from hpe_nb.widgets.player import explorer_on

if TYPE_CHECKING:
    from hpe_nb.network.network import Network

HERE = Path(__file__).parent


class Watcher:
    """What happens to each picture of a camera: people found, followed and drawn; the last one is kept.

    Attributes:
        image: the last picture as it came, None before the first.
        entry: the people in it.
        tracks: the people known so far.
    """

    def __init__(self, network: Network, grouping: Settings | None = None, following: Following | None = None) -> None:
        self.network, self.grouping, self.following = network, grouping, following or Following()
        self.image: Image | None = None
        self.entry: Entry | None = None
        self.tracks = Tracks.none()
        self.frames = 0

    def see(self, data: bytes | memoryview, time: float) -> tuple[Image, str]:
        """The annotated picture of a coded one (JPEG, PNG, ...), and its words.

        Raises:
            HpeError: it is no picture.
        """
        image = decode_image(bytes(data), "the browser's picture")
        poses = decode(self.network(image), self.grouping).poses
        self.tracks, person, poses = follow(self.tracks, poses, time, self.following, image)
        self.image = image
        self.entry = Entry(self.frames, time, f"camera frame {self.frames}", image.shape[1::-1], person, poses)
        self.frames += 1
        return draw_poses(image, poses, people=person), f"{len(poses)} {'person' if len(poses) == 1 else 'people'}"


def webcam(
    network: Network, *, grouping: Settings | None = None, following: Following | None = None
) -> LiveCamera | StillCamera:
    """A live camera in the notebook, or a still one where anywidget is not installed.

    Nothing starts before its button is pressed. Pictures go from the browser to the kernel and back, and nowhere else.

    Args:
        network: from `load_network`.
        grouping: the decoder's settings.
        following: settings of tracking and smoothing.
    """
    watcher = Watcher(network, grouping, following)
    try:
        return LiveCamera(watcher)
    except ImportError:
        return StillCamera(watcher)


class _Camera(w.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """What both cameras have: the last picture and the explorer on it."""

    def __init__(self, watcher: Watcher, *parts: w.Widget) -> None:
        self.watcher, self.below = watcher, w.VBox()
        self.explore = w.Button(
            description="Explore this frame", icon="search", tooltip="open the explorer on this frame",
            layout={"width": "auto", "align_self": "flex-start"},
        )  # fmt: skip
        self.explore.on_click(lambda _: self.open_explorer())
        super().__init__([*parts, self.explore, self.below])

    def open_explorer(self) -> None:
        """Show the explorer on the last picture, below the camera."""
        if self.watcher.image is None:
            self.below.children = (w.HTML("There is no picture yet: start the camera first."),)
            return
        self.below.children = (explorer_on(self.watcher.image, self.watcher.network, self.watcher.grouping),)


class LiveCamera(_Camera):
    """The browser's camera, live: start it, freeze it, look into a frame; one photo where there is no camera.

    The browser sends a picture when the kernel has answered the one before, so nothing piles up on a slow network.

    Raises:
        ImportError: anywidget is not installed.
    """

    def __init__(self, watcher: Watcher) -> None:
        import anywidget

        # A class of its own in here: its base is there only where anywidget is.
        class Page(anywidget.AnyWidget):
            _esm = HERE / "webcam.js"
            _css = HERE / "webcam.css"

        self.page: Any = Page()
        self.page.on_msg(self._answer)
        super().__init__(watcher, self.page)

    def _answer(self, _: Any, content: dict[str, Any], buffers: list[memoryview]) -> None:
        """Answer a picture from the browser; also where something went wrong, or it would wait for ever."""
        if content.get("kind") != "frame" or not buffers:
            return
        try:
            picture, told = self.watcher.see(bytes(buffers[0]), float(content.get("time", 0.0)))
        except Exception as error:
            self.page.send({"kind": "shown", "told": str(error)})
            raise
        self.page.send({"kind": "shown", "told": told}, buffers=[jpeg(picture)])


class StillCamera(_Camera):
    """One photo at a time, with the notebook's own upload button; phones offer their camera there."""

    def __init__(self, watcher: Watcher) -> None:
        self.upload = w.FileUpload(
            accept="image/*", description="Take or choose a photo", layout=w.Layout(width="auto")
        )
        self.picture = w.Image(format="jpeg", layout=w.Layout(max_width="100%", display="none"))
        self.told = w.HTML("Live pictures need anywidget (<code>pip install anywidget</code>); a photo does without.")
        self.upload.observe(self._answer, "value")
        super().__init__(watcher, self.upload, self.picture, self.told)

    def _answer(self, _: Any = None) -> None:
        """Show the people in the photo that was chosen."""
        if not self.upload.value:
            return
        try:
            picture, told = self.watcher.see(self.upload.value[-1]["content"], float(self.watcher.frames))
        except HpeError as error:
            self.told.value = f"<span class='hpe-told'>{error}</span>"
            return
        self.picture.value, self.picture.layout.display = jpeg(picture), None
        self.told.value = f"<span class='hpe-told'>{told}</span>"

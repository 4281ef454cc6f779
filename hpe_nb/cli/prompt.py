"""Messages of kernels that go to the browser at once: a setting of JupyterLab's server, for `hpe-nb lab`."""

from __future__ import annotations

from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """A kernel's connection to the browser that does not gather small messages.

    By default TCP holds a small message back until the one before is acknowledged (RFC 896), which browsers do up to
    40 ms later: as long as two frames, on every step of a slider.
    """

    def connect(self) -> Any:
        """Connect, and send every message as soon as it is there."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()

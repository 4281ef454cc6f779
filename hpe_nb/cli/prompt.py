"""Kernel messages without delay: a connection class for the Jupyter server of `hpe-nb lab`."""

from __future__ import annotations

from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """A connection from a kernel to the browser with TCP_NODELAY.

    By default TCP delays a small message until the previous one is acknowledged (RFC 896), for which browsers take up
    to 40 ms. That would delay each step of a slider by two screen frames.
    """

    def connect(self) -> Any:
        """Connect, with Nagle's algorithm turned off."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()

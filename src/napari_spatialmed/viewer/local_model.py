"""The trial model of this process: started once, used by every dock, stopped with napari."""

from __future__ import annotations

import atexit
import threading

from napari_spatialmed.llm import Endpoint, LocalServer

LOCAL = "local trial model"
"""Its name among the endpoints; `llm.local_server.LABEL` says what it is not."""

_starting = threading.Lock()
_server: LocalServer | None = None


def local_endpoint() -> Endpoint | None:
    """The running trial model, or None."""
    return _server.endpoint if _server is not None and _server.running else None


def start_local_model() -> Endpoint:
    """Start it unless it runs; takes seconds, so call it from a thread.

    Raises
    ------
    LocalServerError
        If its packages are missing, or it doesn't start.
    """
    global _server
    with _starting:
        if _server is None or not _server.running:
            server = LocalServer().start()
            atexit.register(server.stop)
            _server = server
        return _server.endpoint

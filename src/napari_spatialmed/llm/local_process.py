"""The local server's own process: llama.cpp's HTTP server from the xllamacpp wheel.

Run as ``python -m napari_spatialmed.llm.local_process``; prints ``{"ready": "http://…"}`` once it listens and ends on SIGTERM
or when its starter is gone.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import threading
from typing import Any


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("weights")
    parser.add_argument("--projector", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--context", type=int, default=8192)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--name", default="local")
    options = parser.parse_args()
    server = _serve(options)
    print(json.dumps({"ready": server.listening_address}), flush=True)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    starter = os.getppid()
    while os.getppid() == starter and not ended.wait(1.0):
        continue
    os._exit(0)  # the server's threads have no other end


def _serve(options: argparse.Namespace) -> Any:
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = options.weights
    parameters.mmproj.path = options.projector
    parameters.mmproj_use_gpu = False
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = options.port
    parameters.offline = True
    parameters.n_ctx = options.context
    parameters.n_parallel = 1
    parameters.n_batch = parameters.n_ubatch = 512
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = options.threads
    parameters.n_gpu_layers = 0
    parameters.warmup = False
    parameters.use_jinja = True
    parameters.model_alias = [options.name]
    return xllamacpp.Server(parameters)


if __name__ == "__main__":
    main()

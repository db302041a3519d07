"""A small OpenAI-compatible server whose answer to a question never changes, with faults on demand."""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ModelServer:
    """Answers by a hash of the prompt's text; counts what it answered.

    Parameters
    ----------
    faults
        Share of requests that fail: 429 with Retry-After, 500, a body that isn't JSON, or a cut connection.
    delay
        Seconds per answer.
    together
        No answer comes before so many are waited for at a time.
    """

    def __init__(self, *, faults: float = 0.0, delay: float = 0.0, seed: int = 0, together: int = 1) -> None:
        self.answered: Counter[str] = Counter()
        self.bodies: list[bytes] = []
        self.highest = 0
        self.silent = threading.Event()
        """Set it, and nothing is answered until it is closed."""
        self._gathered = threading.Event()
        self._over = threading.Event()
        self._closed = False
        self._active = 0
        self._lock = threading.Lock()
        random_source = random.Random(seed)
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with server._lock:
                    server.bodies.append(body)
                    server._active += 1
                    server.highest = max(server.highest, server._active)
                    if server.highest >= together:
                        server._gathered.set()
                    fault = random_source.random() < faults
                    kind = random_source.choice(["429", "500", "garbled", "cut"])
                try:
                    if server._closed:  # a connection that was kept open
                        self.close_connection = True
                        self.connection.close()
                        return
                    server._gathered.wait(60)
                    if server.silent.is_set():
                        server._over.wait()
                    if delay:
                        time.sleep(delay)
                    if fault:
                        self.fail(kind)
                        return
                    text = prompt_of(json.loads(body))
                    self.reply(200, json.dumps(server.completion(text)).encode())
                    with server._lock:
                        server.answered[text] += 1
                except BrokenPipeError:
                    self.close_connection = True
                finally:
                    with server._lock:
                        server._active -= 1

            def fail(self, kind: str) -> None:
                if kind == "429":
                    self.reply(429, b'{"error":{"message":"slow down"}}', {"Retry-After": "0.02"})
                elif kind == "500":
                    self.reply(500, b'{"error":{"message":"boom"}}', {"Retry-After": "0.01"})
                elif kind == "garbled":
                    self.reply(200, b"{not json")
                else:
                    self.close_connection = True
                    self.connection.close()

            def reply(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)

    def completion(self, text: str) -> dict[str, Any]:
        digest = hashlib.sha256(text.encode()).digest()
        answer = ["ANSWER: A", "ANSWER: B", "It lies left of it.\nANSWER: C", "ANSWER: D", "no idea", "I cannot help with that.",
                  "ANSWER: 120 mL", "ANSWER: 93 mL"][digest[0] % 8]  # fmt: skip
        return {
            "id": "c", "object": "chat.completion", "created": 0, "model": "tested",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": answer}}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
        }  # fmt: skip

    def __enter__(self) -> ModelServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Be gone, in the middle of a run if need be."""
        self._closed = True
        self._over.set()
        self._http.shutdown()
        self._http.server_close()


def prompt_of(request: dict[str, Any]) -> str:
    """The text of the user's turn."""
    content = request["messages"][-1]["content"]
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part["type"] == "text")

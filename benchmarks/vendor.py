"""A vendor that answers at once: Lambda's Invoke API on loopback, in a process of its own, with one prepared picture.

`python -m benchmarks.vendor BYTES` prints its port and serves until its standard input ends.
"""

import base64
import io
import json
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from PIL import Image

from dev.paths import ROOT

HOST: Final = "127.0.0.1"
_SIDE: Final = 256


def picture_of(size_bytes: int) -> bytes:
    """Return a PNG of about this size: noise, which cannot be compressed."""
    height = max(1, size_bytes // (3 * _SIDE))
    noise = random.Random(0).randbytes(3 * _SIDE * height)  # noqa: S311 (not for secrets)
    file = io.BytesIO()
    Image.frombytes("RGB", (_SIDE, height), noise).save(file, "PNG", compress_level=0)
    return file.getvalue()


def invocation_answer(size_bytes: int) -> bytes:
    """Return what the embedded model's function would answer."""
    image = {"b64_json": base64.b64encode(picture_of(size_bytes)).decode(), "seed": 1}
    return json.dumps({"status": "succeeded", "model_version": "benchmark", "images": [image]}).encode()


@contextmanager
def running(size_bytes: int) -> Iterator[str]:
    """Run the vendor in a process of its own and give its address."""
    command = [sys.executable, "-m", "benchmarks.vendor", str(size_bytes)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 (both are pipes)
        try:
            yield f"http://{HOST}:{int(process.stdout.readline())}/2015-03-31/functions/embedded/invocations"
        finally:
            process.stdin.close()
            process.wait()


def _handler(answer: bytes) -> type[BaseHTTPRequestHandler]:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(answer)}\r\n\r\n".encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.wfile.write(head + answer)

    return Handler


def main() -> None:
    """Serve until standard input ends."""
    server = ThreadingHTTPServer((HOST, 0), _handler(invocation_answer(int(sys.argv[1]))))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()

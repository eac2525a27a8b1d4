"""A running `sharpeye serve`, and requests to it. Standard library only."""

import base64
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time

SOURCE = pathlib.Path(__file__).parents[2]
DEMO = SOURCE / "weights" / "demo"
SAMPLE = SOURCE / "tools" / "sample.png"


def ppm(seed, width=40, height=30):
    """The bytes of an image that depend on `seed`."""
    pixels = bytearray()
    for _ in range(3 * width * height):
        seed = (seed * 1664525 + 1013904223) % 2**32
        pixels.append(seed >> 24)
    return f"P6\n{width} {height}\n255\n".encode() + bytes(pixels)


def text_of(image):
    return base64.b64encode(image).decode()


def data_uri(image, kind="image/png"):
    return f"data:{kind};base64,{text_of(image)}"


def chat(image, **more):
    """A request of /v1/chat/completions."""
    images = image if isinstance(image, list) else [image]
    parts = [{"type": "image_url", "image_url": {"url": data_uri(one)}} for one in images]
    return {"model": "demo", "messages": [{"role": "user", "content": [{"type": "text", "text": "Describe."}, *parts]}],
            **more}


class Server:
    """`with Server(command, "--queue", "3") as server:` runs it on a free port, and stops it with SIGTERM."""

    def __init__(self, command, *options, model=DEMO):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen([command, "serve", "--model", str(model), "--port", "0", *options],
                                        stdout=subprocess.PIPE, stderr=self.errors)
        line = self.process.stdout.readline().decode()
        match = re.fullmatch(r"http://(.*):(\d+)\n", line)
        if not match:
            self.process.wait(timeout=60)
            raise RuntimeError(f"the server did not start: {line!r} {self.stderr()}")
        self.host, self.port = match[1].strip("[]"), int(match[2])

    def stderr(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        code = self.stop()
        text = self.stderr()
        self.close()
        if error[0] is None:
            assert code == 0, f"exit code {code}: {text}"
            assert "Sanitizer" not in text and "runtime error" not in text, text

    def close(self):
        self.process.stdout.close()
        self.errors.close()

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(timeout=120)

    def connect(self, timeout=600):
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def raw(self, data, timeout=30, shut=False):
        """Sends bytes and returns all that comes back."""
        with socket.create_connection((self.host, self.port), timeout=timeout) as connection:
            connection.sendall(data)
            if shut:
                with contextlib.suppress(OSError):  # the server has closed it, and said why
                    connection.shutdown(socket.SHUT_WR)
            parts = []
            while part := connection.recv(1 << 16):
                parts.append(part)
        return b"".join(parts)

    def ask(self, method, path, body=None, headers=None, connection=None):
        """(status, headers, body) of one request; a body that is no bytes is sent as JSON."""
        mine = connection or self.connect()
        headers = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        mine.request(method, path, body=body, headers=headers)
        reply = mine.getresponse()
        data = reply.read()
        if connection is None:
            mine.close()
        return reply.status, reply.headers, data

    def post(self, path, body, **more):
        """(status, JSON) of a POST."""
        status, _, data = self.ask("POST", path, body, **more)
        return status, json.loads(data)

    def get(self, path):
        status, _, data = self.ask("GET", path)
        return status, json.loads(data)

    def resident_kib(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def wait_idle(self, seconds=60):
        """Until nothing runs or waits."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if (state := self.get("/health")[1])["running"] == state["waiting"] == 0:
                return
            time.sleep(0.05)
        raise AssertionError("the server is still busy")

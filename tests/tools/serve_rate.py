#!/usr/bin/env python3
"""Captions a second of `sharpeye serve` with 16 clients at once, beside `sharpeye caption` on the same images, in turns.

Usage: serve_rate.py COMMAND [--images 200] [--clients 16] [--parallel 2] [--turns 3]
"""

import argparse
import json
import os
import pathlib
import re
import selectors
import socket
import subprocess
import tempfile
import time

from serve_support import DEMO, Server, ppm


def rate_of_command(command, folder, parallel):
    """Without loading: the rate of all images, less the time for one."""
    def run(images):
        begin = time.monotonic()
        done = subprocess.run([command, "caption", "--model", str(DEMO), "--parallel", str(parallel), "--json", *images],
                              check=True, capture_output=True)
        return time.monotonic() - begin, [json.loads(line)["refined"] for line in done.stdout.splitlines()]

    images = sorted(map(str, folder.iterdir()))
    loading, _ = run(images[:1])
    seconds, captions = run(images)
    return (len(images) - 1) / (seconds - loading), captions


class Client:
    """One connection and its requests, one after the other. It costs little: it shares the machine with the server."""

    def __init__(self, server, requests):
        self.requests, self.got, self.replies = requests, b"", []
        self.socket = socket.create_connection((server.host, server.port), timeout=60)
        self.send()

    def send(self):
        self.socket.sendall(self.requests[len(self.replies)])

    def receive(self):
        """@return whether there is more to come"""
        part = self.socket.recv(1 << 16)
        assert part, "the server closed the connection"
        self.got += part
        head, end, body = self.got.partition(b"\r\n\r\n")
        if not end or len(body) < int(re.search(rb"Content-Length: (\d+)", head)[1]):
            return True
        assert head.startswith(b"HTTP/1.1 200 "), head
        self.replies.append(body)
        self.got = b""
        if len(self.replies) == len(self.requests):
            return False
        self.send()
        return True


def rate_of_server(server, images, clients):
    requests = [b"POST /v1/captions HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/x-portable-pixmap\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(image), image) for image in images]
    begin = time.monotonic()
    with selectors.DefaultSelector() as selector:
        every = [Client(server, requests[k::clients]) for k in range(clients)]
        for client in every:
            selector.register(client.socket, selectors.EVENT_READ, client)
        while selector.get_map():
            for key, _ in selector.select():
                if not key.data.receive():
                    selector.unregister(key.fileobj)
                    key.fileobj.close()
    seconds = time.monotonic() - begin
    found = [json.loads(every[i % clients].replies[i // clients])["captions"][0]["refined"] for i in range(len(images))]
    return len(images) / seconds, found


def cpu_seconds(pid):
    """Of a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--turns", type=int, default=3)
    arguments = parser.parse_args()
    images = [ppm(seed, 64, 64) for seed in range(arguments.images)]
    with tempfile.TemporaryDirectory() as name, \
            Server(arguments.command, "--parallel", str(arguments.parallel)) as server:
        folder = pathlib.Path(name)
        for i, image in enumerate(images):
            (folder / f"{i:05}.ppm").write_bytes(image)
        for _ in range(arguments.turns):
            command, said = rate_of_command(arguments.command, folder, arguments.parallel)
            before, mine = cpu_seconds(server.process.pid), time.process_time()
            served, answered = rate_of_server(server, images, arguments.clients)
            cpu = 1000 * (cpu_seconds(server.process.pid) - before) / len(images)
            mine = 1000 * (time.process_time() - mine) / len(images)
            assert answered == said, "other captions than the command's"
            print(f"caption --parallel {arguments.parallel}: {command:.2f}/s; serve --parallel {arguments.parallel}, "
                  f"{arguments.clients} clients: {served:.2f}/s; ratio {served / command:.3f}; "
                  f"processor time of a request: server {cpu:.2f} ms, clients {mine:.2f} ms", flush=True)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Captions a second of `sharpeye serve` with 16 clients at once, beside `sharpeye caption` on the same images, in turns.

Usage: serve_rate.py COMMAND [--model DIR] [--images 1000] [--clients 16] [--parallel 2] [--turns 3]

Both get the same files' bytes and decode them; loading is left out of both. The clients run on the same cores as the
server: their own processor time is printed beside the server's and the command's, all for one caption, and what the
ratio would be with clients elsewhere. Each turn starts a server of its own, for processes differ by some percent."""

import argparse
import json
import os
import pathlib
import resource
import selectors
import socket
import subprocess
import tempfile
import time

from serve_support import DEMO, Server, ppm


# Between two looks for replies. Clients elsewhere would not take a core from the server for each of them; and while
# some replies lie there, there are requests of the others that wait.
PAUSE = 0.006


def rate_of_command(command, model, images, parallel):
    """Without loading: the rate of all images, less the time for one; its processor time; the captions."""
    def run(images):
        begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([command, "caption", "--model", model, "--parallel", str(parallel), "--json", *images],
                              check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return time.monotonic() - begin, cpu, [json.loads(line)["refined"] for line in done.stdout.splitlines()]

    loading, loading_cpu, _ = run(images[:1])
    seconds, cpu, captions = run(images)
    return (len(images) - 1) / (seconds - loading), (cpu - loading_cpu) / (len(images) - 1), captions


class Client:
    """One connection and its requests, one after the other. It costs little: it shares the machine with the server."""

    def __init__(self, server, requests):
        self.requests, self.got, self.size, self.replies = requests, b"", None, []
        self.socket = socket.create_connection((server.host, server.port), timeout=600)
        self.send()

    def send(self):
        self.socket.sendall(self.requests[len(self.replies)])

    def receive(self):
        """@return whether there is more to come"""
        part = self.socket.recv(1 << 16)
        assert part, "the server closed the connection"
        self.got = self.got + part if self.got else part
        if self.size is None:
            end = self.got.find(b"\r\n\r\n")
            if end < 0:
                return True
            assert self.got.startswith(b"HTTP/1.1 200 "), self.got[:end]
            at = self.got.index(b"Content-Length: ") + 16
            self.size = end + 4 + int(self.got[at:self.got.index(b"\r", at)])
        if len(self.got) < self.size:
            return True
        self.replies.append(self.got)
        self.got, self.size = b"", None
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
            time.sleep(PAUSE)
            for key, _ in selector.select():
                if not key.data.receive():
                    selector.unregister(key.fileobj)
                    key.fileobj.close()
    seconds = time.monotonic() - begin
    bodies = (every[i % clients].replies[i // clients].partition(b"\r\n\r\n")[2] for i in range(len(images)))
    found = [json.loads(body)["captions"][0]["refined"] for body in bodies]
    return len(images) / seconds, found


def cpu_seconds(pid):
    """Of a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("--model", default=str(DEMO))
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--turns", type=int, default=3)
    arguments = parser.parse_args()
    different = [ppm(seed, 64, 64) for seed in range(min(arguments.images, 100))]
    with tempfile.TemporaryDirectory() as folder:
        names = [pathlib.Path(folder, f"{i:05}.ppm") for i in range(len(different))]
        for name, image in zip(names, different):
            name.write_bytes(image)
        which = [i % len(different) for i in range(arguments.images)]
        images, files = [different[i] for i in which], [str(names[i]) for i in which]
        for _ in range(arguments.turns):
            command, its, said = rate_of_command(arguments.command, arguments.model, files, arguments.parallel)
            with Server(arguments.command, "--parallel", str(arguments.parallel), "--time-limit", "100000",
                        model=arguments.model) as server:
                rate_of_server(server, images[:arguments.parallel], arguments.parallel)  # as the command's first image
                before, mine = cpu_seconds(server.process.pid), time.process_time()
                served, answered = rate_of_server(server, images, arguments.clients)
                cpu = (cpu_seconds(server.process.pid) - before) / len(images)
                mine = (time.process_time() - mine) / len(images)
            assert answered == said, "other captions than the command's"
            ratio = served / command
            print(f"caption --parallel {arguments.parallel}: {command:.2f}/s; serve, {arguments.clients} clients: "
                  f"{served:.2f}/s; ratio {ratio:.3f}, without the clients' share {ratio * (cpu + mine) / cpu:.3f}; processor time of a caption: command {1000 * its:.2f} ms, "
                  f"server {1000 * cpu:.2f} ms, clients {1000 * mine:.2f} ms", flush=True)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Captions a second of `sharpeye serve` with 16 clients at once, beside `sharpeye caption` on the same images, in turns.

Usage: serve_rate.py COMMAND [--images 200] [--clients 16] [--parallel 2] [--turns 3]
"""

import argparse
import concurrent.futures
import json
import pathlib
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


def rate_of_server(server, images, clients):
    def client(mine):
        connection = server.connect()
        captions = {}
        for i in mine:
            status, _, data = server.ask("POST", "/v1/captions", images[i], {"Content-Type": "image/x-portable-pixmap"},
                                         connection)
            assert status == 200, data
            captions[i] = json.loads(data)["captions"][0]["refined"]
        connection.close()
        return captions

    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        found = {}
        for captions in pool.map(client, [range(k, len(images), clients) for k in range(clients)]):
            found.update(captions)
    return len(images) / (time.monotonic() - begin), [found[i] for i in range(len(images))]


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
            served, answered = rate_of_server(server, images, arguments.clients)
            assert answered == said, "other captions than the command's"
            print(f"caption --parallel {arguments.parallel}: {command:.2f}/s; serve --parallel {arguments.parallel}, "
                  f"{arguments.clients} clients: {served:.2f}/s; ratio {served / command:.3f}", flush=True)


if __name__ == "__main__":
    main()

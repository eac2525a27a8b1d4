#!/usr/bin/env python3
"""Sends `sharpeye serve` malformed requests, and slow and broken-off ones, and watches what it keeps: no crash, the
right status codes, resident memory and descriptors as before. Not part of ctest, since it takes minutes.

Usage: serve_soak.py COMMAND [--malformed 10000] [--slow 1000] [--seed 1]
"""

import argparse
import concurrent.futures
import json
import random
import re
import socket
import sys
import time

from serve_support import SAMPLE, Server, chat, data_uri, ppm, text_of

IMAGES = [SAMPLE.read_bytes(), ppm(1)]
PATHS = ["/v1/captions", "/v1/chat/completions", "/v1/responses", "/api/generate", "/api/chat", "/api/show"]


def good_bodies():
    image = IMAGES[1]
    part = {"type": "input_image", "image_url": data_uri(image)}
    return {"/v1/captions": {"image": text_of(image), "max_new_tokens": 4},
            "/v1/chat/completions": chat(image, max_tokens=4),
            "/v1/responses": {"model": "demo", "max_output_tokens": 16, "input": [{"role": "user", "content": [part]}]},
            "/api/generate": {"model": "demo", "images": [text_of(image)], "options": {"num_predict": 4}},
            "/api/chat": {"model": "demo", "options": {"num_predict": 4},
                          "messages": [{"role": "user", "content": "?", "images": [text_of(image)]}]},
            "/api/show": {"model": "demo"}}


def spoil_value(random_, value):
    """The JSON value with something in it exchanged."""
    if isinstance(value, dict) and value and random_.random() < 0.8:
        key = random_.choice(list(value))
        if random_.random() < 0.1:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: spoil_value(random_, value[key])}
    if isinstance(value, list) and value and random_.random() < 0.8:
        i = random_.randrange(len(value))
        return value[:i] + [spoil_value(random_, value[i])] + value[i + 1:]
    if isinstance(value, str) and len(value) > 100 and random_.random() < 0.7:
        i = random_.randrange(len(value))
        return random_.choice([value[:i], value[:i] + "*" + value[i:], value[:i] + "A" + value[i + 1:], value + "=" * 3])
    return random_.choice([None, True, -1, 2**63, 1e308, 1e-308, "", "x" * 50, "\x00", "\U0001F600", [], {}, [[]], {"": 0},
                           "http://127.0.0.1:1/", "data:,", "data:image/png;base64,", -2**63, 0.5, "<image>{initial}"])


def spoil_bytes(random_, data):
    data = bytearray(data)
    for _ in range(random_.randint(1, 20)):
        i = random_.randrange(len(data)) if data else 0
        how = random_.randrange(4)
        if how == 0 and data:
            data[i] ^= 1 << random_.randrange(8)
        elif how == 1:
            del data[i:i + random_.randint(1, 50)]
        elif how == 2:
            data[i:i] = random_.choice([b"{", b"}", b'"', b"\\u", b"[" * 200, b"\xff", b"\r\n", b"\0", b"9" * 400])
        else:
            del data[i:]
    return bytes(data)


def malformed(random_):
    """The bytes of one request that is wrong in some way, and whether its end is clear."""
    path = random_.choice(PATHS)
    body = good_bodies()[path]
    kind = random_.randrange(6)
    head = {"Host": "localhost", "Content-Type": "application/json", "Connection": "close"}
    method = "POST"
    if kind == 0:
        data = json.dumps(spoil_value(random_, body)).encode()
    elif kind == 1:
        data = spoil_bytes(random_, json.dumps(body).encode())
    elif kind == 2:  # an image as it is, spoilt
        path, head["Content-Type"] = "/v1/captions", "image/png"
        data = spoil_bytes(random_, random_.choice(IMAGES))
    elif kind == 3:
        data = random_.randbytes(random_.randrange(3000))
    elif kind == 4:
        path = random_.choice(["/", "/v1/" + "a" * random_.randrange(9000), "/%00", "/../../etc/passwd", "/v1/models/x",
                               "/api/", "//", "/v1/captions?x=1", "/metrics#x"])
        method = random_.choice(["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "HEAD", "TRACE", "CONNECT", "get"])
        data = b""
    else:
        data = json.dumps(body).encode()
        head.update(random_.choice([{"Content-Encoding": "gzip"}, {"Transfer-Encoding": "gzip"}, {"Host": "evil.example"},
                                    {"Origin": "null"}, {"Content-Type": "text/plain"}, {"Expect": "200-ok"},
                                    {"Range": "bytes=" + "0-1," * 1500 + "0-1"}, {"X": "y" * 9000},
                                    {f"X{i}": "y" * 90 for i in range(600)}, {"Content-Length": "-1"},
                                    {"Content-Length": "1e3"}, {"Content-Length": str(2**64 + 1)}]))
    is_clear = kind != 4 and "Content-Length" not in head and "Transfer-Encoding" not in head
    head.setdefault("Content-Length", str(len(data)))
    lines = "".join(f"{key}: {value}\r\n" for key, value in head.items())
    request = f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + data
    if kind == 5 and random_.random() < 0.3:
        return spoil_bytes(random_, request), False
    return request, is_clear


ALLOWED = {200, 206, 400, 401, 403, 404, 405, 408, 411, 413, 414, 415, 416, 429, 431, 499, 501, 503}


def send_malformed(server, seed):
    """The status of a malformed request; 0 when the connection was closed without a reply."""
    random_ = random.Random(seed)
    request, is_clear = malformed(random_)
    try:
        reply = server.raw(request, timeout=60, shut=not is_clear)
    except (ConnectionError, BrokenPipeError):
        return 0
    if not reply:
        return 0
    match = re.match(rb"HTTP/1\.1 (\d{3}) ", reply)
    assert match, (seed, reply[:200])
    status = int(match[1])
    assert status in ALLOWED, (seed, request[:300], reply[:300])
    return status


def send_slowly(server, seed):
    """A request that comes in pieces with pauses, breaks off, or whose reply nobody reads."""
    random_ = random.Random(seed)
    path = random_.choice(PATHS[:5])
    body = {**good_bodies()[path], "stream": random_.random() < 0.5}
    data = json.dumps(body).encode()
    request = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data
    kind = random_.randrange(4)
    with socket.create_connection((server.host, server.port), timeout=30) as connection:
        try:
            if kind == 0:  # breaks off somewhere
                connection.sendall(request[:random_.randrange(len(request))])
                time.sleep(random_.random())
            elif kind == 1:  # in pieces, and whole
                for i in range(0, len(request), 1 + len(request) // 20):
                    connection.sendall(request[i:i + 1 + len(request) // 20])
                    time.sleep(0.1 * random_.random())
                while connection.recv(1 << 16):
                    pass
            elif kind == 2:  # asks, and goes
                connection.sendall(request)
                time.sleep(0.05 * random_.random())
            else:  # a byte now and then, until the server has enough of it
                for byte in request[:200]:
                    connection.sendall(bytes([byte]))
                    time.sleep(0.2)
        except (ConnectionError, BrokenPipeError, TimeoutError):
            pass


def measure(server):
    """What the server keeps when it is idle: the least of some samples, since connections end a little later."""
    server.wait_idle(120)
    samples = []
    for _ in range(20):
        time.sleep(0.3)
        samples.append((server.resident_kib(), server.descriptors(), server.threads()))
    return dict(zip(("resident_kib", "descriptors", "threads"), map(min, zip(*samples))))


def send_slow_ones(server, seeds):
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        list(pool.map(lambda seed: send_slowly(server, seed), seeds))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("--malformed", type=int, default=10_000)
    parser.add_argument("--slow", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--growth-kib", type=int, default=1024, help="what resident memory may grow by")
    arguments = parser.parse_args()
    with Server(arguments.command, "--beams", "1", "--parallel", "2", "--queue", "16") as server:
        right = server.post("/v1/captions", {"image": text_of(IMAGES[0])})[1]["captions"][0]["refined"]
        seeds = iter(range(arguments.seed * 10**6, (arguments.seed + 1) * 10**6))
        counts = {}
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            # Memory is compared after a first part has warmed up what is kept on purpose: the captioners' buffers (up to
            # 4 MB each, of the sizes that images and options ask for), arenas, stacks of threads.
            warm_up = [next(seeds) for _ in range(arguments.malformed)]
            list(pool.map(lambda seed: send_malformed(server, seed), warm_up))
            send_slow_ones(server, [next(seeds) for _ in range(arguments.slow // 5)])
            before = measure(server)
            print("before", before, flush=True)
            begin = time.monotonic()
            for status in pool.map(lambda seed: send_malformed(server, seed),
                                   [next(seeds) for _ in range(arguments.malformed)]):
                counts[status] = counts.get(status, 0) + 1
        print(f"{arguments.malformed} malformed requests in {time.monotonic() - begin:.0f} s, by status (0: closed):",
              dict(sorted(counts.items())), flush=True)
        after_malformed = measure(server)
        print("after", after_malformed, flush=True)
        begin = time.monotonic()
        send_slow_ones(server, [next(seeds) for _ in range(arguments.slow)])
        print(f"{arguments.slow} slow and broken-off requests in {time.monotonic() - begin:.0f} s")
        after = measure(server)
        print("after", after, flush=True)
        status, reply = server.post("/v1/captions", {"image": text_of(IMAGES[0])})
        problems = []
        if status != 200 or reply["captions"][0]["refined"] != right:
            problems.append(f"another answer than at first: {reply}")
        if counts.get(400, 0) < arguments.malformed // 4:
            problems.append("hardly any request was refused with 400")
        for state in (after_malformed, after):
            if state["descriptors"] != before["descriptors"]:
                problems.append(f"descriptors: {before['descriptors']}, then {state['descriptors']}")
            if state["resident_kib"] - before["resident_kib"] > arguments.growth_kib:
                problems.append(f"resident memory: {before['resident_kib']} KiB, then {state['resident_kib']}")
    for problem in problems:
        print("serve_soak:", problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""What a caption from Python costs above one from the command, for the same image files on one thread.

CPU time, since other processes only ever make the clock's longer: of a run over all images eleven times less one over
them once, so that starting and loading do not count. The two take turns; of each the shortest run counts. The texts
must be the same. Usage: python_call.py COMMAND MODEL IMAGE... (run it by a Python that has the package `sharpeye`)"""

import json
import resource
import subprocess
import sys
import time

import sharpeye

ROUNDS, REPEATS = 8, 10
CALLS = """
import sys, sharpeye
captioner = sharpeye.Captioner(sys.argv[2], threads=1)
for repeat in range(int(sys.argv[1])):
    for image in sys.argv[3:]:
        captioner(image)
"""


def cpu_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    command, model, *images = sys.argv[1:]
    arguments = [command, "caption", "--model", model, "--threads", "1", "--json"]
    captioner, around = sharpeye.Captioner(model, threads=1), []
    output = subprocess.run([*arguments, *images], check=True, capture_output=True, text=True).stdout
    for line in map(json.loads, output.splitlines()):
        begin = time.perf_counter()
        caption = captioner(line["image"])
        around.append(1000 * (time.perf_counter() - begin) - caption.timings.total)
        if (caption.initial, caption.refined) != (line["initial"], line["refined"]):
            sys.exit(f"{line['image']}: expected {line['refined']!r}, actual {caption.refined!r}")
    runs = {"command": lambda repeats: [*arguments, *images * repeats],
            "python": lambda repeats: [sys.executable, "-c", CALLS, str(repeats), model, *images]}
    shortest = {}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            for repeats in (1, 1 + REPEATS):
                seconds = cpu_seconds(run(repeats))
                shortest[name, repeats] = min(shortest.get((name, repeats), seconds), seconds)
    each = {name: 1000 * (shortest[name, 1 + REPEATS] - shortest[name, 1]) / REPEATS / len(images) for name in runs}
    print(f"{len(images)} images, the same texts. CPU time of a caption: command {each['command']:.3f} ms, "
          f"Python {each['python']:.3f} ms, {100 * (each['python'] / each['command'] - 1):+.1f} %")
    print(f"Clock time of a call outside of the library's own: {sorted(around)[len(around) // 2]:.3f} ms (median)")


if __name__ == "__main__":
    main()

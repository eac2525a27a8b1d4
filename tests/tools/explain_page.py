#!/usr/bin/env python3
"""Drives the page of `sharpeye explain` in headless Chromium, as a reader does: chooses words by mouse and keyboard, a
layer and a head, compares what it says with explain.json, prints it. Writes screenshots, light, dark, as on a phone and
as printed. Needs Chromium (Debian: chromium); without it, says so and exits with 77.

Usage: explain_page.py COMMAND [FOLDER for the screenshots] [--model DIR] [--image FILE] [--chromium PATH]
"""

import argparse
import base64
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from browser import Browser

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOSTILE = "</script><script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">"
TEXT = "document.querySelector('#{}').innerText.replace(/\\s+/g, ' ')"


def whole(browser, path, scheme, width=900):
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    height = browser.value("document.documentElement.scrollHeight")
    shot = browser.call("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                        clip={"x": 0, "y": 0, "width": width, "height": height, "scale": 1})
    path.write_bytes(base64.b64decode(shot["data"]))


def percent(value):
    return f"{100 * value:.1f}\u00a0%" if value < 0.0995 else f"{100 * value:.0f}\u00a0%"


def said(browser, side):
    """What the page says of one glance of the chosen word."""
    return browser.value(TEXT.format(side + "-text")).replace("\u00a0", " ")


def expected(glance, word, region, attention):
    even = region["even_mass"][0 if glance["round"] == 0 else -1]
    return (f"{'First' if glance['round'] == 0 else 'Second'} glance: {word['word']} probability {percent(word['probability'])}; "
            f"on the image {percent(attention['image'])}, prompt {percent(attention['prompt'])}, caption so far "
            f"{percent(attention['caption'])}; entropy {attention['entropy_bits']:.2f} bits {region['name']}: "
            f"{percent(attention['regions'][region['name']])} of it, where even attention has {percent(even)}").replace("\u00a0", " ")


def close(a, b):
    """The same text, numbers within one of their last digit (they are rounded from 16 bits)."""
    numbers = [re.findall(r"[0-9]+\.?[0-9]*", text) for text in (a, b)]
    same = re.sub(r"[0-9]+\.?[0-9]*", "#", a) == re.sub(r"[0-9]+\.?[0-9]*", "#", b)
    return same and all(abs(float(x) - float(y)) <= 10 ** -len(x.partition(".")[2]) * 1.01 for x, y in zip(*numbers))


def drive(browser, report, folder):
    data = json.loads((report / "explain.json").read_text())
    first, second = data["glances"][0], data["glances"][-1]
    browser.call("Page.navigate", url=(report / "index.html").as_uri())
    browser.until("document.body?.dataset.ready === 'yes'")
    assert "broken" not in browser.value("document.title"), "markup in a region's name was taken for markup"
    assert browser.value("document.images.length") == 0

    # Every word is a button; the arrow keys go from one to the next, and both pictures say what explain.json says.
    words = browser.value("[...document.querySelectorAll('#refined button')].map(button => button.innerText)")
    assert words == [word["word"] for word in second["words"]], words
    browser.value("document.querySelector('#refined button').focus(); 0")
    region, seen = data["regions"][0], 0
    for pair in [pair for pair in data["pairs"] if pair["refined"] is not None][1:]:
        browser.press("ArrowRight", 39)
        word = second["words"][pair["refined"]]
        assert browser.value("document.activeElement.innerText") == word["word"]
        assert browser.value("document.activeElement.getAttribute('aria-pressed')") == "true"
        want = expected(second, word, region, word["attention"])
        assert close(said(browser, "right"), want), (said(browser, "right"), want)
        if pair["initial"] is not None:
            other = first["words"][pair["initial"]]
            want = expected(first, other, region, other["attention"])
            assert close(said(browser, "left"), want), (said(browser, "left"), want)
            seen += 1
    print(f"{len(words)} words by keyboard, {seen} pairs as in explain.json")

    # A layer and a head.
    place = next(pair["refined"] for pair in reversed(data["pairs"]) if pair["refined"] is not None)
    word = second["words"][place]
    for layer in range(second["layers"]):
        browser.value(f"""for (const [id, value] of [['layer', {layer}], ['head', 1]]) {{
            const select = document.getElementById(id);
            select.value = value; select.dispatchEvent(new Event('change')); }} 0""")
        one = word["by_layer_and_head"]
        text = said(browser, "right")
        for number in (f"on the image {percent(one['image'][layer][1])}", f"entropy {one['entropy_bits'][layer][1]:.2f}",
                       f"{percent(one['regions'][region['name']][layer][1])} of it"):
            number = number.replace("\u00a0", " ")
            found = re.search(re.sub(r"[0-9]+(\\?\.[0-9]+)?", r"[0-9.]+", re.escape(number)), text)
            assert found and close(found[0], number), (number, text)
    browser.value("""for (const id of ['layer', 'head']) { const select = document.getElementById(id);
        select.value = ''; select.dispatchEvent(new Event('change')); } 0""")
    print(f"{second['layers']} layers as in explain.json")

    # The picture: its warmest cell is where explain.json has the largest value.
    best = max(range(len(word["map"])), key=lambda i: word["map"][i])
    left, top, width, height = second["boxes"][best]
    warm = browser.value(f"""(() => {{
        const canvas = document.querySelector('#right'), pixels = canvas.getContext('2d');
        const heat = (x, y) => {{ const p = pixels.getImageData(x, y, 1, 1).data; return p[0] - p[2]; }};
        const mean = (x, y, w, h) => {{ let sum = 0, count = 0;
          for (let j = y + 2; j < y + h - 2; j += 3) for (let i = x + 2; i < x + w - 2; i += 3, ++count) sum += heat(i, j);
          return sum / count; }};
        const sx = canvas.width / {data['size'][0]}, sy = canvas.height / {data['size'][1]};
        return [mean({left} * sx, {top} * sy, {width} * sx, {height} * sy), mean(0, 0, canvas.width, canvas.height)]; }})()""")
    assert warm[0] > warm[1] + 20, warm

    steps = browser.value("document.querySelectorAll('#steps tr').length")
    assert steps == sum(len(glance["tokens"]) + 1 for glance in data["glances"]), steps
    shapes = browser.value("document.querySelectorAll('#shapes tr').length")
    assert shapes == len(data["shapes"]) + 1
    if data["connectors"]:
        count = browser.value("document.querySelectorAll('#words canvas').length")
        assert count == len(data["connectors"][-1]["caption_tokens"]), count
    for scheme in ("light", "dark"):
        whole(browser, folder / f"explain-{scheme}.png", scheme)

    printed = browser.call("Page.printToPDF", printBackground=True)
    (folder / "explain.pdf").write_bytes(base64.b64decode(printed["data"]))
    browser.call("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert browser.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)", "dark paper"
    assert browser.value("getComputedStyle(document.querySelector('.screen')).display") == "none"
    browser.call("Emulation.setEmulatedMedia", media="", features=[])

    browser.call("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=1, mobile=True)
    wide = browser.value("[...document.querySelectorAll('*')].filter(one => one.getBoundingClientRect().right > 361 && !one.closest('.wide')).map(one => one.tagName + '#' + one.id)")
    assert browser.value("document.documentElement.scrollWidth") <= 360, f"wider than a phone: {wide}"
    whole(browser, folder / "explain-phone.png", "light", 360)

    elsewhere = [url for url in browser.requested if not url.startswith((report.as_uri(), "data:"))]
    assert not elsewhere, f"the page asked for {elsewhere}"
    assert not browser.complaints, browser.complaints


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=pathlib.Path("build/page"))
    parser.add_argument("--model", default=str(ROOT / "weights/demo"))
    parser.add_argument("--image", default=str(ROOT / "tools/sample.png"))
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("chromium-browser"))
    arguments = parser.parse_args()
    if not arguments.chromium:
        print("explain_page: skipped, for there is no Chromium (Debian: apt install chromium; or --chromium PATH)")
        sys.exit(77)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        report = pathlib.Path(place) / "report"
        subprocess.run([arguments.command, "explain", arguments.image, "--model", arguments.model, "-o", report,
                        f"--region={HOSTILE}=8,8,24,30", "--runs", "1"], check=True, stdout=subprocess.DEVNULL)
        browser = Browser(arguments.chromium, pathlib.Path(place) / "profile")
        try:
            drive(browser, report, arguments.folder)
        finally:
            browser.close()
    print(f"screenshots in {arguments.folder}/")


if __name__ == "__main__":
    main()

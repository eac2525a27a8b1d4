#!/usr/bin/env python3
"""Drives the page of `sharpeye serve` in headless Chromium, as a visitor does: chooses an image, watches the words of the
first glance being replaced, uses the camera, presses Escape, meets an error. Writes screenshots, light and dark. Needs
Chromium (Debian: chromium), and no other package: it is steered over a pipe (Chrome DevTools Protocol).

Usage: serve_page.py COMMAND [FOLDER for the screenshots] [--chromium PATH]
"""

import argparse
import pathlib
import shutil
import sys
import tempfile
import time

from browser import Browser
from serve_support import SAMPLE, Server


def drive(browser, server, folder):
    address = f"http://127.0.0.1:{server.port}/"
    browser.call("Page.navigate", url=address)
    browser.until("document.readyState === 'complete' && !!document.querySelector('#drop')")
    right = server.post("/v1/captions", SAMPLE.read_bytes(), headers={"Content-Type": "image/png"})[1]["captions"][0]

    # An image: every state of the caption is noted as it is shown.
    browser.value("""window.seen = [];
        new MutationObserver(() => seen.push([...document.querySelectorAll('#caption span')]
            .map(span => [span.textContent, span.className])))
          .observe(document.querySelector('#caption'), {childList: true, subtree: true}); 0""")
    browser.choose(SAMPLE.resolve())
    browser.until("!document.querySelector('#both').hidden")
    seen = browser.value("seen")
    text = browser.value("document.querySelector('#caption').innerText")
    assert text == right["refined"], (text, right)
    assert browser.value("document.querySelector('#initial').innerText") == right["initial"]
    shown = [" ".join(word for word, _ in state) for state in seen]
    assert right["initial"] in shown, (right["initial"], shown)
    mixed = [state for state in seen if any(kind == "wait" for _, kind in state) and any(k != "wait" for _, k in state)]
    assert mixed, "no state with some words refined and others still waiting"
    new = browser.value("[...document.querySelectorAll('#refined .new')].map(span => span.textContent)")
    old = browser.value("[...document.querySelectorAll('#initial .old')].map(span => span.textContent)")
    assert (right["initial"] != right["refined"]) == bool(new or old), (new, old, right)
    print(f"{len(seen)} states of the caption, {len(mixed)} of them half refined; replaced {old} by {new}")
    for scheme in ("light", "dark"):
        browser.screenshot(folder / f"caption-{scheme}.png", scheme)

    # What is no image.
    with tempfile.NamedTemporaryFile(suffix=".jpg") as page:
        page.write(b"<!DOCTYPE html><html></html>")
        page.flush()
        browser.choose(page.name)
        problem = browser.until("!document.querySelector('#problem').hidden && document.querySelector('#problem').innerText")
    assert "an HTML page" in problem, problem
    assert browser.value("document.querySelector('#both').hidden"), "the caption of another image is still there"
    print("what is no image:", problem)
    browser.screenshot(folder / "problem-dark.png", "dark")

    # The camera, by keyboard: tab to the button, press it, stop with Escape.
    browser.complaints.clear()  # the browser logs the status 400
    browser.value("document.querySelector('#file').focus(); 0")
    browser.press("Tab", 9)
    assert browser.value("document.activeElement.id") == "camera"
    browser.press("Enter", 13)
    browser.until("document.querySelector('#camera').getAttribute('aria-pressed') === 'true'")
    before = len(browser.requested)
    browser.until("document.querySelector('#video').videoWidth > 0")
    end = time.monotonic() + 30
    while sum(url.endswith("/v1/captions") for url in browser.requested[before:]) < 3 and time.monotonic() < end:
        browser.value("0")
        time.sleep(0.05)
    assert sum(url.endswith("/v1/captions") for url in browser.requested[before:]) >= 3, browser.requested
    browser.screenshot(folder / "camera-light.png", "light")
    browser.press("Escape", 27)
    browser.until("document.querySelector('#video').hidden && !document.querySelector('#video').srcObject?.active")
    assert not browser.value("document.querySelector('#both').hidden")
    browser.until("document.querySelector('#caption').innerText === document.querySelector('#refined').innerText")
    print("camera: three frames captioned, then stopped with Escape")

    # Narrow, as on a phone.
    browser.call("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=2, mobile=True)
    assert browser.value("document.documentElement.scrollWidth") <= 360
    browser.screenshot(folder / "phone-light.png", "light")

    elsewhere = [url for url in browser.requested if not url.startswith((address, "data:", "blob:"))]
    assert not elsewhere, f"the page asked for {elsewhere}"
    assert not browser.complaints, browser.complaints


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=pathlib.Path("build/page"))
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("chromium-browser"))
    arguments = parser.parse_args()
    if not arguments.chromium:
        sys.exit("serve_page: expected Chromium (Debian: apt install chromium), or --chromium PATH")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with Server(arguments.command) as server, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(arguments.chromium, profile)
        try:
            drive(browser, server, arguments.folder)
        finally:
            browser.close()
    print(f"screenshots in {arguments.folder}/")


if __name__ == "__main__":
    main()

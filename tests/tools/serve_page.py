#!/usr/bin/env python3
"""Drives the page of `sharpeye serve` in headless Chromium, as a visitor does: chooses an image, watches the words of the
first glance being replaced, uses the camera, presses Escape, meets an error. Writes screenshots, light and dark. Needs
Chromium (Debian: chromium), and no other package: it is steered over a pipe (Chrome DevTools Protocol).

Usage: serve_page.py COMMAND [FOLDER for the screenshots] [--chromium PATH]
"""

import argparse
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from serve_support import SAMPLE, Server


class Browser:
    """Chromium, and one page in it."""

    def __init__(self, chromium, profile):
        read_end, self.output = os.pipe()
        self.input, write_end = os.pipe()
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run",
                   "--disable-background-networking", "--use-fake-device-for-media-stream",
                   "--use-fake-ui-for-media-stream", f"--user-data-dir={profile}", "--window-size=900,1000"]
        line = f'exec "$0" "$@" 3<&{read_end} 4>&{write_end}'
        self.process = subprocess.Popen(["bash", "-c", line, chromium, *options, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        pass_fds=(read_end, write_end))
        os.close(read_end)
        os.close(write_end)
        self.rest, self.next_id, self.session, self.requested, self.complaints = b"", 1, None, [], []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "DOM", "Network", "Log"):
            self.call(f"{domain}.enable")

    def receive(self):
        while b"\0" not in self.rest:
            part = os.read(self.input, 1 << 16)
            if not part:
                raise RuntimeError("Chromium has ended")
            self.rest += part
        line, self.rest = self.rest.split(b"\0", 1)
        message = json.loads(line)
        if message.get("method") == "Network.requestWillBeSent":
            self.requested.append(message["params"]["request"]["url"])
        if message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(message["params"]["exceptionDetails"])
        if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
            self.complaints.append(message["params"]["entry"]["text"])
        return message

    def call(self, method, **parameters):
        request = {"id": self.next_id, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        self.next_id += 1
        os.write(self.output, json.dumps(request).encode() + b"\0")
        while (message := self.receive()).get("id") != request["id"]:
            pass
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']}")
        return message["result"]

    def value(self, script):
        """What a JavaScript expression, or the promise that it is, gives."""
        reply = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in reply:
            raise RuntimeError(f"{script}: {reply['exceptionDetails']}")
        return reply["result"].get("value")

    def until(self, script, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if value := self.value(script):
                return value
            time.sleep(0.02)
        raise AssertionError(f"not within {seconds} s: {script}; the page says {self.value('document.body.innerText')}")

    def press(self, key, code):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code,
                      **({"text": "\r"} if key == "Enter" and kind == "keyDown" else {}))

    def choose(self, path):
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def screenshot(self, path, scheme):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def close(self):
        try:
            self.call("Browser.close")
        except RuntimeError:
            pass
        self.process.wait(timeout=30)


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

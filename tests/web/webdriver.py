# SPDX-License-Identifier: LGPL-2.1-or-later
"""Drives Debian's Chromium by the WebDriver protocol (W3C), with nothing but the standard library."""
import base64
import contextlib
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "integration"))
from harness import PATIENCE, Skip, check, eventually  # noqa: E402

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of an element's id, from the specification
KEYS = {"Home": "\ue011", "End": "\ue010", "Enter": "\ue007", "Escape": "\ue00c", "Tab": "\ue004", "ArrowLeft": "\ue012", "ArrowUp": "\ue013",
        "ArrowRight": "\ue014", "ArrowDown": "\ue015"}


class Failed(Exception):
    """What the driver answers with an error."""


def need_browser():
    for name in ("chromium", "chromedriver"):
        if not shutil.which(name):
            raise Skip(f"{name} is not installed: tests/deps.sh web")


class Driver:
    """A chromedriver, for `with`; each page() is a browser of its own."""

    def __enter__(self):
        need_browser()
        self.folder = tempfile.mkdtemp(prefix="periscope-web-", dir="/tmp")
        self.log = open(os.path.join(self.folder, "driver"), "w+b")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(["chromedriver", "--port=0"], stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, env={**os.environ, "TMPDIR": self.folder})
        self.sessions = []
        try:
            self.port = eventually(self.started, "chromedriver's port")
        except BaseException:
            self.__exit__()
            raise
        return self

    def started(self):
        check(self.process.poll() is None, "chromedriver ended")
        with open(self.log.name, encoding="utf-8", errors="replace") as log:
            found = re.search(r"successfully on port (\d+)", log.read())
        return int(found[1]) if found else None

    def __exit__(self, *_):
        for session in self.sessions:
            with contextlib.suppress(OSError, Failed):
                session.call("DELETE", "")
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE * 2)
        try:
            data = None if method in ("GET", "DELETE") else json.dumps(body or {})
            connection.request(method, path, data, {"Content-Type": "application/json"})
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(value, dict) and "error" in value:
            raise Failed(f"{value['error']}: {value['message'].splitlines()[0]}")
        return value

    def page(self, address, width=1440, height=900, dark=False, phone=False, arguments=()):
        """A new browser, with nothing of any other, that shows the address."""
        profile = tempfile.mkdtemp(dir=self.folder)
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb",
                   "--no-first-run", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-sync",
                   "--disable-component-update", f"--window-size={width},{height}", f"--user-data-dir={profile}", *arguments]
        made = self.request("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"args": options, "binary": shutil.which("chromium")}}}})
        page = Page(self, made["sessionId"])
        self.sessions.append(page)
        page.emulate(width, height, dark, phone)
        page.open(address)
        return page


class Page:
    """A browser with one page."""

    def __init__(self, driver, session):
        self.driver, self.path = driver, f"/session/{session}"

    def call(self, method, path, body=None):
        return self.driver.request(method, self.path + path, body)

    def close(self):
        self.driver.sessions.remove(self)
        self.call("DELETE", "")

    def open(self, address):
        self.call("POST", "/url", {"url": address})

    def command(self, name, **parameters):
        """A command of Chromium's own protocol."""
        return self.call("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def emulate(self, width, height, dark, phone):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if phone else 1,
                     mobile=phone)
        if phone:
            self.command("Emulation.setTouchEmulationEnabled", enabled=True)
        self.command("Emulation.setEmulatedMedia",
                     features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def run(self, script, *arguments):
        """The value of a script's return."""
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def run_async(self, script, *arguments):
        """The value that a promise, which the script returns, comes to."""
        wrapped = "const done = arguments[arguments.length - 1]; (async () => {" + script + "})().then(done, " \
            "error => done('failed: ' + error));"
        return self.call("POST", "/execute/async", {"script": wrapped, "args": list(arguments)})

    def wait(self, script, what, *arguments, seconds=PATIENCE):
        """The first true value of a script."""
        return eventually(lambda: self.run(script, *arguments), what, seconds)

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.textContent ?? null", selector)

    def element(self, selector):
        return self.call("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        self.call("POST", f"/element/{self.element(selector)}/click")

    def type(self, selector, text):
        self.call("POST", f"/element/{self.element(selector)}/value", {"text": text})

    def press(self, *names):
        """Keys, one after the other, on whatever has the focus."""
        steps = []
        for name in names:
            key = KEYS.get(name, name)
            steps += [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self.call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": steps}]})

    def picture(self, selector=None):
        """A PNG of what is seen, or of one element."""
        clip = {} if selector is None else {"clip": {"scale": 1, **self.run(
            "const {x, y, width, height} = document.querySelector(arguments[0]).getBoundingClientRect(); return {x, y, width, height}",
            selector)}}
        return base64.b64decode(self.command("Page.captureScreenshot", format="png", **clip)["data"])

    def complaints(self):
        """What the browser wrote to its console as a warning or an error: scripts' errors, what the policy forbids."""
        return [f"{line['level']}: {line['message']}" for line in self.call("POST", "/se/log", {"type": "browser"})
                if line["level"] in ("SEVERE", "WARNING")]

    def settle(self, seconds=0.3):
        """Lets the page draw what it has."""
        self.run_async("await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        time.sleep(seconds)

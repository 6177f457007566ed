# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that have a page: one browser for all of a file, and of each test what its console said is looked at."""
import base64
import contextlib

import webdriver  # makes harness and picture known
from harness import check, main, test
from picture import Picture

MARKUP = "<img src=x onerror=document.title='led-astray'><b>bold</b>&amp;"
VERDICT = "return document.querySelector('#hash').dataset.verdict"

_driver = None
_page = None


def page():
    """The browser of this file's tests, at the size of a desk."""
    global _page
    webdriver.need_browser()
    if _page is None:
        _page = _driver.page("about:blank")
    return _page


def another_page(address, **options):
    """A browser of its own, which a test may close."""
    webdriver.need_browser()
    return _driver.page(address, **options)


def with_page(*, complaints=()):
    """A test that gets the page. What the browser complains of fails it, but for lines with one of these texts."""
    def decorate(function):
        def run():
            shown = page()
            shown.complaints()
            shown.emulate(1440, 900, dark=False, phone=False)
            function(shown)
            found = [line for line in shown.complaints() if not any(text in line for text in complaints)]
            check(not found, f"the browser complains: {found[:3]}")
            shown.open("about:blank")
        run.__name__ = function.__name__
        return test(run)
    return decorate


def pixels(page):
    """What is on the canvas."""
    width, height, data = page.run_async(
        "const shown = await periscope.pixels(); let text = '';"
        "for (let i = 0; i < shown.data.length; i += 4) text += String.fromCharCode(...shown.data.slice(i, i + 3));"
        "return [shown.width, shown.height, btoa(text)]")
    return Picture(width, height, base64.b64decode(data))


def run_all():
    """Runs the tests of the file, with a browser where there is one."""
    global _driver
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(webdriver.Skip):  # each test says so itself
            _driver = stack.enter_context(webdriver.Driver())
        main()

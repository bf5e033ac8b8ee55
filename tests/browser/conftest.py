"""A real instance with recordings of a device, looked at with a real Chromium."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright
from tools.i18n import LANGUAGES, LOCALE, compile_catalogue

from tests.browser.support import log_in
from tests.support.served import Served, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

WIDE = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
A4 = {"width": 680, "height": 1001}
"""Within the margins of the style sheet."""

for _language in LANGUAGES:
    compile_catalogue(LOCALE / _language / "LC_MESSAGES" / "django.po")


@dataclass(frozen=True)
class Site:
    """A served instance with one custodian, who may log in; `session` is that of the first log-in, for all to use."""

    instance: Served
    browser: Browser
    username: str
    password: str
    session: list[str] = field(default_factory=list)

    def open(self, *, language: str = "zh-hans", viewport: dict[str, int] = WIDE) -> BrowserContext:
        """Return a browser window of its own, not logged in."""
        context = self.browser.new_context(viewport=viewport, base_url=self.instance.url)  # type: ignore[arg-type]  # a ViewportSize
        context.add_cookies([{"name": "django_language", "value": language, "url": self.instance.url}])
        return context

    def enter(self, context: BrowserContext) -> Page:
        """Return an empty page, whose browser window the custodian is logged in with."""
        page = context.new_page()
        if not self.session:
            log_in(page, self.username, self.password)
            self.session.extend(cookie["value"] for cookie in context.cookies() if cookie["name"] == "sessionid")
        context.add_cookies([{"name": "sessionid", "value": self.session[0], "url": self.instance.url}])
        return page


# Not for the session: while Playwright is started its event loop runs in this thread, and other tests need their own.
@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    from liuhen.server.demo.clips import h264_mp4

    home = tmp_path_factory.mktemp("site") / "instance"
    home.mkdir()
    with served(home) as instance, sync_playwright() as driver:
        who = ("zhoumin", "--name", "周敏", "--unit", "u", "--certificate", "650003", "--role", "custodian")
        password = instance.run("person", "add", *who).stdout.strip()
        folder = home.parent / "device" / "DCIM" / "20261123"
        folder.mkdir(parents=True)
        clip = folder / "7654321_650003_20261123094210_0007.mp4"
        h264_mp4(
            clip,
            started=datetime(2026, 11, 23, 9, 42, 10),  # noqa: DTZ001 - a device's wall clock has no zone
            seconds=4,
            device="7654321",
            officer="650003",
            scene="building-site",
        )
        (folder / "notes.docx").write_bytes(b"no recording")
        instance.collect(home.parent / "device", "--device", "7654321")
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        made = Site(instance=instance, browser=browser, username="zhoumin", password=password)
        _wait_for_preview(made)
        yield made
        browser.close()


@pytest.fixture
def page(site: Site) -> Iterator[Page]:
    """A page on which the custodian has logged in; anything the browser complains of fails the test."""
    context = site.open()
    complaints: list[str] = []
    opened = site.enter(context)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield opened
    context.close()
    assert complaints == []


@pytest.fixture
def cut_off_page(site: Site) -> Iterator[Page]:
    """A page as `page` is; its test takes the server away, and the browser complains of that with reason."""
    context = site.open()
    yield site.enter(context)
    context.close()


def _wait_for_preview(site: Site) -> None:
    """Return when the worker has made all that there is to make of the clip."""
    context = site.open(language="en")
    page = site.enter(context)
    end = time.monotonic() + 120
    while True:
        page.goto("/recordings/")
        page.locator("main tbody a").first.click()
        page.locator("#chain").wait_for()
        if page.locator("ol.chain li", has_text="Preview").count():
            break
        assert time.monotonic() < end, "the worker made no preview"
        page.wait_for_timeout(300)
    context.close()

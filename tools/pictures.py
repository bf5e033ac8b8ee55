"""Pictures of every page and state of a running demonstration, in both languages and sizes, for people to look at.

Some pages are taken as they look in the dark and on paper as well.

usage: python -m tools.pictures OUT [--docs]      (the instance is LIUHEN_HOME; --docs also renews docs/images)
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from liuhen.server.config.instance import Instance

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent
FILM = "main tr:has-text('_0007.mp4') a"
"""The demonstration's recording that has sound, an attachment and an officer."""
OTHERS_OPENED = {"sound": "kind=audio", "photo": "kind=photo", "damaged": "state=unreadable"}
RECORDINGS = "main table a[href^='/recordings/']"
PAPER = {"width": 680, "height": 1001}
"""A4 within the margins of the style sheet, in CSS pixels."""
SIZES = {"wide": (1366, 768), "phone": (390, 844)}
LANGUAGES = {"zh": "zh-hans", "en": "en"}
# A browser writes the fields of dates in its own language.
BROWSERS = {"zh": "zh-CN", "en": "en-GB"}
PAGES = {
    "today": "/",
    "recordings": "/recordings/",
    "search": "/recordings/?text=建国",
    "search-empty": "/recordings/?text=没有此人",
    "unattributed": "/recordings/?officer=none&kind=video",
    "intake": "/intake-progress/",
    "not-found": "/recordings/00000000-0000-7000-8000-000000000000/",
}
OTHERS = ("lijianguo", "chenwei", "zhaolei", "xitong", "shenji")


class _Camera:
    """Takes pictures of one browser window in one language and size."""

    def __init__(self, browser: Browser, base: str, out: Path, *, size: str, language: str) -> None:
        width, height = SIZES[size]
        self._out, self._suffix, self._base = out, f"{size}.{language}.png", base
        locale = BROWSERS[language]
        self.context = browser.new_context(viewport={"width": width, "height": height}, locale=locale)
        self.context.add_cookies([{"name": "django_language", "value": LANGUAGES[language], "url": base}])
        self.page = self.context.new_page()

    def go(self, path: str) -> None:
        self.page.goto(f"{self._base}{path}")
        self.page.wait_for_load_state("load")

    def shoot(self, name: str) -> None:
        self.page.evaluate("() => window.scrollTo(0, 0)")
        self.page.screenshot(path=self._out / f"{name}.{self._suffix}", full_page=True)

    def shoot_dark(self, name: str) -> None:
        self.page.emulate_media(color_scheme="dark")
        self.shoot(f"dark-{name}")
        self.page.emulate_media(color_scheme="light")

    def shoot_paper(self, name: str) -> None:
        size = self.page.viewport_size
        self.page.set_viewport_size(PAPER)  # type: ignore[arg-type]  # a ViewportSize
        self.page.emulate_media(media="print")
        self.shoot(f"paper-{name}")
        self.page.emulate_media(media="screen")
        if size is not None:
            self.page.set_viewport_size(size)

    def log_in(self, username: str, password: str) -> None:
        self.go("/log-in/")
        self.page.fill("input[name=username]", username)
        self.page.fill("input[name=password]", password)
        self.page.click("main button[type=submit]")
        self.page.wait_for_load_state("networkidle")

    def links(self, path: str, selector: str) -> list[str]:
        """Return where the links on a page lead, each once."""
        self.go(path)
        found = self.page.locator(selector).evaluate_all("all => all.map(a => a.getAttribute('href'))")
        return list(dict.fromkeys(found))


def _shoot_door(camera: _Camera) -> None:
    """Take the log-in and what it refuses. Nobody of the name that is locked exists."""
    camera.log_in("zhoumin", "wrong")
    camera.shoot("log-in-refused")
    for _ in range(5):
        camera.log_in("nobody", "wrong")
    camera.shoot("locked-out")
    camera.go("/log-in/")
    camera.shoot("log-in")
    camera.shoot_dark("log-in")
    camera.context.clear_cookies(name="csrftoken")
    camera.page.fill("input[name=username]", "zhoumin")
    camera.page.fill("input[name=password]", "any")
    camera.page.click("main button[type=submit]")
    camera.shoot("form-out-of-date")


def _shoot_pages(camera: _Camera, accounts: dict[str, str]) -> None:
    camera.log_in("zhoumin", accounts["zhoumin"])
    for name, path in PAGES.items():
        camera.go(path)
        camera.shoot(name)
        camera.shoot_dark(name)
    camera.go(camera.links("/intake-progress/", "main a[href$='/receipts/']")[0])
    camera.shoot("receipts")
    camera.shoot_paper("receipts")
    for number, link in enumerate(camera.links("/recordings/", RECORDINGS)):
        camera.go(link)
        camera.shoot(f"recording-{number:02d}")
    film = camera.links("/recordings/", FILM)[0]
    camera.go(film)
    camera.shoot("film")
    camera.go(camera.links(film, "ol.chain .proof a")[0])
    camera.shoot("event")
    _shoot_refusals(camera, film)
    _shoot_viewing(camera, film)
    for name, what in OTHERS_OPENED.items():
        _open_ticket(camera, camera.links(f"/recordings/?{what}", RECORDINGS)[0])
        camera.shoot(f"open-{name}")
        _end_ticket(camera)


def _shoot_refusals(camera: _Camera, recording: str) -> None:
    """A reason of nothing but spaces, a chain that does not hold, and a server that does not answer."""
    page = camera.page
    camera.go(recording)
    page.fill("#t-reason", "   ")
    page.click("form.ask button.main")
    camera.shoot("register-refused")
    camera.go(recording)
    page.evaluate("() => { document.querySelector('[data-shown=sha256]').textContent = '0'.repeat(64); }")
    page.click("#chain > header [data-verify]")
    page.wait_for_selector(".verdict-sheet.bad")
    camera.shoot("chain-refused")
    camera.shoot_dark("chain-refused")
    camera.go("/intake-progress/")
    camera.context.set_offline(True)
    page.wait_for_selector("#lost:not([hidden])")
    camera.shoot("intake-lost")
    camera.context.set_offline(False)


def _open_ticket(camera: _Camera, recording: str) -> None:
    camera.go(recording)
    camera.page.fill("#t-reason", "案情研判")
    camera.page.click("form.ask button.main")
    camera.page.click(".cover-act button")
    camera.page.wait_for_load_state("load")


def _end_ticket(camera: _Camera) -> None:
    camera.page.click(".under .btn.danger")
    camera.page.wait_for_load_state("load")


def _shoot_viewing(camera: _Camera, recording: str) -> None:
    """A ticket is issued, opened, checked and ended; the reason says what for."""
    page = camera.page
    camera.go(recording)
    page.locator("ol.chain summary").first.click()
    page.wait_for_selector("dl.entry pre")
    camera.shoot("seal-opened")
    camera.shoot_paper("recording")
    page.fill("#t-reason", "案情研判")
    page.click("form.ask button.main")
    camera.shoot("ticket-issued")
    page.click(".cover-act button")
    page.wait_for_selector("svg.wave path", state="attached")
    page.click("#chain > header [data-verify]")
    page.wait_for_selector(".verdict.ok")
    page.wait_for_timeout(500)
    camera.shoot("playing")
    camera.shoot_dark("playing")
    _end_ticket(camera)


def _shoot(browser: Browser, base: str, out: Path, *, size: str, language: str, accounts: dict[str, str]) -> None:
    camera = _Camera(browser, base, out, size=size, language=language)
    _shoot_door(camera)
    _shoot_pages(camera, accounts)
    camera.context.close()
    for username in OTHERS:
        camera = _Camera(browser, base, out, size=size, language=language)
        camera.log_in(username, accounts[username])
        camera.shoot(f"today-{username}")
        camera.go("/recordings/")
        camera.shoot(f"recordings-{username}")
        camera.context.close()


def main() -> int:
    """Take them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--docs", action="store_true")
    args = parser.parse_args()
    instance = Instance.from_environment()
    base = f"http://{instance.settings.host}:{instance.settings.port}"
    rows = [line.split("\t") for line in instance.demo_accounts_file.read_text(encoding="utf-8").splitlines()]
    accounts = {row[0]: row[1] for row in rows}
    args.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        for language in LANGUAGES:
            options = ["--no-sandbox", "--disable-quic", f"--lang={BROWSERS[language]}"]
            browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=options)
            for size in SIZES:
                _shoot(browser, base, args.out, size=size, language=language, accounts=accounts)
            browser.close()
    if args.docs:
        images = ROOT / "docs" / "images"
        images.mkdir(exist_ok=True)
        for language in LANGUAGES:
            shutil.copy(args.out / f"film.wide.{language}.png", images / f"recording.{language}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())

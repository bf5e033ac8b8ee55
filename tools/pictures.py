"""Pictures of every page of a running demonstration, in both languages and both sizes, for people to look at.

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
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent
SIZES = {"wide": (1366, 768), "phone": (390, 844)}
LANGUAGES = {"zh": "zh-hans", "en": "en"}
PAGES = {"today": "/", "recordings": "/recordings/", "search": "/recordings/?text=建国", "intake": "/intake-progress/"}


def _log_in(page: Page, base: str, username: str, password: str) -> None:
    page.goto(f"{base}/log-in/")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", password)
    page.click("main button[type=submit]")
    page.wait_for_load_state("networkidle")


def _shoot(browser: Browser, base: str, out: Path, *, size: str, language: str, accounts: dict[str, str]) -> None:
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=1)
    context.add_cookies([{"name": "django_language", "value": LANGUAGES[language], "url": base}])
    page = context.new_page()
    page.goto(f"{base}/log-in/")
    page.screenshot(path=out / f"log-in.{size}.{language}.png")
    _log_in(page, base, "zhoumin", accounts["zhoumin"])
    for name, path in PAGES.items():
        page.goto(f"{base}{path}")
        page.wait_for_load_state("load")
        page.screenshot(path=out / f"{name}.{size}.{language}.png", full_page=True)
    page.goto(f"{base}/recordings/")
    links = page.locator("main table a[href^='/recordings/']").evaluate_all(
        "all => all.map(a => a.getAttribute('href'))"
    )
    for number, link in enumerate(dict.fromkeys(links)):
        page.goto(f"{base}{link}")
        page.wait_for_load_state("load")
        page.screenshot(path=out / f"recording-{number:02d}.{size}.{language}.png", full_page=True)
    context.close()


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
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-quic"])
        for size in SIZES:
            for language in LANGUAGES:
                _shoot(browser, base, args.out, size=size, language=language, accounts=accounts)
        browser.close()
    if args.docs:
        images = ROOT / "docs" / "images"
        images.mkdir(exist_ok=True)
        for language in LANGUAGES:
            shutil.copy(args.out / f"recording-09.wide.{language}.png", images / f"recording.{language}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())

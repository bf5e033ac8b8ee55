"""Steps that tests of the pages have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["open_ticket", "to_recording"]


def to_recording(page: Page) -> None:
    page.goto("/recordings/")
    page.locator("main tbody a").first.click()
    expect(page.locator("#chain")).to_be_visible()
    # The scripts are deferred: a click before they have run would be lost.
    page.wait_for_load_state()


def open_ticket(page: Page) -> None:
    to_recording(page)
    if page.locator("#t-reason").count():
        page.fill("#t-reason", "案情研判")
        page.click("form.ask button.main")
    if page.locator(".cover-act button").count():
        page.click(".cover-act button")
    expect(page.locator("#playing")).to_be_visible()

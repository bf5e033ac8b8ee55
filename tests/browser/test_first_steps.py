"""From the log-in to a verified custody chain: in three clicks, and by the keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.browser.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.article(18)]

COUNTER = """
  addEventListener('click', (event) => {
    if (event.isTrusted) {
      sessionStorage.setItem('clicks', Number(sessionStorage.getItem('clicks')) + 1);
    }
  }, true);
"""
RING = """
  () => {
    const style = getComputedStyle(document.activeElement);
    const rail = document.activeElement.closest('.rail');
    const isSeen = !rail || style.outlineColor === 'rgb(255, 255, 255)';
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && isSeen;
  }
"""
MOST_TABS = 40


@pytest.fixture(scope="module")
def leader(site: Site) -> tuple[str, str]:
    """Somebody who keeps no recordings and has no duty that leads to one."""
    who = ("zhaolei", "--name", "赵磊", "--unit", "u", "--role", "leader")
    return "zhaolei", site.instance.run("person", "add", *who).stdout.strip()


@pytest.fixture
def door(site: Site) -> Iterator[Page]:
    """The log-in page, in a browser that was never here."""
    context = site.open()
    context.add_init_script(COUNTER)
    page = context.new_page()
    page.goto("/log-in/")
    yield page
    context.close()


def typed_in(page: Page, username: str, password: str) -> None:
    expect(page.locator("#username")).to_be_focused()
    page.keyboard.type(username)
    page.keyboard.press("Tab")
    page.keyboard.type(password)


def expect_verified(page: Page) -> None:
    verdict = page.locator("[data-verdict-all]")
    expect(verdict).to_contain_text("已在本机浏览器验证：全部条目、通往已签名根的路径、签名以及序号连续，均成立")
    assert page.locator(".verdict.ok").count() == page.locator("ol.chain > li").count()


@pytest.mark.parametrize("role", ["custodian", "leader"])
def test_a_chain_is_verified_three_clicks_after_the_log_in_page(
    site: Site, door: Page, leader: tuple[str, str], role: str
) -> None:
    typed_in(door, *(leader if role == "leader" else (site.username, site.password)))
    door.get_by_role("button", name="登录").click()
    door.locator("main tbody a").first.click()
    door.locator("#chain > header").get_by_role("button", name="在本机浏览器验证").click()
    expect_verified(door)
    assert door.evaluate("() => sessionStorage.getItem('clicks')") == "3"


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the keyboard stands on `selector`; wherever it stands on the way, that is to be seen."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        assert page.evaluate(RING), page.evaluate("() => document.activeElement.outerHTML.slice(0, 200)")
        if page.evaluate("what => document.activeElement.matches(what)", selector):
            return
    pytest.fail(f"{selector} is not reached in {MOST_TABS} steps")


def test_a_chain_is_verified_by_the_keyboard_alone(site: Site, door: Page) -> None:
    typed_in(door, site.username, site.password)
    door.keyboard.press("Enter")
    expect(door.locator("nav.rail")).to_be_visible()
    tab_to(door, ".skip")
    door.keyboard.press("Enter")
    tab_to(door, "main tbody a")
    door.keyboard.press("Enter")
    expect(door.locator("#chain")).to_be_visible()
    door.wait_for_load_state()
    tab_to(door, "#chain > header [data-verify]")
    door.keyboard.press("Enter")
    expect_verified(door)
    tab_to(door, "details.seal summary")
    door.keyboard.press("Enter")
    expect(door.locator("dl.entry pre").first).to_contain_text("recording:sealed")

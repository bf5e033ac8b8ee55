"""What people do on the pages, with a real browser: find, open, play, verify, switch, by keyboard and on a phone."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import A4
from tests.browser.support import open_ticket, to_recording

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_a_name_of_two_characters_is_found(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("周敏")
    page.keyboard.press("Enter")
    expect(page.locator("main tbody tr")).to_have_count(1)
    page.fill("#find", "没有此人")
    page.press("#find", "Enter")
    expect(page.locator(".empty")).to_contain_text("没有符合条件的记录")


@pytest.mark.article(16)
def test_a_custodian_opens_a_ticket_with_a_reason_and_the_film_plays(page: Page) -> None:
    open_ticket(page)
    page.evaluate("() => { const film = document.getElementById('playing'); film.muted = true; return film.play(); }")
    page.wait_for_function("() => document.getElementById('playing').currentTime > 0.3")
    page.locator("svg.wave path").first.wait_for(state="attached")
    expect(page.locator("#chain")).to_contain_text("开启查阅")


@pytest.mark.article(16)
def test_ending_the_viewing_seals_the_recording_again(page: Page) -> None:
    open_ticket(page)
    page.click(".under .btn.danger")
    expect(page.locator(".cover")).to_contain_text("画面与声音须经审批方可查阅")
    assert page.locator("#playing").count() == 0


@pytest.mark.article(18)
def test_the_whole_chain_is_verified_in_the_browser(page: Page) -> None:
    to_recording(page)
    page.click("#chain > header [data-verify]")
    expect(page.locator("[data-verdict-all]")).to_contain_text("签名以及序号连续，均成立")
    expect(page.locator("[data-verdict-all]")).to_contain_text("固定公钥")
    assert page.locator(".verdict.ok").count() == page.locator("ol.chain li").count()


def test_a_seal_opens_to_its_entry_and_is_verified_alone(page: Page) -> None:
    to_recording(page)
    page.locator("details.seal summary").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("dl.entry pre").first).to_contain_text("recording:sealed")
    page.locator(".proof [data-verify]").first.click()
    expect(page.locator(".verdict.ok")).to_have_count(1)


def test_a_seal_opened_before_the_page_is_ready_is_filled_all_the_same(cut_off_page: Page) -> None:
    page = cut_off_page
    to_recording(page)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/htmx.min*", hold)
    page.goto(page.url, wait_until="commit")
    page.locator("details.seal summary").first.click()
    expect(page.locator("details.seal[open]")).to_have_count(1)
    for route in held:
        route.continue_()
    page.unroute("**/htmx.min*")
    expect(page.locator("dl.entry pre").first).to_contain_text("recording:sealed")


def altered_entry(material: dict) -> None:  # type: ignore[type-arg]  # JSON
    entry = base64.b64decode(material["events"][0]["entry"])
    altered = entry.replace(b'"recording:sealed"', b'"recording:sealer"')
    assert altered != entry
    material["events"][0]["entry"] = base64.b64encode(altered).decode()


def missing_event(material: dict) -> None:  # type: ignore[type-arg]  # JSON
    del material["events"][1]


def altered_path(material: dict) -> None:  # type: ignore[type-arg]  # JSON
    lines = material["events"][0]["proof"].split("\n")
    lines[2] = base64.b64encode(bytes(32)).decode()
    material["events"][0]["proof"] = "\n".join(lines)


def altered_signature(material: dict) -> None:  # type: ignore[type-arg]  # JSON
    head, _, signature = material["events"][0]["proof"].rstrip("\n").rpartition(" ")
    data = bytearray(base64.b64decode(signature))
    data[-1] ^= 1
    material["events"][0]["proof"] = f"{head} {base64.b64encode(bytes(data)).decode()}\n"


@pytest.mark.article(18)
@pytest.mark.parametrize("tamper", [altered_entry, missing_event, altered_path, altered_signature])
def test_a_chain_that_was_tampered_with_is_refused(page: Page, tamper: Callable[[dict], None]) -> None:  # type: ignore[type-arg]  # JSON
    def answer(route: Route) -> None:
        material = route.fetch().json()
        tamper(material)
        route.fulfill(status=200, content_type="application/json", body=json.dumps(material))

    to_recording(page)
    page.route("**/proofs/", answer)
    page.click("#chain > header [data-verify]")
    expect(page.locator("[data-verdict-all]")).to_have_class("verdict-sheet bad")


def test_another_key_than_the_first_one_is_refused(page: Page) -> None:
    to_recording(page)
    page.evaluate("() => localStorage.setItem('liuhen.ledger-key', 'another')")
    page.click("#chain > header [data-verify]")
    expect(page.locator("[data-verdict-all]")).to_contain_text("公钥与本浏览器首次验证时不同")


def test_a_browser_without_ed25519_says_that_only_the_path_was_checked(page: Page) -> None:
    to_recording(page)
    page.evaluate(
        "() => { crypto.subtle.importKey = () => Promise.reject(new DOMException('unknown', 'NotSupportedError')); }"
    )
    page.click("#chain > header [data-verify]")
    expect(page.locator("[data-verdict-all]")).to_contain_text("签名未验证")


def test_a_digest_is_copied_by_a_button_that_names_it_and_the_copying_is_told(page: Page) -> None:
    to_recording(page)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for name, attribute in (("SHA-256", "sha256"), ("SM3", "sm3")):
        button = page.get_by_role("button", name=f"复制 {name}", exact=True)
        button.click()
        expect(button.locator("xpath=following-sibling::*[@role='status']")).to_have_text("已复制")
        copied = page.evaluate("() => navigator.clipboard.readText()")
        assert copied == page.locator("#facts").get_attribute(f"data-{attribute}")


@pytest.mark.article(16)
def test_the_film_is_sought_by_keyboard(page: Page) -> None:
    open_ticket(page)
    page.wait_for_function("() => Number.isFinite(document.getElementById('playing').duration)")
    strip = page.locator(".strip[role=slider]")
    strip.focus()
    page.keyboard.press("End")
    page.wait_for_function("() => document.getElementById('playing').currentTime > 3")
    expect(strip).to_have_attribute("aria-valuenow", "4")
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("() => document.getElementById('playing').currentTime === 0")
    expect(strip).to_have_attribute("aria-valuetext", "0:00")


def test_the_language_is_switched_in_place_and_back(page: Page) -> None:
    to_recording(page)
    address = page.url
    page.click("button[lang=en]")
    expect(page.locator("#chain h2")).to_have_text("Custody chain")
    assert page.url == address
    page.click("button[lang=zh-CN]")
    expect(page.locator("#chain h2")).to_have_text("保管链")


def test_the_first_tab_leads_past_the_rail(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()


def let_it_go_on(page: Page) -> None:
    """Return when the intake page has fetched its list anew; its clock runs ahead, so that nobody waits."""
    page.evaluate("() => { document.getElementById('collections').dataset.old = '1'; }")
    page.clock.fast_forward(11_000)
    page.locator("#collections:not([data-old])").wait_for()


def test_the_intake_page_goes_on_by_itself(page: Page) -> None:
    page.clock.install()
    page.goto("/intake-progress/")
    expect(page.locator("#collections")).to_contain_text("7654321")
    let_it_go_on(page)
    expect(page.locator("#collections")).to_contain_text("校验一致，已封存")


def test_the_intake_page_keeps_what_is_open_and_where_the_keyboard_stands(page: Page) -> None:
    page.clock.install()
    page.goto("/intake-progress/")
    summary = page.locator("details.skipped summary").first
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator("details.skipped").first).to_have_attribute("open", "")
    let_it_go_on(page)
    expect(page.locator("details.skipped").first).to_have_attribute("open", "")
    expect(summary).to_be_focused()


def test_the_intake_page_says_when_the_server_does_not_answer_and_when_it_does_again(cut_off_page: Page) -> None:
    page = cut_off_page
    page.clock.install()
    page.goto("/intake-progress/")
    expect(page.locator("#lost")).to_be_hidden()
    page.route("**/intake-progress/", lambda route: route.abort())
    page.clock.fast_forward(11_000)
    expect(page.locator("#lost")).to_contain_text("连接已中断")
    expect(page.locator("#collections")).to_contain_text("7654321")
    page.unroute("**/intake-progress/")
    let_it_go_on(page)
    expect(page.locator("#lost")).to_be_hidden()


def test_a_seal_that_cannot_be_loaded_says_so_and_leads_on(cut_off_page: Page) -> None:
    page = cut_off_page
    to_recording(page)
    page.route("**/events/**", lambda route: route.abort())
    page.locator("details.seal summary").first.click()
    expect(page.locator("details.seal .proof").first).to_contain_text("未能加载")
    page.unroute("**/events/**")
    page.locator("details.seal .proof a").first.click()
    expect(page.locator("h1")).to_have_text("账本条目与证明")
    expect(page.locator("dl.entry pre").first).to_contain_text("recording:sealed")


@pytest.mark.article(16)
def test_a_film_that_cannot_be_loaded_says_what_to_do(cut_off_page: Page) -> None:
    page = cut_off_page
    open_ticket(page)
    expect(page.locator("#unplayed")).to_be_hidden()
    page.route("**/media/**", lambda route: route.abort())
    page.reload()
    expect(page.locator("#unplayed")).to_contain_text("请检查网络连接后重新载入页面")


def test_escape_closes_the_seal_that_the_keyboard_stands_in_and_leaves_the_search(page: Page) -> None:
    to_recording(page)
    summary = page.locator("details.seal summary").first
    summary.press("Enter")
    page.locator(".proof [data-verify]").first.focus()
    page.keyboard.press("Escape")
    expect(page.locator("details.seal").first).not_to_have_attribute("open", "")
    expect(summary).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#find")).not_to_be_focused()


@pytest.mark.article(13)
def test_what_a_ticket_opens_is_not_printed(page: Page) -> None:
    open_ticket(page)
    page.locator("svg.wave path").first.wait_for(state="attached")
    page.emulate_media(media="print")
    for content in ("#playing", ".strip", "svg.wave"):
        expect(page.locator(content).first).to_be_hidden()
    expect(page.locator("#chain")).to_be_visible()


@pytest.mark.article(12)
def test_the_receipts_fit_a_sheet_of_paper_with_each_digest_on_one_line(page: Page) -> None:
    page.goto("/intake-progress/")
    page.locator("a[href$='/receipts/']").first.click()
    page.set_viewport_size(A4)  # type: ignore[arg-type]  # a ViewportSize
    page.emulate_media(media="print")
    expect(page.locator(".rail")).to_be_hidden()
    expect(page.locator("[data-print]")).to_be_hidden()
    digest = page.locator(".paper .digest").first
    height, line = digest.evaluate("one => [one.offsetHeight, parseFloat(getComputedStyle(one).lineHeight)]")
    assert height < 1.5 * line
    assert page.evaluate("() => document.scrollingElement.scrollWidth") <= A4["width"]

"""What the browser's own verification refuses: broken chains, pages that differ, forked and cut ledgers."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from liuhen.core.tlog.checkpoint import Checkpoint, sign_checkpoint
from liuhen.core.tlog.merkle import inclusion_proof, leaf_hash
from liuhen.core.tlog.note import SigningKey
from liuhen.core.tlog.proof import TlogProof
from tests.browser.support import to_recording
from tests.support.tree import MemoryTree

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.article(18)]

Material = dict[str, Any]
BLOCKED = "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('', 'SecurityError'); } })"


class Forger:
    """A server that holds a signing key of its own and may publish any tree it likes over the recording's entries."""

    def __init__(self, page: Page) -> None:
        self._key = SigningKey.generate("forger.example/ledger")
        self.extra = 0
        self.forked_from = 1_000
        self.waits_from = 1_000
        self.page = page
        tampered(page, self._forge)

    def _forge(self, material: Material) -> None:
        entries = [base64.b64decode(event["entry"]) for event in material["events"]]
        material["key"] = self._key.verifier.to_text()
        for n, event in enumerate(material["events"]):
            filler = b"other" if n >= self.forked_from else b"one"
            leaves = [leaf_hash(entry) for entry in entries]
            tree = MemoryTree([*leaves, *(leaf_hash(filler) for _ in range(1 + self.extra))])
            note = sign_checkpoint(Checkpoint(self._key.name, tree.size, tree.root()), self._key)
            proof = TlogProof(n, tuple(inclusion_proof(n, tree.size, tree)), note).encode().decode()
            event["proof"] = None if n >= self.waits_from else proof


def tampered(page: Page, tamper: Callable[[Material], None]) -> None:
    def answer(route: Route) -> None:
        material = route.fetch().json()
        tamper(material)
        route.fulfill(status=200, content_type="application/json", body=json.dumps(material))

    page.route("**/proofs/", answer)


def verify_all(page: Page) -> Locator:
    page.click("#chain > header [data-verify]")
    expect(page.locator("#chain > header [data-verify]")).to_be_enabled()
    return page.locator("[data-verdict-all]")


def verify_one(page: Page, n: int) -> Locator:
    seal = page.locator("ol.chain > li").nth(n)
    seal.locator("details.seal summary").click()
    seal.locator(".proof [data-verify]").click()
    expect(seal.locator(".proof [data-verify]")).to_be_enabled()
    return seal.locator(".verdict")


def break_entry(material: Material, n: int) -> None:
    entry = base64.b64decode(material["events"][n]["entry"])
    altered = entry.replace(b'"v":1', b'"v":2')
    assert altered != entry
    material["events"][n]["entry"] = base64.b64encode(altered).decode()


def test_a_seal_after_a_broken_entry_is_refused_when_it_is_verified_alone(page: Page) -> None:
    to_recording(page)
    tampered(page, lambda material: break_entry(material, 0))
    verdict = verify_one(page, 1)
    expect(verdict).to_have_class("verdict bad")
    expect(verdict).to_contain_text("在前的条目不成立")


@pytest.mark.parametrize("which", [0, 1, -1])
def test_a_seal_that_the_server_leaves_out_is_refused_when_it_is_verified_alone(page: Page, which: int) -> None:
    to_recording(page)
    tampered(page, lambda material: material["events"].pop(which))
    verdict = verify_one(page, which)
    expect(verdict).to_have_class("verdict bad")
    expect(verdict).to_contain_text("事件序号不连续")


def test_nothing_stays_green_below_a_broken_entry(page: Page) -> None:
    to_recording(page)
    seals = page.locator("ol.chain > li").count()
    expect(verify_all(page)).to_have_class("verdict-sheet ok")
    expect(page.locator(".verdict.ok")).to_have_count(seals)
    tampered(page, lambda material: break_entry(material, 1))
    expect(verify_all(page)).to_have_class("verdict-sheet bad")
    expect(page.locator(".verdict.ok")).to_have_count(1)
    expect(page.locator(".verdict").nth(1)).to_have_class("verdict bad")
    expect(page.locator(".verdict.mute", has_text="未验证")).to_have_count(seals - 2)


def test_a_false_proof_refuses_its_own_seal_and_no_other(page: Page) -> None:
    def unsign(material: Material) -> None:
        head, _, _ = material["events"][1]["proof"].rstrip("\n").rpartition("\n")
        material["events"][1]["proof"] = f"{head}\n"

    to_recording(page)
    tampered(page, unsign)
    expect(verify_all(page)).to_have_class("verdict-sheet bad")
    expect(page.locator(".verdict.bad")).to_contain_text("检查点未经固定公钥签名")
    expect(page.locator(".verdict.ok")).to_have_count(page.locator("ol.chain > li").count() - 1)


def test_a_lost_connection_leaves_no_verdict_of_an_earlier_run(page: Page) -> None:
    to_recording(page)
    expect(verify_all(page)).to_have_class("verdict-sheet ok")
    page.route("**/proofs/", lambda route: route.fulfill(status=302, headers={"location": "/"}))
    expect(verify_all(page)).to_contain_text("无法取得证明")
    expect(page.locator(".verdict:visible")).to_have_count(0)


@pytest.mark.parametrize(
    "alteration",
    [
        "document.querySelector('[data-shown=sha256]').textContent = '0'.repeat(64)",
        "document.querySelector('[data-shown=sm3]').textContent = '0'.repeat(64)",
        "document.querySelector('[data-shown=size]').textContent = '1 字节'",
        "document.getElementById('facts').dataset.sha256 = '0'.repeat(64)",
        "document.querySelector('[data-verdict]').dataset.time = '2026-01-01T00:00:00.000Z'",
        "document.querySelector('[data-verdict]').dataset.actor = 'system'",
        "document.querySelector('[data-verdict]').dataset.type = 'recording:attached'",
        "document.querySelector('[data-shown-leaf]').textContent = '0000 0000…'",
    ],
)
def test_a_page_that_shows_something_else_than_the_entry_is_refused(page: Page, alteration: str) -> None:
    to_recording(page)
    page.evaluate(f"() => {{ {alteration}; }}")
    expect(verify_all(page)).to_have_class("verdict-sheet bad")
    expect(page.locator(".verdict").first).to_contain_text("条目所载内容与本页所示不同")


def test_two_checkpoints_of_one_size_in_one_run_are_refused(page: Page) -> None:
    to_recording(page)
    forger = Forger(page)
    forger.forked_from = 1
    expect(verify_all(page)).to_have_class("verdict-sheet bad")
    expect(page.locator(".verdict").first).to_have_class("verdict ok")
    expect(page.locator(".verdict").nth(1)).to_contain_text("各证明指向不同的检查点")
    assert page.evaluate("() => localStorage.getItem('liuhen.ledger-key')") is None


def test_another_root_than_at_the_last_visit_is_refused(page: Page) -> None:
    to_recording(page)
    forger = Forger(page)
    expect(verify_all(page)).to_have_class("verdict-sheet ok")
    forger.forked_from = 0
    page.reload()
    expect(verify_all(page)).to_have_class("verdict-sheet bad")
    expect(page.locator(".verdict").first).to_contain_text("长度与本浏览器上次验证时相同而内容不同")


def test_a_shorter_ledger_than_at_the_last_visit_is_refused_and_a_longer_one_is_not(page: Page) -> None:
    to_recording(page)
    forger = Forger(page)
    expect(verify_all(page)).to_have_class("verdict-sheet ok")
    forger.extra = 3
    expect(verify_all(page)).to_have_class("verdict-sheet ok")
    forger.extra = 2
    page.reload()
    expect(verify_one(page, 0)).to_contain_text("账本比本浏览器上次验证时更短")
    expect(verify_all(page)).to_have_class("verdict-sheet bad")


def test_entries_that_wait_for_a_checkpoint_are_not_called_verified(page: Page) -> None:
    to_recording(page)
    forger = Forger(page)
    forger.waits_from = 1
    summary = verify_all(page)
    expect(summary).to_have_class("verdict-sheet part")
    expect(summary).to_contain_text("有条目尚未列入检查点")
    expect(summary).not_to_contain_text("全部条目")


def test_a_browser_that_blocks_site_data_verifies_and_says_what_it_could_not_compare(page: Page) -> None:
    to_recording(page)
    page.evaluate(f"() => {{ {BLOCKED}; }}")
    summary = verify_all(page)
    expect(summary).to_have_class("verdict-sheet ok")
    expect(summary).to_contain_text("公钥无法保存，未与以往访问时的公钥比对")
    alone = verify_one(page, 0)
    expect(alone).to_have_class("verdict ok")
    expect(alone).to_contain_text("公钥无法保存")


def test_a_key_is_pinned_by_a_good_run_only(page: Page) -> None:
    to_recording(page)
    tampered(page, lambda material: break_entry(material, 0))
    expect(verify_all(page)).to_have_class("verdict-sheet bad")
    assert page.evaluate("() => localStorage.length") == 0
    page.unroute("**/proofs/")
    expect(verify_all(page)).to_have_class("verdict-sheet ok")
    assert page.evaluate("() => localStorage.getItem('liuhen.ledger-key')").count("+") >= 2


def test_a_key_that_the_browser_cannot_use_is_refused(page: Page) -> None:
    to_recording(page)
    page.evaluate("() => { crypto.subtle.importKey = () => Promise.reject(new DOMException('bad', 'DataError')); }")
    summary = verify_all(page)
    expect(summary).to_have_class("verdict-sheet bad")
    expect(summary).to_contain_text("账本公钥格式有误")


def test_a_good_proof_puts_the_number_in_the_place_of_the_waiting(page: Page) -> None:
    to_recording(page)
    seal = page.locator("ol.chain > li").first
    shown = seal.locator(".leaf").inner_text()
    page.evaluate(
        """() => {
          const leaf = document.querySelector('.leaf');
          const waits = document.createElement('span');
          waits.setAttribute('data-shown-waits', '');
          waits.textContent = '尚未列入检查点';
          leaf.replaceChild(waits, leaf.firstChild);
          waits.after(' · ');
        }"""
    )
    expect(seal.locator(".leaf")).to_contain_text("尚未列入检查点")
    verify_all(page)
    expect(seal.locator(".leaf")).to_have_text(shown)


def test_the_sheet_says_where_its_script_comes_from(page: Page) -> None:
    to_recording(page)
    expect(page.locator("#chain")).to_contain_text("要独立核验，请下载凭据并用 liuhen verify")

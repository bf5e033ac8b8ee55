"""Every page and state, in both languages and sizes: labels, landmarks, contrast, nothing cut off, one language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, WIDE
from tests.browser.support import contrast_faults, layout_faults, structure_faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, Page

    from tests.browser.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

NOWHERE: Final = "/recordings/00000000-0000-7000-8000-000000000000/"
OWN_WORDS: Final = ("第十二师住房和城乡建设局", "执法大队", "一号采集站", "周敏", "中文", "没有此人", "留", "痕")
"""What the agency calls itself, its people and things, what was searched for, and the way to the other language."""
CHINESE: Final = re.compile(r"[\u3001-\u303f\u3400-\u9fff\uff00-\uffef]")
ENGLISH: Final = re.compile(r"[A-Za-z]{3,}")
NAMES: Final = {"SHA", "MP", "AAC", "kHz", "CSV", "liuhen", "verify", "tlog", "proof", "English", "Ed"}
"""Latin letters that Chinese officials write themselves, and the names of commands and files."""
SAID: Final = """
  () => {
    const codes = 'code, pre, .mono, .digest, .leaf, script, style, [lang=en]';
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const said = [document.title];
    while (walker.nextNode()) {
      if (!walker.currentNode.parentElement.closest(codes)) {
        said.push(walker.currentNode.data);
      }
    }
    document.querySelectorAll('[title], [aria-label], [placeholder], [alt]').forEach((one) => {
      if (!one.closest(codes)) {
        said.push(one.title, one.getAttribute('aria-label'), one.getAttribute('placeholder'), one.getAttribute('alt'));
      }
    });
    const chain = document.getElementById('chain');
    return said.concat(chain ? Object.entries(chain.dataset).filter(([name]) => !['proofs', 'subject'].includes(name))
      .map(([, text]) => text) : []).filter(Boolean);
  }
"""


def states(page: Page) -> Iterator[str]:
    """Lead through the pages of a custodian, and tell of each when it is there."""
    for address in ("/", "/recordings/", "/recordings/?text=没有此人", "/recordings/?kind=video&important=", NOWHERE):
        page.goto(address)
        yield address
    page.goto("/recordings/")
    page.locator("main tbody a").first.click()
    page.locator("details.seal summary").first.click()
    page.locator("dl.entry pre").first.wait_for()
    page.click("#chain > header [data-verify]")
    expect(page.locator("[data-verdict-all]")).to_be_visible()
    yield "a recording with a seal opened and its chain verified"
    page.evaluate("() => { document.querySelector('[data-shown=sha256]').textContent = '0'.repeat(64); }")
    page.click("#chain > header [data-verify]")
    expect(page.locator(".verdict-sheet.bad")).to_be_visible()
    yield "a recording whose chain was refused"
    page.goto(page.locator("ol.chain a[download]").first.get_attribute("href").removesuffix("proof/"))  # type: ignore[union-attr]  # a link has one
    yield "an entry and its proof"
    page.goto("/intake-progress/")
    page.locator("details.skipped summary").first.click()
    page.evaluate("() => { document.getElementById('lost').hidden = false; }")
    yield "the intake, which has lost the server"
    page.locator("a[href$='/receipts/']").first.click()
    page.locator(".paper").wait_for()
    yield "receipts"


def states_of_viewing(page: Page) -> Iterator[str]:
    """Lead from a refused reason through a ticket to the player."""
    page.goto("/recordings/")
    page.locator("main tbody a").first.click()
    if page.locator("form[action$='/end/']").count():
        page.click("form[action$='/end/'] button")
    page.fill("#t-reason", "   ")
    page.click("form.ask button.main")
    page.locator("#t-reason-problem").wait_for()
    yield "a reason refused"
    page.fill("#t-reason", "2026")
    page.click("form.ask button.main")
    page.locator(".cover-act").wait_for()
    yield "a ticket issued"
    page.click(".cover-act button")
    page.locator("svg.wave path").first.wait_for(state="attached")
    yield "a film that is open"
    page.click("form[action$='/end/'] button")
    page.locator("#t-reason").wait_for()


def states_outside(page: Page, nobody: str) -> Iterator[str]:
    """Lead through what a stranger sees who tries the name `nobody`, which is locked afterwards."""
    page.goto("/log-in/")
    yield "log-in"
    for attempt in range(5):
        page.fill("#username", nobody)
        page.fill("#password", "wrong")
        page.press("#password", "Enter")
        page.locator("[role=alert]").wait_for()
        if attempt == 0:
            expect(page.locator("#password")).to_be_focused()
            yield "log-in refused"
    expect(page.locator("form.enter")).to_have_count(0)
    yield "log-in locked"
    page.goto("/log-in/")
    page.context.clear_cookies(name="csrftoken")
    page.fill("#username", nobody)
    page.fill("#password", "wrong")
    page.press("#password", "Enter")
    expect(page.locator(".status")).to_have_text("403")
    yield "a form that is out of date"


def faults_of(page: Page, language: str) -> list[str]:
    faults = structure_faults(page) + layout_faults(page) + language_faults(page, language)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        faults += [f"{scheme}: {fault}" for fault in contrast_faults(page)]
    page.emulate_media(color_scheme="light")
    return faults


def language_faults(page: Page, language: str) -> list[str]:
    """Return what is said in another language than the page's."""
    root = "en" if language == "en" else "zh-CN"
    faults = [] if page.locator("html").get_attribute("lang") == root else ["the page's language is not told"]
    for said in page.evaluate(SAID):
        text = re.sub(r"\S*[_\d]\S*|https?://|\{\w+\}", " ", said)
        for word in OWN_WORDS:
            text = text.replace(word, "")
        if language == "en":
            faults += [f"Chinese: {said}"] if CHINESE.search(text) else []
        else:
            faults += [f"English: {said}"] if set(ENGLISH.findall(text)) - NAMES else []
    return faults


@pytest.fixture(params=[("zh-hans", "wide"), ("en", "wide"), ("zh-hans", "phone"), ("en", "phone")], ids="-".join)
def window(site: Site, request: pytest.FixtureRequest) -> Iterator[tuple[BrowserContext, str]]:
    language, size = request.param
    context = site.open(language=language, viewport=WIDE if size == "wide" else PHONE)
    yield context, language
    context.close()


def test_every_page_can_be_used_by_everybody(site: Site, window: tuple[BrowserContext, str]) -> None:
    context, language = window
    page = site.enter(context)
    found = {state: faults for state in states(page) if (faults := faults_of(page, language))}
    assert found == {}


@pytest.mark.article(16)
def test_every_state_of_a_viewing_can_be_used_by_everybody(site: Site, window: tuple[BrowserContext, str]) -> None:
    context, language = window
    page = site.enter(context)
    found = {state: faults for state in states_of_viewing(page) if (faults := faults_of(page, language))}
    assert found == {}


def test_every_page_outside_can_be_used_by_everybody(
    window: tuple[BrowserContext, str], request: pytest.FixtureRequest
) -> None:
    context, language = window
    page = context.new_page()
    nobody = request.node.callspec.id
    found = {state: faults for state in states_outside(page, nobody) if (faults := faults_of(page, language))}
    assert found == {}


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("document.querySelector('.crumb').style.color = '#999'", "light: div.crumb"),
        ("document.querySelector('h1').style.opacity = '.5'", "light: h1"),
        ("document.querySelector('h1').style.width = '1400px'", "the page is"),
        ("document.querySelector('.sheet').style.cssText = 'width: 90px; overflow: hidden'", "cut off: "),
        ("document.querySelector('#find').removeAttribute('aria-label')", "no label: text"),
        ("document.querySelector('h1').outerHTML = '<h2>h</h2>'", "0 of h1"),
        ("document.querySelector('main').id = 'find'", "twice: #find"),
        ("document.querySelector('h1').textContent = 'Today'", "English: Today"),
    ],
)
def test_the_measures_find_each_fault(page: Page, fault: str, told: str) -> None:
    page.goto("/")
    assert faults_of(page, "zh-hans") == []
    page.evaluate(f"() => {{ {fault}; }}")
    assert [found for found in faults_of(page, "zh-hans") if found.startswith(told)] != []

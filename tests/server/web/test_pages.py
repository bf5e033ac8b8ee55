"""Every page: who gets it, who is refused, and that it says what it should in both languages."""

from __future__ import annotations

import base64
import csv
import re
import uuid
from html.parser import HTMLParser
from typing import TYPE_CHECKING, cast

import pytest
from django.test import Client
from django.urls import reverse

from liuhen.core.errors import Language, both
from liuhen.server.access.models import Viewing, ViewTicket
from liuhen.server.accounts.models import Person
from liuhen.server.kernel import clock
from liuhen.server.ledger.errors import LedgerBehindError, LedgerFilesError
from liuhen.server.ledger.models import Event
from liuhen.server.recordings.errors import CursorError, RecordingMissingError
from liuhen.server.recordings.models import Recording
from liuhen.server.web.views import errors
from liuhen.server.web.views import recordings as views
from tests.support.cast import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import RequestFactory

    from liuhen.core.errors import LiuhenError
    from tests.server.web.library import Library

BUSINESS = ["unit_head", "custodian", "legal", "leader", "supervisor"]
ADMINISTRATIVE = ["system_admin", "security_admin", "auditor"]


def addresses(library: Library) -> list[str]:
    """Return every page that a custodian can reach."""
    return [
        reverse("today"),
        reverse("recordings"),
        f"{reverse('recordings')}?text=建国&kind=video&officer=none&device={library.device.id}",
        library.address,
        reverse("recording", args=[library.stray.id]),
        reverse("intake"),
        reverse("receipts", args=[library.collection.id]),
    ]


class Page(HTMLParser):
    """Visible text, ids, tags left open, and references of a page."""

    VOID = frozenset({"meta", "link", "input", "br", "img", "progress", "use"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.labels: set[str] = set()
        self.words: list[str] = []
        self.faults: list[str] = []
        self.feed(html)
        self.faults += [f"left open: {tag}" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.faults += [f"inline: {name}" for name in given if name.startswith("on") or name == "style"]
        if given.get("id"):
            self.ids.append(str(given["id"]))
        self.words += [str(given[name]) for name in ("title", "aria-label", "placeholder", "alt") if given.get(name)]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag, attrs

    def handle_endtag(self, tag: str) -> None:
        if tag in self.VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"closed out of order: {tag}")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"script", "style", "pre", "code"}:
            self.words.append(data)


# What is Latin in Chinese pages too: units, digests, formats, file names, keys, ids, the other language's name.
ALLOWED = re.compile(
    r"SHA-256|SM3|[KMG]?B\b|MB/s|tlog-proof|EN\b|English|Ed25519|https?|[\w.-]+\.(?:mp4|MP4|db|invalid)[\w./+=-]*"
    r"|[0-9a-f]{4,8}\b|liuhen|#\d+|[A-Za-z0-9+/]{20,}=*"
)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_is_well_formed_and_has_no_inline_code(library: Library, language: str) -> None:
    client = library.page(library.cast.custodian, language)
    for address in addresses(library):
        answer = client.get(address)
        page = Page(answer.content.decode())
        assert (answer.status_code, page.faults) == (200, []), address
        assert len(page.ids) == len(set(page.ids)), address


def test_pages_in_chinese_hold_no_english(library: Library) -> None:
    client = library.page(library.cast.custodian)
    library.ticket(library.cast.custodian)
    for address in [*addresses(library), "/nowhere/"]:
        text = "\n".join(Page(client.get(address).content.decode()).words)
        left = re.findall(r"[A-Za-z]{2,}[A-Za-z ]*", ALLOWED.sub("", text))
        assert left == [], address


def test_pages_in_english_hold_no_chinese_but_names(library: Library) -> None:
    client = library.page(library.cast.custodian, "en")
    names = re.compile(
        "一号采集站|周敏|李建国|第十二师住房和城乡建设局|城市管理执法大队|法制科|留|痕|封|中文|[\u3000、]|王海燕|赵磊|孙丽|陈伟|建国"
    )
    for address in [*addresses(library), "/nowhere/"]:
        text = names.sub("", "\n".join(Page(client.get(address).content.decode()).words))
        assert re.findall(r"[\u4e00-\u9fff]+", text) == [], address


def test_strangers_are_led_to_the_log_in(library: Library) -> None:
    client = library.page(None)
    for address in addresses(library):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, reverse("log-in")), address


def test_a_strangers_fragment_leads_its_page_to_the_log_in(library: Library) -> None:
    answer = library.page(None).get(reverse("intake"), headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, reverse("log-in"))


@pytest.mark.parametrize("name", [*BUSINESS, *ADMINISTRATIVE, "officer", "nobody"])
def test_today_is_for_everybody(library: Library, name: str) -> None:
    assert library.page(getattr(library.cast, name)).get(reverse("today")).status_code == 200


@pytest.mark.parametrize("name", [*ADMINISTRATIVE, "nobody"])
def test_invariant_8_administrators_see_no_recordings(library: Library, name: str) -> None:
    client = library.page(getattr(library.cast, name))
    assert client.get(reverse("recordings")).status_code == 403
    assert client.get(library.address).status_code == 404
    assert "可由以下角色办理" in client.get(reverse("recordings")).content.decode()


def test_an_outsider_finds_nothing_and_nothing_is_told_apart_from_what_does_not_exist(library: Library) -> None:
    client = library.page(library.cast.outsider)
    assert library.recording.name not in client.get(reverse("recordings")).content.decode()
    by_device = {"device": str(library.device.id)}
    assert library.device.serial not in client.get(reverse("recordings"), by_device).content.decode()
    seen_by_others = library.page(library.cast.custodian).get(reverse("recordings"), by_device).content.decode()
    assert library.device.serial in seen_by_others
    for name, keys in (
        ("recording", [library.recording.id]),
        ("receipt", [library.recording.id]),
        ("proofs", [library.recording.id]),
        ("event", [library.recording.id, uuid.uuid4()]),
        ("proof", [library.recording.id, uuid.uuid4()]),
        ("receipts", [library.collection.id]),
    ):
        assert client.get(reverse(name, args=keys)).status_code == 404, name


def test_officers_see_their_own_recordings_only(library: Library) -> None:
    client = library.page(library.cast.officer)
    listed = client.get(reverse("recordings")).content.decode()
    assert library.recording.name in listed
    assert library.stray.name not in listed
    assert client.get(reverse("recording", args=[library.stray.id])).status_code == 404


@pytest.mark.parametrize("name", ["officer", "legal", "auditor"])
def test_intake_is_for_custodians(library: Library, name: str) -> None:
    client = library.page(getattr(library.cast, name))
    assert client.get(reverse("intake")).status_code == 403
    assert client.get(reverse("receipts", args=[library.collection.id])).status_code == 403


def test_the_rail_shows_only_what_the_role_can_use(library: Library) -> None:
    for name, shown in (("custodian", 3), ("legal", 2), ("system_admin", 1)):
        html = library.page(getattr(library.cast, name)).get(reverse("today")).content.decode()
        rail = html[html.index('class="rail"') : html.index("</nav>")]
        assert rail.count("<a ") == shown, name


@pytest.mark.article(5)
def test_today_names_what_is_to_be_seen_to(library: Library) -> None:
    html = library.page(library.cast.custodian).get(reverse("today")).content.decode()
    for words in ("慢 41 秒", "1 件音像记录未识别执法人员", "1 个文件尚未入库", "第五条", "50%"):
        assert words in html, words


def test_an_auditor_sees_the_ledgers_head(library: Library) -> None:
    html = library.page(library.cast.auditor).get(reverse("today")).content.decode()
    assert "存证账本" in html


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("text=李建国", True),
        ("text=650012", True),
        ("text=马志强", False),
        ("kind=video", True),
        ("kind=photo", False),
        ("kind=nonsense", True),
        ("state=sealed", True),
        ("state=unreadable", False),
        ("since=2000-01-01&until=2000-01-02", False),
        ("since=nonsense", True),
        ("important=1", False),
        ("officer=none", False),
    ],
)
def test_the_list_is_narrowed_by_its_address(library: Library, query: str, found: bool) -> None:  # noqa: FBT001 - a table
    html = library.page(library.cast.custodian).get(f"{reverse('recordings')}?{query}").content.decode()
    assert (library.recording.name in html) is found
    assert ("没有符合条件的记录" in html) is (not found and "officer" not in query)


def test_the_list_is_sorted_by_its_heads(library: Library) -> None:
    page = library.page(library.cast.custodian)
    html = page.get(f"{reverse('recordings')}?sort=-size&kind=video").content.decode()
    assert 'aria-sort="descending"><a href="?kind=video&amp;sort=size">' in html
    assert '<a href="?kind=video&amp;sort=-sealed">' in html
    assert page.get(f"{reverse('recordings')}?sort=nonsense").status_code == 200


def test_the_list_leaves_as_a_table_for_office_programs(library: Library) -> None:
    Recording.objects.filter(id=library.recording.id).update(name='=HYPERLINK("http://x"),"a".mp4')
    answer = library.page(library.cast.custodian).get(f"{reverse('recordings-csv')}?kind=video")
    content = b"".join(cast("Iterator[bytes]", answer)).decode()
    assert content.startswith("\ufeff编号,封存时间,")
    rows = list(csv.DictReader(content.removeprefix("\ufeff").splitlines()))
    mine = next(row for row in rows if row["编号"] == str(library.recording.id))
    assert mine["文件名"] == '\'=HYPERLINK("http://x"),"a".mp4'
    assert mine["SHA-256"] == library.recording.sha256
    assert answer["Content-Disposition"] == 'attachment; filename="recordings.csv"'


def test_a_list_that_is_too_long_for_a_table_is_narrowed_first(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "CSV_ROWS", 1)
    answer = library.page(library.cast.custodian).get(reverse("recordings-csv"))
    assert answer.status_code == 400
    assert "请先按日期、类型等缩小范围" in answer.content.decode()


def test_a_file_whose_recording_one_may_not_see_stays_on_the_receipts_form(library: Library) -> None:
    page, address = library.page(library.cast.custodian), reverse("receipts", args=[library.collection.id])
    assert library.recording.sha256[:8] in page.get(address).content.decode()
    Recording.objects.filter(id=library.recording.id).update(unit=library.cast.other_bureau)
    html = page.get(address).content.decode()
    assert library.recording.name in html
    assert library.recording.sha256[:8] not in html


@pytest.mark.parametrize("name", ADMINISTRATIVE)
def test_administrators_get_no_table_of_recordings(library: Library, name: str) -> None:
    assert library.page(getattr(library.cast, name)).get(reverse("recordings-csv")).status_code == 403


def test_an_outsiders_table_is_empty(library: Library) -> None:
    answer = library.page(library.cast.outsider).get(reverse("recordings-csv"))
    content = b"".join(cast("Iterator[bytes]", answer)).decode()
    assert len(content.splitlines()) == 1


def test_a_page_address_that_was_altered_is_refused(library: Library) -> None:
    answer = library.page(library.cast.custodian).get(reverse("recordings") + "?after=altered")
    assert answer.status_code == 400
    assert "翻页地址无效" in answer.content.decode()


@pytest.mark.article(16)
def test_without_ticket_the_page_shows_a_sealed_cover_and_no_content(library: Library) -> None:
    html = library.page(library.cast.legal).get(library.address).content.decode()
    assert "画面与声音须经审批方可查阅" in html
    assert "/media/" not in html
    assert 'id="register"' not in html


@pytest.mark.article(16)
def test_a_custodian_enters_a_viewing_and_opens_it(library: Library) -> None:
    client = library.page(library.cast.custodian)
    fields = {"holder": str(library.cast.custodian.id), "reason": "案情研判", "minutes": "30"}
    answer = client.post(reverse("issue-ticket", args=[library.recording.id]), fields)
    assert (answer.status_code, answer.headers["Location"]) == (302, library.address)
    ticket = ViewTicket.objects.get()
    assert (ticket.reason, ticket.holder_id) == ("案情研判", library.cast.custodian.id)
    assert "/media/" not in client.get(library.address).content.decode()
    client.post(reverse("open-ticket", args=[ticket.id]))
    assert Viewing.objects.count() == 1
    assert "结束查阅" in client.get(library.address).content.decode()
    client.post(reverse("end-ticket", args=[ticket.id]))
    assert "封" in client.get(library.address).content.decode()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"reason": ""}, "请写明查阅事由"),
        ({"holder": "auditor"}, "该人员不能查阅"),
        ({"minutes": "999"}, "999"),
    ],
)
def test_a_viewing_that_lacks_something_is_refused_beside_the_form(
    library: Library, changed: dict[str, str], words: str
) -> None:
    fields = {"holder": str(library.cast.legal.id), "reason": "案情研判", "minutes": "30"} | changed
    if "holder" in changed:
        fields["holder"] = str(library.cast.auditor.id)
    answer = library.page(library.cast.custodian).post(reverse("issue-ticket", args=[library.recording.id]), fields)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not ViewTicket.objects.exists()


def test_who_is_no_custodian_cannot_enter_a_viewing(library: Library) -> None:
    answer = library.page(library.cast.legal).post(reverse("issue-ticket", args=[library.recording.id]), {})
    assert answer.status_code == 403
    outsider = library.page(library.cast.outsider)
    assert outsider.post(reverse("issue-ticket", args=[library.recording.id]), {}).status_code == 404


def test_nobody_opens_or_ends_anothers_ticket(library: Library) -> None:
    ticket = library.ticket(library.cast.legal)
    client = library.page(library.cast.leader)
    assert client.post(reverse("open-ticket", args=[ticket.id])).status_code == 404
    assert client.post(reverse("end-ticket", args=[ticket.id])).status_code == 404
    custodian = library.page(library.cast.custodian)
    assert "收回凭单" in custodian.get(library.address).content.decode()
    assert custodian.post(reverse("end-ticket", args=[ticket.id])).status_code == 302


def test_acts_are_not_done_by_links(library: Library) -> None:
    ticket = library.ticket(library.cast.legal)
    client = library.page(library.cast.legal)
    for address in (reverse("open-ticket", args=[ticket.id]), reverse("end-ticket", args=[ticket.id])):
        assert client.get(address).status_code == 405
    assert client.get(reverse("log-out")).status_code == 405


def test_the_chain_names_people_and_reasons_only_to_who_sees_the_recording(library: Library) -> None:
    library.ticket(library.cast.legal)
    html = library.page(library.cast.custodian).get(library.address).content.decode()
    for words in ("采集入库并封存", "登记查阅，签发查阅凭单", "查阅人 王海燕", "事由：案情研判", "第十六、十七条"):
        assert words in html, words


def test_pages_are_kept_by_no_cache_and_run_no_foreign_code(library: Library) -> None:
    answer = library.page(library.cast.custodian).get(library.address)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_the_language_is_chosen_in_place_and_kept(library: Library) -> None:
    client = library.page(library.cast.custodian)
    answer = client.post(reverse("language"), {"language": "en", "back": library.address})
    assert (answer.status_code, answer.headers["Location"]) == (302, library.address)
    assert "Custody chain" in client.get(library.address).content.decode()
    library.cast.custodian.refresh_from_db()
    assert library.cast.custodian.language == "en"


def test_the_language_switch_leads_nowhere_else(library: Library) -> None:
    answer = library.page(None).post(reverse("language"), {"language": "xx", "back": "https://elsewhere.invalid/"})
    assert answer.headers["Location"] == reverse("today")
    assert not answer.cookies


def test_the_intake_fragment_is_the_list_alone(library: Library) -> None:
    client = library.page(library.cast.custodian)
    html = client.get(reverse("intake"), headers={"HX-Request": "true"}).content.decode()
    assert html.strip().startswith('<div class="stack" id="collections"')
    for words in ("unfinished.mp4", "接收中", "Thumbs.db", "系统文件或目录", "校验一致，已封存"):
        assert words in html, words


def test_the_clock_of_a_page_is_one_clock(library: Library) -> None:
    before = clock.now()
    answer = library.page(library.cast.custodian).get(reverse("today"))
    assert before <= answer.wsgi_request.at <= clock.now()  # type: ignore[attr-defined]  # set by the middleware


def test_a_seal_opens_to_its_exact_entry_before_it_is_under_a_checkpoint(library: Library) -> None:
    client = library.page(library.cast.legal)
    event = Event.objects.get(subject=f"recording/{library.recording.id}", n=0)
    keys = [library.recording.id, event.id]
    whole = client.get(reverse("event", args=keys)).content.decode()
    fragment = client.get(reverse("event", args=keys), headers={"HX-Request": "true"}).content.decode()
    assert "尚未列入检查点" in fragment
    assert "&quot;type&quot;:&quot;recording:sealed&quot;" in fragment
    assert "<html" in whole
    assert "<html" not in fragment
    assert "data-verify" in fragment, "the chain around it verifies it"
    assert "data-verify" not in whole, "a page of its own has no chain to verify"
    assert client.get(reverse("proof", args=keys)).status_code == 404
    assert client.get(reverse("receipt", args=[library.recording.id])).status_code == 404


def test_the_browser_is_given_the_exact_entries_and_the_key(library: Library) -> None:
    answer = library.page(library.cast.legal).get(reverse("proofs", args=[library.recording.id])).json()
    leaf = bytes(Event.objects.get(subject=f"recording/{library.recording.id}", n=0).leaf)
    assert [base64.b64decode(event["entry"]) for event in answer["events"]] == [leaf]
    assert answer["events"][0]["proof"] is None
    assert answer["key"].startswith("liuhen.invalid/liuhen/")


def test_an_event_of_another_recording_is_not_shown(library: Library) -> None:
    event = Event.objects.get(subject=f"recording/{library.stray.id}", n=0)
    client = library.page(library.cast.legal)
    assert client.get(reverse("event", args=[library.recording.id, event.id])).status_code == 404


def test_a_failed_page_says_so_without_the_database(library: Library, rf: RequestFactory) -> None:
    del library
    answer = errors.server_error(rf.get("/"))
    assert (answer.status_code, "服务器故障" in answer.content.decode()) == (500, True)
    for view, status in ((errors.bad_request, 400), (errors.forbidden, 403)):
        assert view(rf.get("/"), Exception()).status_code == status
    assert errors.csrf_failed(rf.get("/")).status_code == 403


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (LedgerFilesError(path="tile", problem=both("缺失", "it is missing")), 503, "服务器故障"),
        (LedgerBehindError(event=uuid.uuid4()), 503, "服务器故障"),
        (RecordingMissingError(id=uuid.uuid4()), 404, "未找到"),
        (CursorError(cursor="altered"), 400, "无法办理"),
    ],
)
def test_a_refusal_is_told_as_what_it_is(
    library: Library, rf: RequestFactory, error: LiuhenError, status: int, title: str
) -> None:
    del library
    answer = errors.refused(rf.get("/"), error)
    assert answer.status_code == status
    html = answer.content.decode()
    assert title in html
    assert error.text(Language.ZH) in html


def test_five_failed_log_ins_lock_the_name(library: Library) -> None:
    client = library.page(None)
    fields = {"username": "custodian", "password": "wrong"}
    statuses = [client.post(reverse("log-in"), fields).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 200, 429]
    answer = client.post(reverse("log-in"), {"username": "custodian", "password": PASSWORD})
    assert (answer.status_code, "登录已锁定" in answer.content.decode()) == (429, True)


def test_a_person_logs_in_in_their_own_language_and_out_again(library: Library) -> None:
    Person.objects.filter(username="custodian").update(language="en")
    client = Client()
    answer = client.post(reverse("log-in"), {"username": "custodian", "password": PASSWORD})
    assert answer.headers["Location"] == reverse("today")
    assert "Today" in client.get(reverse("today")).content.decode()
    client.post(reverse("log-out"))
    assert client.get(library.address).status_code == 302

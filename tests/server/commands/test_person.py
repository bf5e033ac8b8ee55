from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import authenticate
from django.test import RequestFactory

from liuhen.cli import main
from liuhen.core.exits import ExitCode
from liuhen.server.accounts.models import Person, Unit
from liuhen.server.accounts.selectors import actor_of
from tests.support.events import told

if TYPE_CHECKING:
    from tests.support.cast import Cast


def person(*words: str) -> int:
    return main(["person", "--language", "en", *words])


def test_a_unit_is_made_at_the_root_or_below_another(cast: Cast) -> None:
    assert person("unit", "13", "第十三师") == ExitCode.OK
    assert person("unit", "12-new", "新科室", "--parent", "12-zjj") == ExitCode.OK
    assert Unit.objects.get(code="13").parent is None
    assert Unit.objects.get(code="12-new").parent == cast.bureau


@pytest.mark.usefixtures("cast")
def test_the_first_password_of_a_person_is_printed_alone_and_opens_the_account(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ("add", "newcomer", "--name", "新人", "--unit", "12-zjj-zfdd", "--certificate", "650099")
    assert person(*words, "--role", "officer", "--role", "unit-head") == ExitCode.OK
    password = capsys.readouterr().out.removesuffix("\n")
    assert len(password) >= 16
    made = authenticate(RequestFactory().post("/log-in"), username="newcomer", password=password)
    assert isinstance(made, Person)
    assert (made.name, made.certificate_number, made.unit.code) == ("新人", "650099", "12-zjj-zfdd")
    assert actor_of(made).roles == {"officer", "unit-head"}
    assert [event.entry.actor for event in told("person", made.id)] == ["system"] * 3


@pytest.mark.usefixtures("cast")
def test_of_a_person_whose_roles_do_not_go_together_nothing_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("add", "newcomer", "--name", "新人", "--unit", "12-zjj", "--role", "custodian", "--role", "leader")
    assert person(*words) == ExitCode.FAILED
    said = capsys.readouterr()
    assert said.out == ""
    assert "[role-conflict]" in said.err
    assert not Person.objects.filter(username="newcomer").exists()


def test_a_role_is_given_and_taken_away(cast: Cast) -> None:
    assert person("grant", "nobody", "officer") == ExitCode.OK
    assert actor_of(cast.nobody).roles == {"officer"}
    assert person("revoke", "nobody", "officer") == ExitCode.OK
    assert actor_of(cast.nobody).roles == frozenset()


def test_people_are_listed_one_json_object_a_line(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    assert person("list") == ExitCode.OK
    rows = {row["username"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert len(rows) == Person.objects.count()
    assert rows["officer"] == {"username": "officer", "name": "李建国", "unit": "12-zjj-zfdd", "roles": ["officer"]}
    assert rows["nobody"]["roles"] == []
    assert rows["outsider"]["unit"] == cast.other_bureau.code


@pytest.mark.usefixtures("cast")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("unit", "12", "again"), "unit-code-taken"),
        (("unit", "x", "x", "--parent", "nowhere"), "unit-missing"),
        (("add", "officer", "--name", "x", "--unit", "12"), "username-taken"),
        (("add", "", "--name", "x", "--unit", "12"), "username-invalid"),
        (("add", "x", "--name", "x", "--unit", "nowhere"), "unit-missing"),
        (("add", "x", "--name", "x", "--unit", "12", "--certificate", "650012"), "certificate-taken"),
        (("grant", "ghost", "officer"), "person-missing"),
        (("revoke", "ghost", "officer"), "person-missing"),
        (("grant", "custodian", "legal"), "role-conflict"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_code(
    words: tuple[str, ...], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert person(*words) == ExitCode.FAILED
    said = capsys.readouterr()
    assert said.err.endswith(f"[{code}]\n")
    assert said.out == ""


@pytest.mark.parametrize(
    "words",
    [(), ("fire", "officer"), ("grant", "officer", "janitor"), ("add", "x"), ("unit", "x")],
    ids=["nothing", "no-such-act", "no-such-role", "no-name", "no-unit-name"],
)
def test_a_wrong_call_is_answered_by_its_usage(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        person(*words)
    assert stop.value.code == ExitCode.USAGE
    assert "usage: liuhen person" in capsys.readouterr().err

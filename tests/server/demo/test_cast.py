from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

import pytest
from django.conf import settings
from django.contrib.auth import authenticate
from django.test import RequestFactory
from tools.i18n import translations

from liuhen.server.accounts.models import Person, Unit
from liuhen.server.accounts.roles import ADMINISTRATIVE, Role, compatible
from liuhen.server.accounts.selectors import actor_of
from liuhen.server.demo.cast import (
    CAST,
    UNITS,
    NotDemonstrationError,
    announce,
    ensure_cast,
    filled_mark,
    is_demonstration,
    is_filled,
)
from liuhen.server.ledger.models import Event
from tests.support.cast import make_cast

if TYPE_CHECKING:
    from pathlib import Path

    from liuhen.server.config.instance import Instance


@pytest.fixture
def instance(tmp_path: Path, db: None) -> Instance:
    """A folder of its own with the tests' empty database."""
    del db
    own: Instance = settings.INSTANCE
    (tmp_path / "secrets").mkdir()
    return replace(own, home=tmp_path)


def passwords(instance: Instance) -> dict[str, str]:
    rows = [line.split("\t") for line in instance.demo_accounts_file.read_text(encoding="utf-8").splitlines()]
    return {row[0]: row[1] for row in rows}


def test_every_role_is_played_and_nobody_plays_two_that_must_be_apart() -> None:
    assert {role for member in CAST for role in member.roles} == set(Role)
    for member in CAST:
        assert all(compatible(one, other) for one in member.roles for other in member.roles)
        assert not (ADMINISTRATIVE & set(member.roles)) or member.certificate_number is None


def test_every_member_belongs_to_a_unit_and_every_unit_comes_after_the_one_above() -> None:
    codes = [code for code, _, _ in UNITS]
    assert {member.unit for member in CAST} <= set(codes)
    for code, _, above in UNITS:
        assert above is None or codes.index(above) < codes.index(code)


def test_the_cast_is_made_with_roles_and_passwords_that_open_the_accounts(instance: Instance) -> None:
    ensure_cast(instance)
    assert Unit.objects.count() == len(UNITS)
    known = passwords(instance)
    for member in CAST:
        person = authenticate(
            RequestFactory().post("/log-in"), username=member.username, password=known[member.username]
        )
        assert isinstance(person, Person)
        assert actor_of(person).roles == set(member.roles)
    assert len(set(known.values())) == len(CAST), "each has a password of their own"


def test_the_passwords_are_their_owners_alone(instance: Instance) -> None:
    ensure_cast(instance)
    assert instance.demo_accounts_file.stat().st_mode & 0o777 == 0o600


def test_making_the_cast_again_changes_nothing(instance: Instance) -> None:
    ensure_cast(instance)
    before = passwords(instance), Event.objects.count()
    ensure_cast(instance)
    assert (passwords(instance), Event.objects.count()) == before


def test_a_run_cut_off_once_the_passwords_were_written_is_completed_with_them(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    from liuhen.server.accounts import services

    def cut(**_values: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(services, "create_person", cut)
        with pytest.raises(KeyboardInterrupt):
            ensure_cast(instance)
    assert not Unit.objects.exists()
    before = passwords(instance)
    ensure_cast(instance)
    assert passwords(instance) == before
    assert Person.objects.count() == len(CAST)


def test_an_instance_with_data_of_its_own_gets_no_demonstration_accounts(instance: Instance) -> None:
    make_cast()
    assert not is_demonstration(instance)
    with pytest.raises(NotDemonstrationError, match=str(instance.home)):
        ensure_cast(instance)
    assert not instance.demo_accounts_file.exists()
    assert not Person.objects.filter(username=CAST[0].username).exists()


def test_an_empty_instance_and_one_begun_as_a_demonstration_may_be_filled(instance: Instance) -> None:
    assert is_demonstration(instance)
    ensure_cast(instance)
    assert is_demonstration(instance)


def test_one_address_one_account_and_the_folder_are_announced_on_standard_error(
    instance: Instance, capsys: pytest.CaptureFixture[str]
) -> None:
    announce(instance)
    said = capsys.readouterr()
    assert said.out == ""
    assert re.findall(r"http\S+", said.err) == ["http://127.0.0.1:8000/"]
    known = passwords(instance)
    assert [name for name, password in known.items() if password in said.err] == ["zhoumin"]
    assert str(instance.demo_accounts_file) in said.err
    assert f" {instance.home}\n" in said.err


def test_what_to_try_first_is_named_as_the_pages_name_it(
    instance: Instance, capsys: pytest.CaptureFixture[str]
) -> None:
    words = translations("zh_Hans")
    announce(instance)
    meanwhile = capsys.readouterr().err
    assert "Intake" in meanwhile
    assert words["Intake"] in meanwhile
    filled_mark(instance).parent.mkdir()
    filled_mark(instance).touch()
    announce(instance)
    first = capsys.readouterr().err
    assert "Verify in my browser" in first
    assert words["Verify in my browser"] in first


def test_no_line_of_the_announcement_but_a_path_is_wider_than_a_terminal(
    instance: Instance, capsys: pytest.CaptureFixture[str]
) -> None:
    announce(instance)
    for line in capsys.readouterr().err.replace(str(instance.home), "/srv/liuhen").splitlines():
        assert sum(2 if east_asian_width(character) in "WF" else 1 for character in line) <= 80, line


def test_the_demonstration_is_complete_once_its_mark_is_there(instance: Instance) -> None:
    assert not is_filled(instance)
    filled_mark(instance).parent.mkdir()
    filled_mark(instance).touch()
    assert is_filled(instance)

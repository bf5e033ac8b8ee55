"""Each wrong state of an installation has a check with an id and a hint."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.core import checks as django_checks
from django.test import override_settings

from liuhen.server.config import checks
from liuhen.server.config.instance import Instance, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """An instance with which nothing is wrong."""
    home = tmp_path / "home"
    made = Instance(home=home, settings=replace(Settings(), agency_domain="zjj.example.gov.cn"))
    made.secret_key_file.parent.mkdir(mode=0o700, parents=True)
    made.secret_key_file.touch(mode=0o600)
    home.chmod(0o700)
    chinese = tmp_path / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.mo"
    chinese.parent.mkdir(parents=True)
    chinese.touch()
    with override_settings(INSTANCE=made, LOCALE_PATHS=[tmp_path / "locale"]):
        yield made


def with_settings(**values: object) -> override_settings:
    own: Instance = settings.INSTANCE
    return override_settings(INSTANCE=replace(own, settings=replace(own.settings, **values)))  # type: ignore[arg-type]  # the names are the test's


def found() -> dict[str, str]:
    """Run our checks as `manage check --deploy` does and return the hint of each message by its id."""
    messages = django_checks.run_checks(tags=["liuhen"], include_deployment_checks=True)
    return {str(message.id): message.hint or "" for message in messages}


@pytest.mark.usefixtures("instance")
def test_of_a_sound_installation_only_the_sqlite_in_use_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "wal_is_safe", lambda _version: True)
    assert found() == {"liuhen.I001": ""}


@pytest.mark.usefixtures("instance")
def test_an_affected_sqlite_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "wal_is_safe", lambda _version: False)
    assert list(found()) == ["liuhen.W001"]
    assert "3.51.3" in found()["liuhen.W001"]


@pytest.mark.usefixtures("instance")
def test_of_another_database_nothing_is_said_about_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    class Elsewhere:
        vendor = "postgresql"

    monkeypatch.setattr(checks, "connection", Elsewhere())
    assert found() == {}


def ids() -> set[str]:
    return found().keys() - {"liuhen.I001", "liuhen.W001"}


@pytest.mark.usefixtures("instance")
def test_the_example_domain_is_warned_of() -> None:
    with with_settings(agency_domain="liuhen.invalid"):
        assert ids() == {"liuhen.W002"}


@pytest.mark.usefixtures("instance")
@pytest.mark.parametrize(
    ("host", "behind_tls", "warned"),
    [
        ("127.0.0.1", False, False),
        ("127.8.8.8", False, False),
        ("::1", False, False),
        ("localhost", False, False),
        ("0.0.0.0", False, True),  # noqa: S104 - the wrong value itself
        ("192.168.1.5", False, True),
        ("records.example", False, True),
        ("0.0.0.0", True, False),  # noqa: S104 - as above
    ],
)
def test_plain_http_for_other_machines_is_warned_of(host: str, *, behind_tls: bool, warned: bool) -> None:
    with with_settings(host=host, behind_tls=behind_tls):
        assert ids() == ({"liuhen.W003"} if warned else set())


def test_a_folder_that_init_has_not_completed_is_an_error(instance: Instance) -> None:
    instance.secret_key_file.unlink()
    assert ids() == {"liuhen.E001"}
    assert "liuhen init" in found()["liuhen.E001"]


def test_a_folder_that_is_not_there_is_an_error(instance: Instance, tmp_path: Path) -> None:
    with override_settings(INSTANCE=replace(instance, home=tmp_path / "nowhere")):
        assert ids() == {"liuhen.E001"}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_secret_that_others_may_read_is_an_error_that_names_it(instance: Instance, mode: int) -> None:
    instance.secret_key_file.chmod(mode)
    assert ids() == {"liuhen.E002"}
    assert found()["liuhen.E002"] == f"chmod 600 {instance.secret_key_file}"


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o755])
def test_an_instance_folder_that_others_may_enter_is_an_error(instance: Instance, mode: int) -> None:
    instance.home.chmod(mode)
    assert ids() == {"liuhen.E003"}
    assert found()["liuhen.E003"] == f"chmod 700 {instance.home}"


@pytest.mark.usefixtures("instance")
def test_a_missing_chinese_catalogue_is_an_error_that_says_how_to_make_it(tmp_path: Path) -> None:
    (tmp_path / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.mo").unlink()
    assert ids() == {"liuhen.E004"}
    assert "tools/i18n.py compile" in found()["liuhen.E004"]

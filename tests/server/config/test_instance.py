"""Settings are read once and strictly; each wrong value is named by its defect."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from liuhen.core.errors import Language
from liuhen.server.config.instance import Instance, Settings, SettingsError, home_from_environment

NUMBERS = {
    "port": (1, 65_535),
    "retention_floor_days": (365, 36_500),
    "upload_limit_bytes": (1, 1 << 50),
    "upload_expiry_hours": (1, 2_160),
    "station_open_uploads": (1, 10_000),
    "station_staged_bytes": (1, 1 << 50),
    "vault_reserve_bytes": (0, 1 << 50),
    "page_threads": (1, 256),
    "ticket_minutes": (1, 1_440),
}
TEXTS = {"agency", "host"}
FLAGS = {"behind_tls", "ledger_public"}
OTHERS = {"agency_domain", "time_zone", "allowed_hosts"}


def written(home: Path, text: str) -> Settings:
    (home / "liuhen.toml").write_text(text, encoding="utf-8")
    return Settings.load(home, {})


def refused(home: Path, name: str, raw: str) -> SettingsError:
    """Return the error for `name` in the environment; in the file it must be the same."""
    with pytest.raises(SettingsError) as caught:
        Settings.load(home, {f"LIUHEN_{name.upper()}": raw})
    assert caught.value.where["name"] == name
    assert caught.value.where["where"] == f"LIUHEN_{name.upper()}"
    for language in Language:
        assert name in caught.value.text(language)
    return caught.value


def test_without_a_file_every_setting_has_its_default(tmp_path: Path) -> None:
    assert Settings.load(tmp_path, {}) == Settings()


def test_each_setting_is_tested_here() -> None:
    assert {field.name for field in fields(Settings)} == NUMBERS.keys() | TEXTS | FLAGS | OTHERS


def test_the_defaults_are_values_that_could_have_been_set(tmp_path: Path) -> None:
    for field in fields(Settings):
        value = getattr(Settings(), field.name)
        raw = ",".join(value) if isinstance(value, tuple) else str(value).lower() if value in (True, False) else value
        assert getattr(Settings.load(tmp_path, {f"LIUHEN_{field.name.upper()}": str(raw)}), field.name) == value


def test_the_defaults_are_the_careful_ones() -> None:
    own = Settings()
    assert own.host == "127.0.0.1"
    assert own.allowed_hosts == ("127.0.0.1", "localhost")
    assert own.retention_floor_days == 365


def test_a_file_and_the_environment_are_read_and_the_environment_wins(tmp_path: Path) -> None:
    text = 'agency = "某局"\nport = 9000\nbehind_tls = true\nallowed_hosts = ["a.example", " b.example "]\n'
    (tmp_path / "liuhen.toml").write_text(text, encoding="utf-8")
    own = Settings.load(tmp_path, {"LIUHEN_PORT": "9001", "LIUHEN_LEDGER_PUBLIC": "false", "PATH": "/bin"})
    assert (own.agency, own.port, own.behind_tls, own.ledger_public) == ("某局", 9001, True, False)
    assert own.allowed_hosts == ("a.example", "b.example")


def test_hosts_in_the_environment_are_parted_by_commas(tmp_path: Path) -> None:
    assert Settings.load(tmp_path, {"LIUHEN_ALLOWED_HOSTS": "a.example, b.example"}).allowed_hosts == (
        "a.example",
        "b.example",
    )


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_taken_from_its_least_to_its_greatest(tmp_path: Path, name: str) -> None:
    for value in NUMBERS[name]:
        assert getattr(Settings.load(tmp_path, {f"LIUHEN_{name.upper()}": str(value)}), name) == value
        assert getattr(written(tmp_path, f"{name} = {value}"), name) == value


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("raw", ["", " ", "x", "1.5", "1e3", "-1", "+7", "１２", "0x10", "1_000", "9" * 5_000, "true"])
def test_what_is_no_whole_number_is_refused_with_the_bounds(tmp_path: Path, name: str, raw: str) -> None:
    error = refused(tmp_path, name, raw)
    least, most = NUMBERS[name]
    assert error.where["reason"]["en"] == f"a whole number from {least} to {most} is needed"
    assert str(most) in error.where["reason"]["zh"]


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_out_of_bounds_is_refused(tmp_path: Path, name: str) -> None:
    least, most = NUMBERS[name]
    refused(tmp_path, name, str(most + 1))
    with pytest.raises(SettingsError):
        written(tmp_path, f"{name} = {least - 1}")


@pytest.mark.article(14)
def test_the_retention_floor_cannot_be_set_below_a_year(tmp_path: Path) -> None:
    refused(tmp_path, "retention_floor_days", "364")


BAD_IN_ENVIRONMENT: list[tuple[str, str, str]] = [
    ("agency", "", "empty"),
    ("agency", "   ", "empty"),
    ("host", "", "empty"),
    ("agency_domain", "", "empty"),
    ("agency_domain", "Zjj.example", "lower case"),
    ("agency_domain", "住建局.中国", "lower case"),
    ("agency_domain", "a..b", "lower case"),
    ("agency_domain", "-a.b", "lower case"),
    ("agency_domain", "a-.b", "lower case"),
    ("agency_domain", "a/b", "lower case"),
    ("agency_domain", "a b", "lower case"),
    ("agency_domain", "x" * 64, "lower case"),
    ("time_zone", "", "empty"),
    ("time_zone", "Asia/Urumqui", "time zone"),
    ("time_zone", "../../etc/passwd", "time zone"),
    ("time_zone", "/etc/localtime", "time zone"),
    ("time_zone", "Asia", "time zone"),
    ("time_zone", "+08:00", "time zone"),
    ("behind_tls", "", "true or false"),
    ("behind_tls", "yes", "true or false"),
    ("behind_tls", "True", "true or false"),
    ("ledger_public", "1", "true or false"),
    ("allowed_hosts", "", "one or more host names"),
    ("allowed_hosts", "a,,b", "one or more host names"),
]


@pytest.mark.parametrize(("name", "raw", "said"), BAD_IN_ENVIRONMENT)
def test_a_value_that_cannot_be_used_is_refused_and_the_need_is_said(
    tmp_path: Path, name: str, raw: str, said: str
) -> None:
    assert said in refused(tmp_path, name, raw).where["reason"]["en"]


BAD_IN_FILE: list[tuple[str, str]] = [
    ("agency", "agency = 12"),
    ("agency_domain", "agency_domain = ['a']"),
    ("time_zone", "time_zone = 8"),
    ("port", "port = true"),
    ("port", "port = 80.0"),
    ("port", "port = []"),
    ("behind_tls", "behind_tls = 1"),
    ("behind_tls", "behind_tls = []"),
    ("behind_tls", "behind_tls = {}"),
    ("allowed_hosts", "allowed_hosts = []"),
    ("allowed_hosts", "allowed_hosts = [1]"),
    ("allowed_hosts", "allowed_hosts = ['']"),
    ("allowed_hosts", "allowed_hosts = true"),
]


@pytest.mark.parametrize(("name", "text"), BAD_IN_FILE)
def test_a_value_of_the_wrong_type_in_the_file_is_refused_and_the_file_is_named(
    tmp_path: Path, name: str, text: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        written(tmp_path, text)
    assert caught.value.where["name"] == name
    assert caught.value.where["where"] == str(tmp_path / "liuhen.toml")


def test_an_unknown_setting_is_refused_wherever_it_stands(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="prot in LIUHEN_PROT: there is no such setting"):
        Settings.load(tmp_path, {"LIUHEN_PROT": "8000"})
    with pytest.raises(SettingsError, match="there is no such setting"):
        written(tmp_path, "[server]\nport = 8000\n")


@pytest.mark.parametrize(
    "content",
    [b"port = ", "agency = '局'".encode("gb18030"), b"port = 1\nport = 2\n", b"\x00"],
    ids=["cut-off", "gb18030", "said-twice", "nul"],
)
def test_a_file_that_is_not_toml_is_refused_by_its_path(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "liuhen.toml").write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        Settings.load(tmp_path, {})
    assert caught.value.where["where"] == str(tmp_path / "liuhen.toml")


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "liuhen.toml").mkdir()
    with pytest.raises(SettingsError, match=r"the whole file in .*liuhen\.toml: Is a directory\."):
        Settings.load(tmp_path, {})


def test_everything_of_an_instance_lies_in_its_folder(tmp_path: Path) -> None:
    instance = Instance.from_environment({"LIUHEN_HOME": str(tmp_path), "LIUHEN_PORT": "9000"})
    assert instance.settings.port == 9000
    places = [value for name in dir(Instance) if isinstance(value := getattr(instance, name), Path)]
    assert len(places) >= 8
    assert all(place.is_relative_to(tmp_path) for place in places)


def test_an_instance_is_initialised_once_its_secret_is_there(tmp_path: Path) -> None:
    instance = Instance(home=tmp_path, settings=Settings())
    assert not instance.is_initialised
    instance.secret_key_file.parent.mkdir()
    instance.secret_key_file.touch()
    assert instance.is_initialised


def test_the_home_is_var_below_the_working_directory_unless_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert home_from_environment({}) == tmp_path / "var"
    assert home_from_environment({"LIUHEN_HOME": ""}) == tmp_path / "var"
    assert home_from_environment({"LIUHEN_HOME": "here"}) == tmp_path / "here"


def test_the_process_environment_is_read_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIUHEN_HOME", str(tmp_path))
    assert Instance.from_environment().home == tmp_path


def test_the_tests_run_on_an_instance_of_their_own() -> None:
    """Otherwise they would write into whatever instance lies below the working directory."""
    from django.conf import settings

    instance: Any = settings.INSTANCE
    assert str(instance.home) == os.environ["LIUHEN_HOME"], "take DJANGO_SETTINGS_MODULE out of pyproject.toml"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104 - a setting that is read
        ("::", "http://127.0.0.1:8000"),
        ("::1", "http://[::1]:8000"),
        ("localhost", "http://localhost:8000"),
    ],
)
def test_a_program_on_this_machine_finds_the_front_door_whatever_it_listens_on(
    tmp_path: Path, host: str, url: str
) -> None:
    assert Instance(home=tmp_path, settings=Settings(host=host)).local_url == url

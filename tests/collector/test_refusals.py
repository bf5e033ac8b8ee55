"""The server says no, or is not the server that it should be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.collector.fake_server import write_key
from tests.collector.faults import Fault, FaultyNetwork, refusal
from tests.collector.kit import left_on

from liuhen.collector.errors import (
    CollectorError,
    FileRefusedError,
    KeyRefusedError,
    RefusedError,
    ServerUnreachableError,
    UploadLostError,
)
from liuhen.collector.transport.http import HttpTransport
from liuhen.collector.transport.refusals import REFUSALS, effect_of
from liuhen.core.tlog.note import SigningKey
from liuhen.server.intake import errors as intake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.collector.kit import IntakeServer, Station

    from liuhen.core.errors import LiuhenError


def _nothing_happened(station: Station, server: IntakeServer, device: Path) -> bool:
    return server.sealed() == [] and station.receipts() == [] and len(left_on(device)) == 3


def test_a_wrong_key_is_said_in_the_serversrefusal(
    station: Station, server: IntakeServer, device: Path, tmp_path: Path
) -> None:
    log = json.loads(server.key_file.read_bytes())["log"]
    station.key_file = write_key(tmp_path / "other.json", log, key="lhs_other_key")

    done = station.collect(device, "--clear-device")

    assert done.code == 6
    assert "station-key-unknown" in done.words
    assert _nothing_happened(station, server, device)


def test_a_revoked_key_is_said(station: Station, server: IntakeServer, device: Path) -> None:
    server.revoke_key()
    done = station.collect(device, "--clear-device")

    assert done.code == 6
    assert "station-key-revoked" in done.words
    assert _nothing_happened(station, server, device)


def test_a_key_revoked_midway_stops_the_work_and_the_next_key_finishes_it(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, device: Path
) -> None:
    network.add(Fault("POST", ".*/seal", answer=(401, refusal("station-key-revoked")), times=9))
    assert far_station.collect(device, "--clear-device").code == 6
    assert _nothing_happened(far_station, server, device)

    network.mend()
    assert far_station.collect(device).code == 0
    assert len(server.sealed()) == 3


def test_receipts_of_another_ledger_are_no_receipts_and_nothing_is_cleared(
    station: Station, server: IntakeServer, device: Path, tmp_path: Path
) -> None:
    other = SigningKey.generate("agency.example/liuhen/other").verifier.to_text()
    right = station.key_file
    station.key_file = write_key(tmp_path / "other.json", other)

    done = station.collect(device, "--clear-device")

    assert done.code == 8
    assert done.troubles == ["receipt-not-accepted"]
    assert station.receipts() == []
    assert len(left_on(device)) == 3

    station.key_file = right
    assert station.collect(device, "--clear-device").code == 0
    assert len(server.sealed()) == 3
    assert len(station.receipts()) == 3


def _bit_flipped(receipt: bytes) -> bytes:
    at = receipt.index(b'"proof"') + 300
    return receipt[:at] + bytes([receipt[at] ^ 1]) + receipt[at + 1 :]


def _without_sm3(receipt: bytes) -> bytes:
    return receipt.replace(json.loads(receipt)["sm3"].encode(), b"0" * 64)


@pytest.mark.parametrize(
    "alter",
    [_bit_flipped, _without_sm3, lambda _: b"", lambda _: b"{}", lambda _: b"\xff", lambda receipt: receipt + b" "],
    ids=["bit-flipped", "other-sm3", "empty", "no-receipt", "not-text", "not-canonical"],
)
def test_a_wrong_receipt_is_refused_and_asked_for_again_by_the_next_run(
    alter: object, far_station: Station, server: IntakeServer, network: FaultyNetwork, device: Path
) -> None:
    network.add(Fault("POST", ".*/seal", alter_answer=alter, times=9))  # type: ignore[arg-type] # of several shapes
    done = far_station.collect(device, "--clear-device")

    assert done.code == 8
    assert far_station.receipts() == []
    assert len(left_on(device)) == 3

    network.mend()
    assert far_station.collect(device, "--clear-device").code == 0
    assert len(server.sealed()) == 3
    assert left_on(device) == set()


def test_a_genuine_receipt_for_other_bytes_is_refused(
    far_station: Station, network: FaultyNetwork, device: Path
) -> None:
    seen: list[bytes] = []

    def first_again(receipt: bytes) -> bytes:
        seen.append(receipt)
        return seen[0]

    network.add(Fault("POST", ".*/seal", alter_answer=first_again, times=9))
    done = far_station.collect(device, "--clear-device", "--parallel", "1")

    assert done.code == 8
    assert len(far_station.receipts()) == 1
    assert len(left_on(device)) == 3


def _subclasses(kind: type[LiuhenError]) -> Iterator[type[LiuhenError]]:
    for one in kind.__subclasses__():
        yield one
        yield from _subclasses(one)


def test_the_table_knows_every_refusal_of_the_server_and_no_other() -> None:
    of_commands = {"station-name-taken", "station-missing", "station-key-missing"}
    own = {kind.code for kind in _subclasses(intake.IntakeError) if kind.__module__ == intake.__name__}
    lower = {kind.code for kind in intake._OTHERS}

    assert set(REFUSALS) == (own | lower) - of_commands


def test_a_refusal_of_a_later_server_is_judged_by_its_status() -> None:
    assert effect_of("something-new", 503) is ServerUnreachableError
    assert effect_of("something-new", 429) is ServerUnreachableError
    assert effect_of("something-new", 409) is RefusedError


def _codes(kind: type[CollectorError]) -> list[str]:
    return [code for code, effect in REFUSALS.items() if effect is kind]


@pytest.mark.parametrize("code", [*_codes(RefusedError), "something-new"])
def test_a_refusal_that_concerns_all_ends_the_run(
    code: str, far_station: Station, server: IntakeServer, network: FaultyNetwork, device: Path
) -> None:
    network.add(Fault("POST", "/intake/uploads", answer=(409, refusal(code)), times=9))
    done = far_station.collect(device, "--clear-device")

    assert done.code == 7
    assert f"no: {code}" in done.words
    assert _nothing_happened(far_station, server, device)

    network.mend()
    assert far_station.collect(device).code == 0
    assert len(server.sealed()) == 3
    assert len(server.openings()) == 1


@pytest.mark.parametrize("code", _codes(ServerUnreachableError))
def test_a_refusal_that_passes_is_waited_for(
    code: str, far_station: Station, server: IntakeServer, network: FaultyNetwork, device: Path
) -> None:
    network.add(Fault("POST", ".*/seal", answer=(409, refusal(code)), times=2))

    assert far_station.collect(device).code == 0
    assert len(server.sealed()) == 3


@pytest.mark.parametrize("code", _codes(ServerUnreachableError))
def test_a_refusal_that_should_pass_and_does_not_is_said_in_the_serversrefusal(
    code: str, far_station: Station, network: FaultyNetwork, device: Path
) -> None:
    network.add(Fault("POST", ".*/seal", answer=(409, refusal(code)), times=999))
    done = far_station.collect(device, "--clear-device", patience=0.2)

    assert done.code == 5
    (trouble,) = done.of("trouble")
    assert f"no: {code}" in trouble["en"]
    assert f"否：{code}" in trouble["zh"]
    assert len(left_on(device)) == 3


_IMPORTANT = "DCIM/100/7654321_650012_20261123101010_0008_IMP.mp4"
_TRACK = "DCIM/100/7654321_650012_20261123101010_0008_IMP.gps"


@pytest.mark.parametrize("code", _codes(FileRefusedError))
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/intake/uploads"), ("PATCH", ".*"), ("POST", ".*/seal")],
    ids=["create", "append", "seal"],
)
def test_a_refusal_of_one_file_lets_the_others_pass(
    method: str,
    path: str,
    code: str,
    *,
    far_station: Station,
    server: IntakeServer,
    network: FaultyNetwork,
    device: Path,
) -> None:
    network.add(Fault(method, path, answer=(409, refusal(code))))
    done = far_station.collect(device, "--clear-device", "--parallel", "1")

    assert done.code == 3
    assert done.troubles == ["file-refused"]
    assert f"The server refused {_IMPORTANT} ({code}): " in done.words
    assert done.skipped() == {_IMPORTANT: "refused", _TRACK: "recording-not-taken"}
    assert [one.name for one in server.sealed()] == [b"7654321_650012_20261123094210_0007.mp4"]
    assert left_on(device) == {Path(name).name for name in (_IMPORTANT, _TRACK)}

    assert far_station.collect(device, "--clear-device").code == 0
    assert len(server.sealed()) == 3


@pytest.mark.parametrize("code", _codes(UploadLostError))
def test_an_upload_uuid_of_no_more_use_is_replaced_once(
    code: str, far_station: Station, server: IntakeServer, network: FaultyNetwork, device: Path
) -> None:
    network.add(Fault("POST", ".*/seal", answer=(409, refusal(code))))

    assert far_station.collect(device, "--clear-device").code == 0
    assert len(server.declarations()) == 4
    assert len(server.sealed()) == 3


@pytest.mark.parametrize("code", _codes(UploadLostError))
def test_a_second_upload_uuid_of_no_use_ends_that_file_only(
    code: str, far_station: Station, server: IntakeServer, network: FaultyNetwork, device: Path
) -> None:
    network.add(Fault("POST", ".*/seal", answer=(409, refusal(code)), times=2))
    done = far_station.collect(device, "--clear-device", "--parallel", "1")

    assert done.code == 3
    assert done.troubles == ["upload-lost"]
    assert done.skipped() == {_IMPORTANT: "refused", _TRACK: "recording-not-taken"}
    assert len(server.sealed()) == 1

    assert far_station.collect(device, "--clear-device").code == 0
    assert len(server.sealed()) == 3


def test_a_refused_attachment_keeps_its_recording_on_the_device_and_is_sent_by_the_next_run(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, device: Path
) -> None:
    network.add(Fault("POST", ".*/seal", skip=1, answer=(409, refusal("original-not-sealed"))))
    done = far_station.collect(device, "--clear-device", "--parallel", "1")

    assert done.code == 3
    assert done.skipped() == {_TRACK: "refused"}
    assert done.ended["kept"] == [_IMPORTANT, _TRACK]
    assert len(server.sealed()) == 2
    assert left_on(device) == {Path(name).name for name in (_IMPORTANT, _TRACK)}

    assert far_station.collect(device, "--clear-device").code == 0
    assert len(server.sealed()) == 3
    assert left_on(device) == set()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>log in to the Wi-Fi</html>"),
        (200, b'{"time": ' + b"[" * 100_000),
        (200, b'{"time": ' + b"9" * 5_000 + b"}"),
        (302, b""),
        (404, b"nginx"),
        (401, b"{}"),
        (400, b'{"code": 1}'),
        (400, b'{"code": ["x"], "zh": ["x"], "en": ["x"]}'),
        (400, b"[" * 100_000),
    ],
    ids=["html", "deep", "digits", "moved", "nginx", "empty", "numbers", "lists", "deep-refusal"],
)
def test_a_server_that_is_none_of_ours_is_said(
    status: int, body: bytes, far_station: Station, network: FaultyNetwork, device: Path
) -> None:
    network.add(Fault("GET", answer=(status, body), times=99))
    done = far_station.collect(device)

    assert done.code == 7
    assert done.troubles == ["server-answer-unknown"]


def test_a_body_that_does_not_decode_is_said(far_station: Station, network: FaultyNetwork, device: Path) -> None:
    network.add(Fault("GET", answer=(200, b"no gzip"), headers=(("Content-Encoding", "gzip"),), times=99))
    done = far_station.collect(device)

    assert done.code == 7
    assert done.troubles == ["server-answer-unknown"]
    assert "its content cannot be decoded" in done.words


def test_an_offset_of_more_digits_than_can_be_read_is_not_believed(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, device: Path
) -> None:
    network.add(Fault("POST", "/intake/uploads", answer=(201, b""), headers=(("Upload-Offset", "9" * 5_000),)))
    done = far_station.collect(device)

    assert done.code == 7
    assert done.troubles == ["server-answer-unknown"]
    assert server.sealed() == []


def _head_answered(network: FaultyNetwork, status: int, code: str | None) -> CollectorError:
    """Return what a HEAD ends with that is answered with `status` and, if given, the header of `code`."""
    headers = () if code is None else (("Liuhen-Code", code),)
    network.add(Fault("HEAD", answer=(status, b""), headers=headers))
    with (
        HttpTransport(network.url, "lhs_key") as transport,
        pytest.raises(CollectorError) as caught,
    ):
        transport.offset("00000000-0000-4000-8000-000000000000", 1)
    return caught.value


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refused_head_means_what_its_header_says(code: str, network: FaultyNetwork) -> None:
    error = _head_answered(network, 409, code)

    assert type(error) is REFUSALS[code]
    told = error.as_dict()
    assert code in told["zh"] or code in told["en"]


@pytest.mark.parametrize(
    ("status", "code", "kind", "refused"),
    [
        (401, None, KeyRefusedError, "station-key-unknown"),
        (404, None, UploadLostError, "upload-unknown"),
        (410, None, UploadLostError, "upload-expired"),
        (410, "something-new", UploadLostError, "upload-expired"),
        (401, "station-key-revoked", KeyRefusedError, "station-key-revoked"),
    ],
)
def test_a_head_without_a_known_header_means_what_its_status_says(
    status: int, code: str | None, kind: type[RefusedError], refused: str, *, network: FaultyNetwork
) -> None:
    error = _head_answered(network, status, code)

    assert type(error) is kind
    assert error.where["refusal"] == refused


def test_an_answer_without_end_is_cut_off(far_station: Station, network: FaultyNetwork, device: Path) -> None:
    network.add(Fault("GET", answer=(400, b"x" * (5 << 20)), times=99))

    assert far_station.collect(device).code == 7


def test_what_a_server_says_cannot_command_the_terminal(
    far_station: Station, network: FaultyNetwork, device: Path
) -> None:
    body = json.dumps({"code": "x\x1b[2J", "zh": "\x1b[2J", "en": "\x1b[2J", "where": {}}).encode()
    network.add(Fault("GET", answer=(400, body), times=99))

    assert "\x1b" not in far_station.collect(device).words


def test_what_stands_in_a_false_receipt_cannot_command_the_terminal(
    far_station: Station, network: FaultyNetwork, device: Path
) -> None:
    twice = b'{"\\u001b[2J":1,"\\u001b[2J":2}'
    network.add(Fault("POST", ".*/seal", alter_answer=lambda _: twice, times=9))
    done = far_station.collect(device)

    assert done.troubles == ["receipt-not-accepted"]
    assert "⟨U+001B⟩[2J" in done.words
    assert "\x1b" not in done.words


@pytest.mark.parametrize(
    ("url", "code", "trouble"),
    [
        ("http://liuhen.example", 11, "server-not-secure"),
        ("ftp://127.0.0.1", 11, "server-address-invalid"),
        ("127.0.0.1:8000", 11, "server-address-invalid"),
        ("http://127.0.0.1:99999", 11, "server-address-invalid"),
        ("http://user@127.0.0.1", 11, "server-address-invalid"),
        ("https://a..b", 11, "server-address-invalid"),
        ("https://ex_é.", 11, "server-address-invalid"),
        ("https://xn--a.b", 11, "server-address-invalid"),
        (f"https://{'a' * 64}.example", 11, "server-address-invalid"),
        ("https://a\x07b", 11, "server-address-invalid"),
    ],
    ids=[
        "plain-http",
        "other-scheme",
        "no-scheme",
        "port-too-high",
        "with-a-user",
        "empty-label",
        "letters-no-name-has",
        "punycode-of-nothing",
        "label-too-long",
        "with-a-control",
    ],
)
def test_an_address_that_cannot_be_trusted_with_a_key_is_refused(
    url: str, code: int, trouble: str, station: Station, device: Path
) -> None:
    station.url = url
    done = station.collect(device)

    assert done.code == code
    assert done.troubles == [trouble]

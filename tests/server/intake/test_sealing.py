"""The seal and its answers, over real HTTP, on a real vault and ledger."""

from __future__ import annotations

import secrets
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest

from liuhen.core.digests import digest_stream
from liuhen.core.receipt import parse_receipt
from tests.server.intake.refusals import refused

if TYPE_CHECKING:
    from tests.server.intake.conftest import Starter
    from tests.support.live_server import LiveServer, StationClient

FACTS = {
    "device_serial": {"value": "7654321", "source": "name"},
    "officer_code": {"value": "650012", "source": "name"},
    "started": {"value": "2026-11-23T09:42:10", "source": "name"},
    "sequence": {"value": 7, "source": "name"},
    "important": {"value": True, "source": "device"},
    "kind": {"value": "video", "source": "name"},
    "grammar": {"value": "gat", "source": "name"},
}


def _fresh(size: int = 100_000) -> bytes:
    return secrets.token_bytes(size)


def _sha256(data: bytes) -> str:
    return digest_stream([data]).sha256


def test_a_sealed_upload_has_a_recording_an_event_and_a_receipt_that_verifies(
    server: LiveServer, station: StationClient
) -> None:
    data = _fresh()
    station.open(device="7654321")
    upload, answer = station.sealed(data, name_raw=b"7654321_650012_20261123094210_0007.mp4", facts=FACTS)
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    assert "liuhen-duplicate" not in answer.headers
    facts = station.verified(answer.content, data)
    assert facts.name == b"7654321_650012_20261123094210_0007.mp4"
    assert facts.details["facts"] == FACTS
    assert server.pull("recordings", sha256=_sha256(data)) == [
        {
            "id": str(facts.recording),
            "name": "7654321_650012_20261123094210_0007.mp4",
            "name_raw": facts.name.hex(),
            "kind": "video",
            "state": "sealed",
            "unit": "v",
            "device": "7654321",
            "officer": "li",
            "officer_code": "650012",
            "device_started": "2026-11-23T09:42:10",
            "device_started_source": "name",
            "sequence": "7",
            "important": "True",
            "clock_method": "declared",
            "clock_error_ms": "1400",
        }
    ]
    assert upload not in server.pull("staged")
    (event,) = server.pull("events", subject=f"recording/{facts.recording}")
    assert (event["type"], event["upload"], event["actor"]) == (
        "recording:sealed",
        upload,
        f"station/{station.station}",
    )


def test_a_file_that_tells_nothing_goes_to_the_stations_unit(server: LiveServer, station: StationClient) -> None:
    data = _fresh()
    clock = {"method": "unknown", "error_ms": None, "measured": None, "uncertainty_ms": None}
    station.open(device=None, clock=clock)
    started = {"value": "0001-01-01T00:00:00", "source": "mtime"}
    code = {"value": "x" * 60, "source": "name"}
    station.sealed(data, facts={"started": started, "officer_code": code})
    (row,) = server.pull("recordings", sha256=_sha256(data))
    assert (row["unit"], row["device"], row["officer"], row["kind"]) == ("u", None, None, "unknown")
    assert (row["device_started"], row["device_started_source"], row["officer_code"]) == ("", "", "")


def test_asking_again_after_a_lost_answer_gives_the_same_receipt(station: StationClient) -> None:
    data = _fresh()
    upload, first = station.sealed(data)
    again = station.seal(upload, data)
    assert (first.status_code, again.status_code, again.content) == (201, 200, first.content)
    assert "liuhen-duplicate" not in again.headers
    kept = station.ask("GET", f"uploads/{upload}/receipt")
    assert (kept.status_code, kept.content) == (200, first.content)
    assert kept.headers["content-type"] == "application/json"
    where = refused(station.seal(upload, b"other"), 409, "seal-differs")
    assert where["sealed"] == _sha256(data)


def test_there_is_no_receipt_before_the_seal(station: StationClient) -> None:
    upload = station.created(3)
    refused(station.ask("GET", f"uploads/{upload}/receipt"), 404, "receipt-unknown")
    refused(station.ask("GET", f"uploads/{uuid.UUID(int=7)}/receipt"), 404, "upload-unknown")
    refused(station.ask("POST", f"uploads/{upload}/seal", json={}), 400, "request-invalid")


def test_the_same_bytes_again_get_the_first_receipt_and_an_event(
    server: LiveServer, station: StationClient, second_station: StationClient
) -> None:
    data = _fresh()
    _, first = station.sealed(data, name_raw=b"first.mp4")
    second_station.open()
    upload, again = second_station.sealed(data, name_raw=b"second.mp4")
    assert (again.status_code, again.headers["liuhen-duplicate"], again.content) == (200, "true", first.content)
    repeated = second_station.seal(upload, data)
    assert (repeated.status_code, repeated.headers["liuhen-duplicate"]) == (200, "true")
    facts = second_station.verified(again.content, data)
    assert facts.name == b"first.mp4"
    events = [event["type"] for event in server.pull("events", subject=f"recording/{facts.recording}")]
    assert events == ["recording:sealed", "recording:received-again"]
    assert len(server.pull("recordings", sha256=_sha256(data))) == 1
    assert server.pull("upload", upload=upload)["state"] == "duplicate"
    assert upload not in server.pull("staged")


def test_two_uploads_of_the_same_bytes_at_once_make_one_recording(server: LiveServer, station: StationClient) -> None:
    for _ in range(5):
        data = _fresh(2000)
        uploads = [station.uploaded(data), station.uploaded(data)]
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(partial(station.seal, data=data), uploads))
        assert sorted(answer.status_code for answer in answers) == [200, 201]
        assert [answer.headers.get("liuhen-duplicate") for answer in answers].count("true") == 1
        recordings = {station.verified(answer.content, data).recording for answer in answers}
        assert len(recordings) == 1
        assert len(server.pull("recordings", sha256=_sha256(data))) == 1


def test_two_seals_of_one_upload_at_once_agree(server: LiveServer, station: StationClient) -> None:
    data = _fresh()
    upload = station.uploaded(data)
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: station.seal(upload, data), range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 201]
    assert len({answer.content for answer in answers}) == 1
    assert len(server.pull("recordings", sha256=_sha256(data))) == 1


def test_an_upload_that_is_not_whole_is_not_sealed(server: LiveServer, station: StationClient) -> None:
    upload = station.created(6)
    station.patch(upload, 0, b"123")
    where = refused(station.seal(upload, b"123456"), 409, "upload-incomplete")
    assert where == {"upload": upload, "declared": 6, "received": 3}
    assert refused(station.seal(upload, b"123"), 409, "upload-incomplete")["declared"] == 6
    station.patch(upload, 3, b"456")
    assert refused(station.seal(upload, b"1234567"), 409, "upload-incomplete")["declared"] == 7
    assert station.seal(upload, b"123456").status_code == 201
    assert server.pull("upload", upload=upload)["state"] == "sealed"


def test_wrong_digests_lose_the_upload_with_an_event_and_the_next_run_begins_anew(
    server: LiveServer, station: StationClient
) -> None:
    data = _fresh()
    declaration = station.declaration()
    upload = declaration["upload"]
    station.create(len(data), declaration)
    station.patch(upload, 0, data[:-1] + bytes([data[-1] ^ 1]))
    altered = _sha256(data[:-1] + bytes([data[-1] ^ 1]))
    where = refused(station.seal(upload, data), 409, "digest-mismatch")
    assert (where["declared"], where["received"]) == (_sha256(data), altered)
    (event,) = server.pull("events", subject=f"upload/{upload}")
    assert (event["type"], event["reason"]) == ("upload:refused", "digest-mismatch")
    assert (event["declared"], event["received"], event["size"]) == (_sha256(data), altered, len(data))
    assert upload not in server.pull("staged")
    assert altered not in server.pull("objects")
    refused(station.seal(upload, data), 404, "upload-unknown")
    assert station.create(len(data), declaration).status_code == 201
    station.patch(upload, 0, data)
    assert station.seal(upload, data).status_code == 201


def test_a_late_checkpoint_is_told_and_the_receipt_follows(start: Starter) -> None:
    server, station = start()
    data = _fresh()
    upload = station.uploaded(data)
    server.pull("stop_integrator")
    refused(station.seal(upload, data), 503, "ledger-behind")
    refused(station.seal(upload, data), 503, "ledger-behind")
    assert server.pull("upload", upload=upload)["state"] == "sealed"
    server.pull("start_integrator")
    answer = station.seal(upload, data)
    assert answer.status_code == 200
    station.verified(answer.content, data)
    assert len(server.pull("recordings", sha256=_sha256(data))) == 1


def test_an_attachment_is_sealed_after_its_original_and_names_it(server: LiveServer, station: StationClient) -> None:
    data, track = _fresh(), b"$GPRMC" + _fresh(100)
    original = station.uploaded(data, name_raw=b"clip.mp4")
    attachment = station.uploaded(track, name_raw=b"clip.gps", role="attachment", attached_to=original)
    where = refused(station.seal(attachment, track), 409, "original-not-sealed")
    assert where["original"] == original
    recording = station.verified(station.seal(original, data).content, data).recording
    answer = station.seal(attachment, track)
    assert answer.status_code == 201
    facts = station.verified(answer.content, track, role="attachment")
    assert (facts.recording, facts.name) == (recording, b"clip.gps")
    again, duplicate = station.sealed(track, name_raw=b"again.gps", role="attachment", attached_to=original)
    assert (duplicate.status_code, duplicate.headers["liuhen-duplicate"]) == (200, "true")
    assert duplicate.content == answer.content
    assert server.pull("attachments", sha256=_sha256(track)) == 1
    assert server.pull("upload", upload=again)["recording_id"] == str(recording)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("执法记录.mp4".encode("gb18030"), "执法记录.mp4"),
        (b"two\nlines.mp4", "two⟨U+000A⟩lines.mp4"),
        (b"n" * 251 + b".mp4", "n" * 251 + ".mp4"),
        (b"../../etc/passwd", "../../etc/passwd"),
        ("photo\u202egpj.exe".encode(), "photo⟨U+202E⟩gpj.exe"),
        (b"\xff" * 255, "⟨0xFF⟩" * 66 + "⟨0x…F⟩" + "⟨0xFF⟩" * 33),
        (("长" * 255).encode(), "长" * 255),
    ],
    ids=["GB18030", "newline", "255 bytes", "dots", "bidi", "undecodable", "255 characters"],
)
def test_names_are_kept_raw_and_shown_safely(
    server: LiveServer, station: StationClient, raw: bytes, shown: str
) -> None:
    data = _fresh(1000)
    upload, answer = station.sealed(data, name_raw=raw)
    assert answer.status_code == 201
    assert parse_receipt(answer.content).name == raw
    row = server.pull("upload", upload=upload)
    assert len(row["name"]) <= 600
    assert row["name"] == shown
    assert server.pull("recordings", sha256=_sha256(data))[0]["name_raw"] == raw.hex()


def test_identical_names_are_no_matter(station: StationClient) -> None:
    receipts = [station.sealed(_fresh(500), name_raw=b"IMG_0001.JPG")[1] for _ in range(2)]
    assert len({parse_receipt(answer.content).recording for answer in receipts}) == 2


def test_an_empty_file_is_kept(station: StationClient) -> None:
    _, answer = station.sealed(b"", name_raw=b"empty.mp4")
    assert answer.status_code in {200, 201}
    station.verified(answer.content, b"")

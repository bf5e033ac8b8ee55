from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen.core import digests
from liuhen.core.digests import (
    Digester,
    Digests,
    Sha1,
    Sha256,
    Sm3,
    digest_file,
    digest_stream,
    hmac_sha256,
    sha1,
    sha256,
)
from tests.core.vectors import json_file

if TYPE_CHECKING:
    from pathlib import Path

_SM3_CASES = json_file("sm3/sm3.json")
_ABC_SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
_ABC_SM3 = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def _sm3_with(engine: Any, data: bytes) -> str:
    engine.update(data)
    return str(engine.digest().hex())


@pytest.mark.parametrize("case", _SM3_CASES, ids=[str(n) for n in range(len(_SM3_CASES))])
@pytest.mark.parametrize("make", [digests._hashlib_sm3, digests._PycaSm3], ids=["hashlib", "pyca"])
def test_both_sm3_engines_give_the_standard_digests(make: Any, case: dict[str, Any]) -> None:
    assert _sm3_with(make(), bytes.fromhex(case["input_hex"])) == case["sm3_hex"]


def test_sm3_falls_back_to_pyca_where_openssl_lacks_it() -> None:
    def without_sm3() -> Any:
        raise ValueError("unsupported hash type sm3")

    assert digests._choose_sm3(without_sm3) is digests._PycaSm3


def test_sm3_of_openssl_is_preferred_where_it_is() -> None:
    assert digests._choose_sm3(digests._hashlib_sm3) is digests._hashlib_sm3


def test_known_digests() -> None:
    assert sha256(b"abc").hex() == _ABC_SHA256
    assert sha1(b"abc").hex() == "a9993e364706816aba3e25717850c26c9cd0d89d"


def test_hmac_gives_the_first_case_of_rfc_4231() -> None:
    mac = hmac_sha256(b"\x0b" * 20, b"Hi There")
    assert mac.hex() == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(Sha256, _ABC_SHA256), (Sm3, _ABC_SM3), (Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d")],
    ids=["sha256", "sm3", "sha1"],
)
def test_an_incremental_digest_goes_on_after_it_was_read_and_copied(kind: Any, expected: str) -> None:
    digest = kind()
    digest.update(b"a")
    digest.digest()
    before = digest.copy()
    digest.update(memoryview(b"bc"))
    assert digest.hexdigest() == expected
    before.update(bytearray(b"xyz"))
    before.update(b"")
    assert before.hexdigest() != expected
    assert digest.digest().hex() == expected


def test_a_copy_of_the_pyca_engine_is_independent() -> None:
    engine = digests._PycaSm3()
    engine.update(b"ab")
    twin = engine.copy()
    twin.update(b"x")
    assert _sm3_with(engine, b"c") == _ABC_SM3


@given(st.lists(st.binary(max_size=64)))
def test_one_read_gives_both_digests_however_it_is_cut(chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    sm3 = Sm3()
    sm3.update(whole)
    expected = Digests(sha256=sha256(whole).hex(), sm3=sm3.hexdigest(), size=len(whole))
    assert digest_stream(chunks) == expected


def test_a_large_buffer_is_cut_and_a_reused_one_is_copied() -> None:
    buffer = bytearray(b"x" * (3 * 1024 * 1024 + 1))
    with Digester() as digester:
        digester.update(buffer)
        buffer[:] = b"y" * len(buffer)
        digester.update(bytes(buffer))
        found = digester.finish()
    expected = sha256(b"x" * len(buffer) + b"y" * len(buffer)).hex()
    assert (found.sha256, found.size) == (expected, 2 * len(buffer))


def test_a_file_is_digested_by_text_and_raw_name(tmp_path: Path) -> None:
    path = tmp_path / "记录.mp4"
    path.write_bytes(b"abc")
    raw = bytes(path)
    assert digest_file(path) == digest_file(raw) == Digests(sha256=_ABC_SHA256, sm3=_ABC_SM3, size=3)


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        digest_file(tmp_path / "none")


def test_the_threads_end_when_reading_fails() -> None:
    def broken() -> Any:
        yield b"x"
        raise OSError("the device was pulled out")

    before = threading.active_count()
    with pytest.raises(OSError, match="pulled out"):
        digest_stream(broken())
    assert threading.active_count() == before


def test_few_pieces_wait_for_a_slow_thread() -> None:
    digester = Digester()
    lane = digester._lanes[0]
    assert lane._queue.maxsize == 8
    digester.close()
    digester.close()
    assert not lane._thread.is_alive()


@pytest.mark.parametrize("use", [lambda d: d.update(b"x"), lambda d: d.finish()], ids=["update", "finish"])
def test_a_finished_digester_is_not_used_again(use: Any) -> None:
    digester = Digester()
    digester.finish()
    with pytest.raises(ValueError, match="closed"):
        use(digester)

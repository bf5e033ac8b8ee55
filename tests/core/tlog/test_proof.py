from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen.core.tlog.errors import ProofFormatError
from liuhen.core.tlog.proof import TlogProof

_HASH = base64.b64encode(bytes(range(32))).decode()
_hashes = st.lists(st.binary(min_size=32, max_size=32), max_size=63).map(tuple)


@given(
    st.builds(
        TlogProof,
        index=st.integers(0, 2**62),
        hashes=_hashes,
        checkpoint=st.binary(max_size=60),
        extra=st.none() | st.binary(max_size=40),
    )
)
def test_a_proof_is_read_back(proof: TlogProof) -> None:
    assert TlogProof.parse(proof.encode()) == proof


def test_a_proof_is_written_as_the_specification_says() -> None:
    proof = TlogProof(index=7, hashes=(bytes(range(32)),), checkpoint=b"log\n8\nroot\n", extra=b"x")
    assert proof.encode().decode() == f"c2sp.org/tlog-proof@v1\nextra eA==\nindex 7\n{_HASH}\n\nlog\n8\nroot\n"


_MALFORMED = {
    "empty": ("", "header"),
    "no-checkpoint": (f"c2sp.org/tlog-proof@v1\nindex 1\n{_HASH}\n", "header"),
    "other-version": ("c2sp.org/tlog-proof@v2\nindex 1\n\n", "header"),
    "no-index": ("c2sp.org/tlog-proof@v1\n\n", "index"),
    "only-extra": ("c2sp.org/tlog-proof@v1\nextra eA==\n\n", "index"),
    "extra-last": ("c2sp.org/tlog-proof@v1\nindex 1\nextra eA==\n\n", "hash"),
    "extra-not-base64": ("c2sp.org/tlog-proof@v1\nextra eA\nindex 1\n\n", "extra"),
    "index-with-zero": ("c2sp.org/tlog-proof@v1\nindex 01\n\n", "index"),
    "index-negative": ("c2sp.org/tlog-proof@v1\nindex -1\n\n", "index"),
    "index-of-20-digits": (f"c2sp.org/tlog-proof@v1\nindex {'9' * 20}\n\n", "index"),
    "short-hash": ("c2sp.org/tlog-proof@v1\nindex 1\nYQ==\n\n", "hash"),
    "hash-not-base64": ("c2sp.org/tlog-proof@v1\nindex 1\n!\n\n", "hash"),
    "carriage-return": (f"c2sp.org/tlog-proof@v1\nindex 1\n{_HASH}\r\n\n", "hash"),
    "64-hashes": (f"c2sp.org/tlog-proof@v1\nindex 1\n{f'{_HASH}\n' * 64}\n", "hash-count"),
    "not-ascii": ("c2sp.org/tlog-proof@v1\nindex ١\n\n", "not-ascii"),
    "too-large": ("c2sp.org/tlog-proof@v1\nindex 1\n\n" + "x" * (1 << 20), "size"),
}


@pytest.mark.parametrize("name", _MALFORMED)
def test_a_malformed_proof_is_refused_by_its_defect(name: str) -> None:
    text, problem = _MALFORMED[name]
    with pytest.raises(ProofFormatError) as caught:
        TlogProof.parse(text.encode())
    assert caught.value.where["problem"] == problem

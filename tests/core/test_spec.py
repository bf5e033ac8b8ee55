"""What the code can say stands in docs/spec."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

import liuhen.core
import liuhen.core.verify.errors as verify_errors
from liuhen.core import canonical
from liuhen.core.events import EventType
from liuhen.core.verify.errors import ExportError, PolicyError, VerificationError

_CORE: Final = Path(liuhen.core.__file__).parent
_SPEC: Final = Path(__file__).parents[2] / "docs" / "spec"


def _words(name: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", (_SPEC / name).read_text(encoding="utf-8")))


@pytest.mark.parametrize("event_type", EventType, ids=str)
def test_every_event_type_is_in_the_specification(event_type: EventType) -> None:
    assert event_type.value in _words("events.md")


def test_every_problem_code_is_in_the_specification() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in sorted((_CORE / "tlog").glob("*.py")))
    codes = set(re.findall(r'problem="([^"]+)"', source))
    assert len(codes) > 10
    assert codes <= _words("ledger.md")


def test_every_refusal_of_canonical_json_is_in_the_specification() -> None:
    errors = [value for value in vars(canonical).values() if isinstance(value, type)]
    codes = {kind.code for kind in errors if issubclass(kind, canonical.CanonicalError)}
    assert codes - {canonical.CanonicalError.code} <= _words("digests.md")


def test_every_refusal_of_a_receipt_is_in_the_specification() -> None:
    bases = {VerificationError, PolicyError}
    kinds = [getattr(verify_errors, name) for name in verify_errors.__all__]
    codes = {kind.code for kind in kinds if not issubclass(kind, ExportError) and kind not in bases}
    assert codes <= _words("receipt.md")

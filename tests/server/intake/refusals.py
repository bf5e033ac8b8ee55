"""Checking that an answer is a refusal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

__all__ = ["refused"]


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check that `answer` is the refusal `code` with both sentences, and return what it says of where."""
    assert (answer.status_code, answer.headers.get("liuhen-code")) == (status, code), answer.text
    if answer.request.method == "HEAD":
        return {}
    body = json.loads(answer.content)
    assert set(body) == {"code", "zh", "en", "where"}
    assert body["code"] == code
    assert body["zh"]
    assert body["en"]
    where: dict[str, Any] = body["where"]
    return where

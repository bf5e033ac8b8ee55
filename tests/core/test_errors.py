from __future__ import annotations

import importlib
import pickle
import pkgutil
import re
import string
from typing import Any

import pytest

import liuhen.core
from liuhen.core.errors import Language, LiuhenError
from liuhen.core.tlog.errors import TilePathError


def _families() -> list[type[LiuhenError]]:
    for module in pkgutil.walk_packages(liuhen.core.__path__, "liuhen.core."):
        importlib.import_module(module.name)
    found: list[type[LiuhenError]] = []
    pending = [LiuhenError]
    while pending:
        kind = pending.pop()
        found.append(kind)
        pending += kind.__subclasses__()
    return sorted({kind for kind in found if kind.__module__.startswith("liuhen.core.")}, key=lambda kind: kind.code)


_ERRORS = _families()


def _fields(template: str) -> set[str]:
    return {re.split(r"[.\[]", name)[0] for _, name, _, _ in string.Formatter().parse(template) if name}


def _example(kind: type[LiuhenError]) -> LiuhenError:
    """Return an error of `kind` with an example for each field that its templates show."""
    cause = TilePathError(path="x").as_dict()
    fields = _fields(kind.zh) | _fields(kind.en)
    where: dict[str, Any] = {name: cause if name == "cause" else "1" for name in fields}
    return kind(**where)


def test_every_code_is_unique_and_in_kebab_case() -> None:
    codes = [kind.code for kind in _ERRORS]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code) for code in codes)


@pytest.mark.parametrize("kind", _ERRORS, ids=[kind.code for kind in _ERRORS])
def test_every_error_speaks_both_languages_of_the_same_facts(kind: type[LiuhenError]) -> None:
    assert {name.removesuffix("_zh") for name in _fields(kind.zh)} == {
        name.removesuffix("_en") for name in _fields(kind.en)
    }
    error = _example(kind)
    chinese, english = error.text(Language.ZH), error.text(Language.EN)
    assert re.search(r"[一-鿿]", chinese)
    assert not re.search(r"[一-鿿]", english)
    assert chinese.endswith("。")
    assert english.endswith(".")
    assert str(error) == english


@pytest.mark.parametrize("kind", _ERRORS, ids=[kind.code for kind in _ERRORS])
def test_every_error_travels_between_processes(kind: type[LiuhenError]) -> None:
    error = _example(kind)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - made one line above
    assert type(again) is kind
    assert again.as_dict() == error.as_dict()
    assert error.as_dict()["code"] == kind.code

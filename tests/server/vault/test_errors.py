from __future__ import annotations

import inspect
from string import Formatter

import pytest

from liuhen.core.errors import Language
from liuhen.server.vault import errors

ERRORS: list[type[errors.VaultError]] = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.VaultError)
]


@pytest.mark.parametrize("kind", ERRORS, ids=[kind.__name__ for kind in ERRORS])
def test_an_error_speaks_both_languages_of_the_same_facts(kind: type[errors.VaultError]) -> None:
    named = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (kind.zh, kind.en)]
    facts = {name: f"<{name}>" for name in named[0] | named[1]}
    for language, names in zip(Language, named, strict=True):
        text = kind(**facts).text(language)
        assert all(facts[name] in text for name in names)
    assert kind.zh.endswith("。")
    assert kind.en.endswith(".")


def test_codes_are_unique_and_every_public_error_is_of_one_family() -> None:
    assert len({kind.code for kind in ERRORS}) == len(ERRORS)
    assert sorted(kind.__name__ for kind in ERRORS) == sorted(errors.__all__)

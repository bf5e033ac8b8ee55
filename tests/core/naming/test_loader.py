from __future__ import annotations

import pytest

from liuhen.core.errors import Language
from liuhen.core.naming import GrammarInvalidError, MediaKind, builtin_grammars, load_grammars, read_name

_OWN = """
version = 1
sidecars = ["trk"]
important_folders = ["要案"]
[kinds]
video = ["xyz"]
[[grammar]]
id = "own"
description = "this agency's own names"
patterns = ["ZF{sequence:digits:4}"]
[[grammar.example]]
name = "ZF0007.xyz"
kind = "video"
sequence = 7
"""


def test_the_table_of_the_package_reads_all_its_examples() -> None:
    grammars = builtin_grammars()

    assert len(grammars.entries) >= 20
    assert grammars.is_sidecar(b"a.GPS")
    assert not grammars.is_sidecar(b"a.mp4")


def test_an_agencys_table_comes_before_the_packages_and_adds_to_it() -> None:
    grammars = load_grammars(_OWN.encode(), file="own.toml", base=builtin_grammars())

    assert read_name(b"ZF0007.xyz", grammars).grammar == "own"
    assert read_name(b"AMBA0007.MP4", grammars).grammar == "amba-counter"
    assert grammars.kind_of(b"a.xyz") is MediaKind.VIDEO
    assert grammars.is_sidecar(b"a.trk")
    assert {"要案", "ro"} <= grammars.important_folders
    assert grammars.is_sidecar(b"a.gps")


def test_an_empty_table_of_the_right_version_is_a_table() -> None:
    assert load_grammars(b"version = 1", file="empty.toml").entries == ()


def _edited(old: str, new: str) -> bytes:
    assert old in _OWN
    return _OWN.replace(old, new, 1).encode()


_FAULTS = {
    "not-utf8": (b"version = 1 # \xff", "file", "UTF-8"),
    "not-toml": (b"version = ", "file", "TOML"),
    "no-version": (b"", "version", "must be 1"),
    "unknown-key": (_edited("version = 1", "version = 1\ncolour = 2"), "colour", "no such key"),
    "kinds-no-table": (b"version = 1\nkinds = 3", "kinds", "table"),
    "unknown-kind": (_edited("video =", "smell ="), "kinds.smell", "no such key"),
    "kind-unknown-named": (_edited("video =", "unknown ="), "kinds.unknown", "no such key"),
    "extension-twice": (_edited('["xyz"]', '["xyz", "xyz"]'), "kinds.video", "twice"),
    "extension-with-dot": (_edited('"xyz"', '".xyz"'), "kinds.video", "lower-case"),
    "extensions-no-list": (_edited('["xyz"]', '"xyz"'), "kinds.video", "list of texts"),
    "folders-no-list": (_edited('["要案"]', '"要案"'), "important_folders", "list of texts"),
    "sidecars-no-list": (_edited('["trk"]', "[1]"), "sidecars", "list of texts"),
    "sidecar-is-media": (_edited('"trk"', '"xyz"'), "sidecars", "media extension"),
    "grammar-no-table": (b"version = 1\ngrammar = 3", "grammar", "tables"),
    "grammar-no-tables": (b"version = 1\ngrammar = [3]", "grammar", "tables"),
    "no-id": (_edited('id = "own"\n', ""), "grammar[0].id", "lower-case"),
    "bad-id": (_edited('id = "own"', 'id = "Own One"'), "grammar[0].id", "lower-case"),
    "id-taken": (_edited('id = "own"', 'id = "dsj"'), "grammar[0].id", "dsj already"),
    "unknown-grammar-key": (_edited('id = "own"', 'id = "own"\nx = 1'), "grammar.own.x", "no such key"),
    "no-description": (
        _edited('"this agency\'s own names"', '" "'),
        "grammar.own.description",
        "description",
    ),
    "bad-kinds": (_edited('id = "own"', 'id = "own"\nkinds = ["smell"]'), "grammar.own.kinds", "only"),
    "no-kinds": (_edited('id = "own"', 'id = "own"\nkinds = []'), "grammar.own.kinds", "only"),
    "no-patterns": (_edited('["ZF{sequence:digits:4}"]', "[]"), "grammar.own.patterns", "one pattern"),
    "bad-pattern": (_edited("{sequence:digits:4}", "{sequence"), "grammar.own.patterns[0]", "has no"),
    "no-example": (_OWN.partition("[[grammar.example]]")[0].encode(), "grammar.own.example", "one example"),
    "example-no-table": (
        _OWN.partition("[[grammar.example]]")[0].encode() + b"example = [1]",
        "grammar.own.example",
        "one example",
    ),
    "example-unknown-key": (
        _edited("sequence = 7", "sequel = 7"),
        "grammar.own.example[0].sequel",
        "no such key",
    ),
    "example-no-name": (_edited('name = "ZF0007.xyz"\n', ""), "grammar.own.example[0].name", "file name"),
    "example-wrong": (_edited("sequence = 7", "sequence = 8"), "grammar.own.example[0]", "read as 7, not 8"),
    "example-wrong-type": (_edited("sequence = 7", "sequence = 7.0"), "grammar.own.example[0]", "read as 7"),
    "example-says-less": (_edited("sequence = 7\n", ""), "grammar.own.example[0]", "read as 7, not None"),
    "example-wrong-kind": (
        _edited('kind = "video"', 'kind = "audio"'),
        "grammar.own.example[0]",
        "video, not audio",
    ),
}


@pytest.mark.parametrize(("data", "key", "reason"), _FAULTS.values(), ids=_FAULTS.keys())
def test_a_faulty_table_is_refused_with_file_key_and_reason(data: bytes, key: str, reason: str) -> None:
    with pytest.raises(GrammarInvalidError) as caught:
        load_grammars(data, file="own.toml", base=builtin_grammars())

    assert caught.value.where["key"] == key
    assert reason in caught.value.text(Language.EN)
    assert "own.toml" in caught.value.text(Language.ZH)


def test_a_grammar_that_an_earlier_one_shadows_is_refused() -> None:
    shadowed = (
        _OWN
        + """
[[grammar]]
id = "late"
description = "never reached"
patterns = ["ZF{sequence:digits:1-6}"]
example = [{ name = "ZF0008.xyz", sequence = 8 }]
"""
    )
    with pytest.raises(GrammarInvalidError, match=r"grammar of ZF0008\.xyz is read as own, not late"):
        load_grammars(shadowed.encode(), file="own.toml")

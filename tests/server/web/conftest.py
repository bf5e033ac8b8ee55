"""Translations are compiled first; the library is made where a test asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tools.i18n import LANGUAGES, LOCALE, compile_catalogue

if TYPE_CHECKING:
    from tests.server.web.library import Library
    from tests.support.cast import Cast

for _language in LANGUAGES:
    compile_catalogue(LOCALE / _language / "LC_MESSAGES" / "django.po")


@pytest.fixture
def library(cast: Cast) -> Library:
    """A few recordings and a collection, and people to look at them."""
    from tests.server.web.library import make_library

    return make_library(cast)

"""Written: the table of how each SDK was called is what the tests do, and whatever they leave out is explained."""

from __future__ import annotations

import pytest
from tools import provider_matrix

from submeter import settings
from submeter.instrumentation import PROVIDERS

pytestmark = pytest.mark.skipif(
    not settings.flag("SUBMETER_TEST_SDKS"), reason="only `make test-providers` installs every SDK"
)


def test_the_table_is_what_the_tests_do() -> None:
    text = provider_matrix.FILE.read_text(encoding="utf-8")
    assert provider_matrix.written(text) == text, "run: make provider-matrix"


@pytest.mark.parametrize("package", PROVIDERS)
def test_every_way_to_call_is_tested_or_explained(package: str) -> None:
    assert provider_matrix.holes(package, provider_matrix.played(package)) == []

"""Presence: `make test-providers` runs against every SDK that is metered, and a missing one is a failure there."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from submeter import settings
from submeter.instrumentation import PROVIDERS


@pytest.mark.skipif(not settings.flag("SUBMETER_TEST_SDKS"), reason="only `make test-providers` installs every SDK")
@pytest.mark.parametrize("package", PROVIDERS)
def test_the_sdk_is_installed(package: str) -> None:
    assert find_spec(package) is not None, f"add {PROVIDERS[package].distribution} to the group `sdks` and `make lock`"

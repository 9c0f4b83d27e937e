"""openai: every shape of a call looks to the host as it does without submeter, and is counted once, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from instrumentation.matrix import check, rows
from instrumentation.openai_dialects import CHAT, OTHERS, RESPONSES

if TYPE_CHECKING:
    from instrumentation.case import Case
    from instrumentation.dialect import Dialect

pytestmark = pytest.mark.usefixtures("clean_gc")


@pytest.mark.parametrize(("dialect", "mode", "case"), rows(CHAT, RESPONSES, *OTHERS))
def test_matrix(dialect: Dialect, mode: str, case: Case) -> None:
    check(dialect, mode, case)

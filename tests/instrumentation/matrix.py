"""Matrix: every shape of a call, for every dialect, synchronous and asynchronous."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from instrumentation import releases, streams, whole
from instrumentation.case import CASES, Case
from metering import metered

if TYPE_CHECKING:
    from collections.abc import Generator

    from _pytest.mark import ParameterSet

    from instrumentation.dialect import Dialect
    from metering import Metering

__all__ = ["CASES", "check", "played", "rows", "streams", "whole"]


def rows(*dialects: Dialect) -> list[ParameterSet]:
    """The parameters of a test of the matrix: dialect, mode and case."""
    return [
        pytest.param(dialect, mode, case, id=f"{dialect.name}-{mode}-{case.name}")
        for case in CASES
        for dialect in dialects
        for mode in case.modes
        if dialect.fits(case.needs)
    ]


def check(dialect: Dialect, mode: str, case: Case) -> None:
    """Plays the case without submeter, then with it: the host sees the same, and the call is counted."""
    with played(dialect, mode, case) as metering:
        case.expected.check(metering, dialect)


@contextmanager
def played(dialect: Dialect, mode: str, case: Case) -> Generator[Metering]:
    """What was metered of the case, after the host saw the same of it as without submeter."""
    try:
        bare = case.seen(dialect, mode)
    except AttributeError as error:
        releases.skip_error(error)
        raise
    releases.skip_what_is_lacking(bare[-1] if bare else None)
    with metered() as metering:
        seen = case.seen(dialect, mode)
        for place, (now, before) in enumerate(zip(seen, bare, strict=False)):
            assert now == before, f"step {place}, after {bare[:place][-3:]}"
        assert len(seen) == len(bare)
        yield metering

"""The guard: our failures are logged once a kind and counted, the host's own ways out are left alone."""

from __future__ import annotations

from typing import Any

import pytest

from submeter.core import guard


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "is_strict", False)
    monkeypatch.setattr(guard, "failures", 0)
    monkeypatch.setattr(guard, "_seen", set[tuple[str, str]]())


def fails(error: BaseException) -> None:
    raise error


def test_it_gives_what_the_function_gives() -> None:
    assert guard.attempt(divmod, 7, 2) == (3, 1)


def test_a_failure_gives_the_default(lenient: None) -> None:
    assert guard.attempt(fails, ValueError()) is None
    assert guard.attempt(fails, ValueError(), default=7) == 7
    assert guard.failures == 2


def test_under_test_a_failure_is_raised() -> None:
    with pytest.raises(ValueError, match="ours"):
        guard.attempt(fails, ValueError("ours"))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_the_hosts_own_ways_out_pass(error: BaseException, lenient: None) -> None:
    with pytest.raises(type(error)) as caught:
        guard.attempt(fails, error)
    assert caught.value is error
    assert guard.failures == 0


def test_each_kind_is_logged_once_with_its_trace(lenient: None, caplog: pytest.LogCaptureFixture) -> None:
    for error in (ValueError(), ValueError(), KeyError(), KeyError()):
        guard.attempt(fails, error)
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ValueError, KeyError]
    assert all("submeter failed in fails" in record.getMessage() for record in caplog.records)


def test_a_report_that_fails_is_no_failure_of_the_host(lenient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(guard, "_report", broken)
    assert guard.attempt(fails, ValueError(), default=7) == 7


def test_what_cannot_be_named_is_reported_too(lenient: None, caplog: pytest.LogCaptureFixture) -> None:
    class Nameless:
        def __call__(self) -> None:
            raise ValueError

        def __repr__(self) -> str:
            return "nameless"

    guard.attempt(Nameless())
    assert "nameless" in caplog.text

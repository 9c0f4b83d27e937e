"""Settings: what each variable takes, and what happens to anything else."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from submeter import settings

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "SUBMETER_SOMETHING"


@pytest.mark.parametrize("value", ["1", "true", "YES", " on "])
def test_on(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBMETER", value)
    assert settings.is_on()


@pytest.mark.parametrize("value", ["", "0", "false", "No", "off", "maybe"])
def test_off(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBMETER", value)
    assert not settings.is_on()


def test_unset_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUBMETER", raising=False)
    assert not settings.is_on()


@pytest.mark.parametrize(("value", "found"), [("1", True), ("off", False), ("maybe", True), ("", True)])
def test_what_is_neither_on_nor_off_is_the_default(value: str, found: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, value)
    assert settings.flag(NAME, default=True) is found


@pytest.mark.parametrize(("value", "found"), [("", None), ("0", 0), (" 2.5 ", 2.5), ("1e6", 1e6)])
def test_a_number(value: str, found: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, value)
    assert settings.number(NAME) == found


@pytest.mark.parametrize("value", ["ten", "-1", "nan", "inf", "1,5"])
def test_no_number_is_an_error_that_names_the_variable_and_the_way_out(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAME, value)
    with pytest.raises(settings.SettingError, match=rf"{NAME}=.*set it to a number of 0 or more"):
        settings.number(NAME)


def test_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, " a, ,b ,")
    assert settings.names(NAME) == ("a", "b")


@pytest.mark.parametrize(
    ("name", "ask", "values", "default"),
    [
        ("SUBMETER_SEMCONV", settings.dialect, ("latest", "legacy", "both"), "latest"),
        ("SUBMETER_INCLUDE_USAGE", settings.include_usage, ("auto", "on", "off"), "auto"),
        (
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
            settings.capture_content,
            ("no_content", "span_only", "event_only", "span_and_event"),
            "no_content",
        ),
    ],
)
def test_a_choice_takes_its_values_in_any_case_and_else_is_the_default(
    name: str, ask: Callable[[], str], values: tuple[str, ...], default: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in values:
        monkeypatch.setenv(name, value.upper())
        assert ask() == value
    for value in ("", "nonsense"):
        monkeypatch.setenv(name, value)
        assert ask() == default


def test_data_lie_where_the_platform_keeps_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUBMETER_DATA", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    assert settings.data_home() == "/somewhere/submeter"
    monkeypatch.setenv("SUBMETER_DATA", "/chosen")
    assert settings.data_home() == "/chosen"


def test_a_variable_that_is_set_reaches_child_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "")
    settings.set_variable(NAME, "7")
    assert settings.variable(NAME) == settings.inherited()[NAME] == "7"


def test_reading_settings_loads_nothing_the_interpreter_had_not() -> None:
    program = "import sys; before = set(sys.modules); import submeter.settings; print(set(sys.modules) - before)"
    found = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": "src"}, cwd=settings.__file__.rpartition("/src/")[0])  # fmt: skip
    names = {name.strip(" '{}\n") for name in found.stdout.split(",")}
    assert names <= {"submeter", "submeter.settings", "submeter.version", "__future__", "os", "posixpath", "stat",
        "genericpath", "os.path", "_stat", "_collections_abc", "abc", "_abc"}  # fmt: skip

"""Every environment variable submeter reads, parsed in one place.

This is the only module that touches the environment. It is imported at interpreter start when `SUBMETER` is
set, so it imports nothing that the interpreter has not loaded already.
"""

from __future__ import annotations

import os

_ON = frozenset({"1", "true", "yes", "on"})
_OFF = frozenset({"0", "false", "no", "off"})

DEFAULT_ENDPOINT = "http://localhost:4318"
"""Where telemetry goes when no `OTEL_*` variable says otherwise: `submeter up` or a local collector."""


class SettingError(ValueError):
    """A variable has a value that cannot be used; the message names the variable and what it takes."""


def variable(name: str, default: str = "") -> str:
    """The value of the environment variable `name`, stripped; `default` when unset or empty."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool = False) -> bool:
    """The variable `name` as a boolean: 1, true, yes, on or 0, false, no, off; anything else is the default."""
    value = variable(name).lower()
    if value in _ON:
        return True
    if value in _OFF:
        return False
    return default


def number(name: str) -> float | None:
    """The variable `name` as a number, `None` when unset.

    Raises:
        SettingError: the value is not a number or is negative.
    """
    value = variable(name)
    if not value:
        return None
    try:
        parsed = float(value)
    except ValueError:
        parsed = -1.0
    if not 0 <= parsed < float("inf"):
        raise SettingError(f"{name}={value!r} is not a number: set it to a number of 0 or more, or unset it")
    return parsed


def names(name: str) -> tuple[str, ...]:
    """The variable `name` as a comma-separated list, blanks dropped."""
    return tuple(part.strip() for part in variable(name).split(",") if part.strip())


def set_variable(name: str, value: str) -> None:
    """Sets `name` for this process and its children, as `submeter run` does for the program it starts."""
    os.environ[name] = value


def inherited() -> dict[str, str]:
    """A copy of the whole environment, for child processes."""
    return dict(os.environ)


def is_on() -> bool:
    """Whether `SUBMETER` asks for metering."""
    return flag("SUBMETER")


def is_under_test() -> bool:
    """Whether `SUBMETER_STRICT` is set: our own failures are raised instead of logged, for submeter's tests."""
    return flag("SUBMETER_STRICT")


def endpoint() -> str:
    """The OTLP endpoint in use, for messages: the standard variables decide, we only name their choice."""
    return variable("OTEL_EXPORTER_OTLP_ENDPOINT", DEFAULT_ENDPOINT)


def service_name() -> str:
    """`OTEL_SERVICE_NAME`, empty when unset."""
    return variable("OTEL_SERVICE_NAME")


def metric_labels() -> tuple[str, ...]:
    """`SUBMETER_METRIC_LABELS`: attribution attributes that metrics carry too, none by default."""
    return names("SUBMETER_METRIC_LABELS")


def disabled_providers() -> tuple[str, ...]:
    """`SUBMETER_DISABLED_PROVIDERS`: SDKs that stay unmetered, by package name."""
    return names("SUBMETER_DISABLED_PROVIDERS")


def dialect() -> str:
    """`SUBMETER_SEMCONV`: `latest` (default), `legacy` or `both`: which names of metrics are written.

    `OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental` means `latest` too.
    """
    value = variable("SUBMETER_SEMCONV", "latest").lower()
    return value if value in {"latest", "legacy", "both"} else "latest"


def include_usage() -> str:
    """`SUBMETER_INCLUDE_USAGE`: `auto` asks hosts known to accept it for usage in streams, `on` all, `off` none."""
    value = variable("SUBMETER_INCLUDE_USAGE", "auto").lower()
    return value if value in {"auto", "on", "off"} else "auto"


def estimate() -> bool:
    """`SUBMETER_ESTIMATE`: whether a count that no provider gave may be estimated, and marked so."""
    return flag("SUBMETER_ESTIMATE")


def propagate_threads() -> bool:
    """`SUBMETER_PROPAGATE_THREADS`: whether a session follows work into threads and thread pools (default on)."""
    return flag("SUBMETER_PROPAGATE_THREADS", default=True)


def tool_spans() -> bool:
    """`SUBMETER_TOOL_SPANS`: whether the tools of frameworks get spans where nobody else makes them (default on)."""
    return flag("SUBMETER_TOOL_SPANS", default=True)


def baggage_names() -> tuple[str, ...]:
    """`SUBMETER_BAGGAGE`: attributes that cross to and from other services as baggage, none by default."""
    return names("SUBMETER_BAGGAGE")


def capture_content() -> str:
    """Whether content is captured: `no_content` (default), `span_only`, `event_only` or `span_and_event`.

    `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`, as the conventions name it.
    """
    value = variable("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "no_content").lower()
    return value if value in {"no_content", "span_only", "event_only", "span_and_event"} else "no_content"


def native_anthropic_asked() -> bool:
    """Whether `ANTHROPIC_OPEN_TELEMETRY` was set on purpose: then the SDK's own spans are the owner's choice."""
    return bool(variable("ANTHROPIC_OPEN_TELEMETRY"))


def prices_file() -> str:
    """`SUBMETER_PRICES`: a TOML file whose prices and limits override the table in the wheel."""
    return variable("SUBMETER_PRICES")


def data_home() -> str:
    """The folder for user data: `SUBMETER_DATA`, else the platform's (`XDG_DATA_HOME` or `~/.local/share`)."""
    chosen = variable("SUBMETER_DATA")
    if chosen:
        return chosen
    home = variable("XDG_DATA_HOME", os.path.join(os.path.expanduser("~"), ".local", "share"))  # noqa: PTH111, PTH118  (pathlib costs 5 ms at interpreter start)
    return os.path.join(home, "submeter")  # noqa: PTH118


def api_token() -> str:
    """`SUBMETER_TOKEN`: what a server bound beyond loopback demands, and what the command line sends."""
    return variable("SUBMETER_TOKEN")


def max_tokens_per_user_daily() -> float | None:
    """`SUBMETER_MAX_TOKENS_PER_USER_DAILY`: tokens a user may take in a day, `None` for no limit."""
    return number("SUBMETER_MAX_TOKENS_PER_USER_DAILY")


def max_tokens_per_query() -> float | None:
    """`SUBMETER_MAX_TOKENS_PER_QUERY`: tokens one call may take, input and output; `None` or 0 for no limit."""
    return number("SUBMETER_MAX_TOKENS_PER_QUERY")


def max_cost_daily_usd() -> float | None:
    """`SUBMETER_MAX_COST_DAILY_USD`: what all calls of a day together may cost, `None` for no limit."""
    return number("SUBMETER_MAX_COST_DAILY_USD")


def token_warning_threshold() -> float | None:
    """`SUBMETER_TOKEN_WARNING_THRESHOLD`: from which percentage token warnings start; 0.8 means 80.

    Raises:
        SettingError: not a percentage above 0 and up to 100.
    """
    value = number("SUBMETER_TOKEN_WARNING_THRESHOLD")
    if value is None:
        return None
    percentage = value * 100 if value <= 1 else value
    if not 0 < percentage <= 100:  # noqa: PLR2004
        raise SettingError(
            f"SUBMETER_TOKEN_WARNING_THRESHOLD={value:g} is not a percentage: set it above 0 and up to 100, or unset it"
        )
    return percentage


def asks_for_rules() -> bool:
    """Whether a variable of a warning rule is set: `SUBMETER_MAX_*`, `SUBMETER_TOKEN_WARNING_THRESHOLD` or the zone."""
    rules = ("MAX_TOKENS_PER_USER_DAILY", "MAX_TOKENS_PER_QUERY", "MAX_COST_DAILY_USD", "TOKEN_WARNING_THRESHOLD")
    return any(variable(f"SUBMETER_{rule}") for rule in (*rules, "TIME_ZONE"))


def time_zone() -> str:
    """`SUBMETER_TIME_ZONE`: where days begin for limits set by variables, such as `Europe/Berlin` (default UTC)."""
    return variable("SUBMETER_TIME_ZONE", "UTC")


def rules_file() -> str:
    """`SUBMETER_RULES`: the YAML file with the warning rules, empty for the defaults."""
    return variable("SUBMETER_RULES")

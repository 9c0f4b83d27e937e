"""Sink models: where warnings are sent, as a rules file says it."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from submeter.evaluator import events
from submeter.evaluator.events import Severity  # noqa: TC001  (pydantic reads it)
from submeter.evaluator.rulemodels import Length, Model, Name, Names


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{value!r} is no address: write it like https://host/path")
    return value.rstrip("/")


def _kind(value: str) -> str:
    if value not in events.TYPES:
        raise ValueError(f"no warning is of type {value!r}, there are {', '.join(events.TYPES)}")
    return value


Address = Annotated[str, AfterValidator(_address)]
Type = Annotated[str, AfterValidator(_kind)]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Filtered(Model):
    """What every sink has: a name, and which warnings it is for; nothing named means all."""

    name: Name
    severities: tuple[Severity, ...] = ()
    types: tuple[Type, ...] = ()
    rules: Names = ()

    def wants(self, event: events.WarningEvent) -> bool:
        """Whether the warning is for this sink."""
        return (
            (not self.severities or event.severity in self.severities)
            and (not self.types or event.type in self.types)
            and (not self.rules or event.rule in self.rules)
        )


class Posted(Filtered):
    """A sink behind HTTP. `headers_from` names environment variables: secrets do not belong in a file."""

    url: Address
    headers: dict[str, str] = Field(default_factory=dict[str, str])
    headers_from: dict[str, Variable] = Field(default_factory=dict[str, str])
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0


class Webhook(Posted):
    """One request per warning, signed if `secret_from` names a variable; `form: slack` for chat."""

    kind: Literal["webhook"]
    form: Literal["json", "slack"] = "json"
    secret_from: Variable | None = None


class Alertmanager(Posted):
    """Prometheus' Alertmanager. Alerts last until their window ends; those without one `resolve_after` so long."""

    kind: Literal["alertmanager"]
    resolve_after: Length = 3600
    labels: dict[str, str] = Field(default_factory=dict[str, str])


class Otlp(Posted):
    """An OTLP/HTTP receiver, such as a collector: warnings go there as log records."""

    kind: Literal["otlp"]


class Stdout(Filtered):
    """A line of JSON per warning on standard output."""

    kind: Literal["stdout"]


Described = Annotated[Webhook | Alertmanager | Otlp | Stdout, Field(discriminator="kind")]
"""Any sink."""

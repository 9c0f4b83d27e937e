"""The instrumentations that are measured side by side: what each needs installed and how it is switched on."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SDKS = ("openai>=3", "anthropic>=2", "opentelemetry-sdk>=1.45", "opentelemetry-exporter-otlp-proto-http>=1.45")
"""What a variant runs on, in the newest version that the index and the variant allow."""

OLDER = ("openai>=2,<3", "anthropic>=0.100,<1", *SDKS[2:])
"""What OpenLIT runs on, whose requirements allow no newer SDKs."""

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Variant:
    """One row of the tables; variants with the same `packages` share an environment.

    `against` is the variant whose figures are taken off: the bare SDK in the releases that this one runs on.
    """

    name: str
    setup: Callable[[], Any]
    packages: tuple[str, ...] = ()
    sdks: tuple[str, ...] = SDKS
    against: str = "bare"
    is_peer: bool = False


def floor() -> None:
    """The hand-written minimum of `overhead_floor`."""
    from overhead_floor import install

    install()


def bare() -> None:
    """No instrumentation at all."""


def submeter() -> None:
    """Submeter with its defaults, over the providers that are set globally.

    `submeter-api` is the same in an application whose own span processor rules ready made spans out.
    """
    import submeter as package

    package.instrument()


def in_session() -> None:
    """The same, all calls within one session, whose meter counts them."""
    import submeter as package

    submeter()
    package.session("s-42", user="u-7", operation="search").__enter__()


def _made(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


def official() -> None:
    """The OpenTelemetry project's own packages."""
    _made("opentelemetry.instrumentation.genai.openai", "OpenAIInstrumentor")().instrument()
    _made("opentelemetry.instrumentation.genai.anthropic", "AnthropicInstrumentor")().instrument()


def openllmetry() -> None:
    """Traceloop's packages, content off by `TRACELOOP_TRACE_CONTENT`."""
    _made("opentelemetry.instrumentation.openai", "OpenAIInstrumentor")().instrument()
    _made("opentelemetry.instrumentation.anthropic", "AnthropicInstrumentor")().instrument()


def openinference() -> None:
    """Arize's packages, content hidden."""
    names = ("hide_inputs", "hide_outputs", "hide_embeddings_vectors", "hide_embeddings_text")
    hidden = _made("openinference.instrumentation", "TraceConfig")(**dict.fromkeys(names, True))
    _made("openinference.instrumentation.openai", "OpenAIInstrumentor")().instrument(config=hidden)
    _made("openinference.instrumentation.anthropic", "AnthropicInstrumentor")().instrument(config=hidden)


def logfire() -> None:
    """Pydantic's Logfire, nothing sent, its metrics collected like everybody's; it has no switch for content."""
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from overhead_sink import READER, NoSpans

    package = importlib.import_module("logfire")
    package.configure(
        send_to_logfire=False,
        console=False,
        additional_span_processors=[BatchSpanProcessor(NoSpans())],
        metrics=package.MetricsOptions(additional_readers=[READER]),
    )
    package.instrument_openai()
    package.instrument_anthropic()


def openlit() -> None:
    """OpenLIT, no content and no events; of its instrumentations those of the two SDKs."""
    package = importlib.import_module("openlit")
    names = set(importlib.import_module("openlit._instrumentors").MODULE_NAME_MAP)
    package.init(
        capture_message_content=False,
        disable_events=True,
        disabled_instrumentors=sorted(names - {"openai", "anthropic"}),
    )


VARIANTS = {
    variant.name: variant
    for variant in (
        Variant("bare", bare),
        Variant("control", bare),
        Variant("submeter", submeter),
        Variant("submeter-api", submeter),
        Variant("submeter-session", in_session),
        Variant("floor", floor),
        Variant(
            "official",
            official,
            (
                "opentelemetry-instrumentation-genai-openai>=1.3b0",
                "opentelemetry-instrumentation-genai-anthropic>=1.3b0",
            ),
            is_peer=True,
        ),
        Variant(
            "openllmetry",
            openllmetry,
            ("opentelemetry-instrumentation-openai>=0.62", "opentelemetry-instrumentation-anthropic>=0.62"),
            is_peer=True,
        ),
        Variant(
            "openinference",
            openinference,
            ("openinference-instrumentation-openai>=0.1.66", "openinference-instrumentation-anthropic>=3.1"),
            is_peer=True,
        ),
        Variant("logfire", logfire, ("logfire>=5,<6",), is_peer=True),
        Variant("bare-older", bare, sdks=OLDER, against="bare-older"),
        Variant("openlit", openlit, ("openlit>=1.45",), sdks=OLDER, against="bare-older", is_peer=True),
    )
}

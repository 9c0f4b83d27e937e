"""Instrumentation: which SDKs submeter meters, and switching that on and off.

`PROVIDERS` is the registry. Everything else about a provider is in the module its row names. This module is
imported at interpreter start when `SUBMETER=1` is set, so it imports nothing heavy.
"""

from __future__ import annotations


class Row:
    """One SDK.

    Args:
        package: its import name.
        distribution: what it is installed as.
        since: the oldest version tried.
        module: the module of ours with its table, when that is not named like the package.
        awaits: the modules of the SDK that hold what is patched, each patched once it is imported, for SDKs that
            import their parts late or move them between releases; else the package.
        table: the name of its table in that module.
    """

    __slots__ = ("awaits", "distribution", "module", "package", "since", "table")

    def __init__(
        self,
        package: str,
        distribution: str,
        since: str,
        *,
        module: str = "",
        awaits: tuple[str, ...] = (),
        table: str = "PROVIDER",
    ) -> None:
        self.package = package
        self.distribution = distribution
        self.since = since
        self.module = module or package
        self.awaits = awaits or (package,)
        self.table = table


PROVIDERS: dict[str, Row] = {
    "aiobotocore": Row(
        "aiobotocore",
        "aiobotocore",
        "2.13",
        module="bedrock",
        awaits=("aiobotocore.client",),
        table="AIOBOTOCORE",
    ),
    "anthropic": Row("anthropic", "anthropic", "0.51"),
    "botocore": Row("botocore", "botocore", "1.34", module="bedrock", awaits=("botocore.client",)),
    "cohere": Row("cohere", "cohere", "5.18", awaits=("cohere.raw_base_client", "cohere.v2.raw_client")),
    "google.genai": Row("google.genai", "google-genai", "1.20", module="google_genai", awaits=("google.genai.models",)),
    "groq": Row("groq", "groq", "0.13"),
    "ibm_watsonx_ai": Row(
        "ibm_watsonx_ai",
        "ibm-watsonx-ai",
        "1.3",
        module="watsonx",
        awaits=("ibm_watsonx_ai.foundation_models",),
    ),
    "mistralai": Row(
        "mistralai",
        "mistralai",
        "1.5",
        module="mistral",
        awaits=tuple(
            f"mistralai.{home}{part}"
            for part in ("chat", "fim", "agents", "embeddings", "conversations", "transcriptions")
            for home in ("client.", "")
        ),
    ),
    "openai": Row(
        "openai",
        "openai",
        "1.26",
        awaits=(
            "openai",
            # Where the connections are, which only programs that use them import.
            *(
                f"openai.resources.{part}"
                for part in (
                    "realtime.realtime",
                    "beta.realtime.realtime",
                    "responses.responses",
                    "beta.responses.responses",
                    "live.live",
                    "live.sideband",
                    "live.forks",
                )
            ),
        ),
    ),
    "together": Row("together", "together", "2.0"),
}
"""SDK import name -> row. The provider's table is `submeter.instrumentation.<module>.<table>`."""

active: set[str] = set()
"""SDKs that are patched now."""


def start(package: str) -> bool:
    """Meters what is imported of the SDK `package`; says whether it is metered now.

    An SDK that changed under us costs one warning and the `submeter.instrumentation.inactive` metric.
    """
    if package in active and len(PROVIDERS[package].awaits) == 1:
        return True
    from submeter.core.guard import attempt  # noqa: PLC0415  (nothing heavy before an SDK is imported)

    reason: str = attempt(_install, package, default="submeter failed to patch it; see the log")
    if not reason:
        active.add(package)
        return True
    # Half a patch would count some calls and lose others.
    attempt(_undo, package)
    active.discard(package)
    _lament(package, reason)
    return False


def expect(package: str) -> None:
    """Laments now that the SDK `package`, which is imported, has none of the modules that would be patched later."""
    import importlib.util  # noqa: PLC0415

    for name in PROVIDERS[package].awaits:
        try:
            if importlib.util.find_spec(name) is not None:
                return
        except ModuleNotFoundError:  # what should be its package is none
            continue
    _lament(package, f"this version has no {PROVIDERS[package].awaits[0]}")


def _lament(package: str, reason: str) -> None:
    from submeter.core import instruments  # noqa: PLC0415

    instruments.inactive[package] = reason
    import logging  # noqa: PLC0415

    logging.getLogger("submeter").warning(
        "submeter does not meter %s: %s. Run `submeter doctor` for details.", package, reason
    )


def _install(package: str) -> str:
    import importlib  # noqa: PLC0415

    from submeter.core import patch  # noqa: PLC0415

    row = PROVIDERS[package]
    provider = getattr(importlib.import_module(f"submeter.instrumentation.{row.module}"), row.table)
    try:
        provider.install()
    except patch.MissingError as missing:
        return f"this version has no {missing}"
    return ""


def _undo(package: str) -> None:
    from submeter.core import patch  # noqa: PLC0415

    patch.undo(package)


def stop(package: str) -> None:
    """Puts the SDK's own functions back."""
    if package in active:
        _undo(package)
        active.discard(package)

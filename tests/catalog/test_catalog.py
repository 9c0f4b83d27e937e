from __future__ import annotations

import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING

import pytest

from submeter import catalog
from submeter.catalog import table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_the_same_question_gets_the_same_object() -> None:
    assert catalog.find("openai", "gpt-5") is catalog.find("openai", "gpt-5")


GLOBAL, REGIONAL = (
    "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
)


@pytest.mark.parametrize(
    ("provider", "asked", "answer", "priced"),
    [
        ("openai", "gpt-4o", "", "gpt-4o"),
        ("openai", "gpt-4o", "gpt-4o-mini", "gpt-4o-mini"),
        ("azure.ai.openai", "our.gpt-4o", "gpt-4o-2024-11-20", "gpt-4o"),
        ("aws.bedrock", GLOBAL, "claude-sonnet-4-5-20250929", GLOBAL),
        ("aws.bedrock", GLOBAL, "claude-sonnet-4-5", GLOBAL),
        ("aws.bedrock", GLOBAL.replace("global", "eu"), "claude-sonnet-4-5-20250929", REGIONAL),
    ],
)
def test_the_answers_name_counts_unless_the_requests_tells_more(
    provider: str, asked: str, answer: str, priced: str
) -> None:
    found = catalog.answering(provider, asked, answer)
    assert found is not None
    assert found.name == priced


def test_names_without_end_do_not_fill_the_memory() -> None:
    for number in range(10_000):
        assert catalog.find("openai", f"no-such-model-{number}") is None
    assert len(catalog._found) <= 5_000  # pyright: ignore[reportPrivateUsage]


def test_the_table_holds_what_it_promises() -> None:
    models = list(catalog.models())
    assert len(models) > 3_000
    assert table.TABLE.stat().st_size < 500_000
    assert date.fromisoformat(catalog.version()) > date(2026, 1, 1)
    priced = [model for model in models if model.prices]
    assert len(priced) > 3_000
    assert all(model.source and date.fromisoformat(model.checked) for model in models)
    assert {"openai", "anthropic", "aws.bedrock", "ibm.watsonx.ai"} <= {model.provider for model in models}


def test_every_model_is_found_by_its_own_name_and_aliases() -> None:
    lost = [
        (model.provider, name)
        for model in catalog.models()
        for name in (model.name, *model.aliases)
        if (found := catalog.find(model.provider, name)) is None or found.provider != model.provider
    ]
    assert lost == []


def test_every_price_is_a_number_that_somebody_could_ask_for() -> None:
    odd = [
        (model.provider, model.name, unit, rate)
        for model in catalog.models()
        for price in model.prices
        for unit, rate in price.rates.items()
        if not 0 <= rate < (1 if unit == "request" else 10_000)
    ]
    assert odd == []


def test_a_price_of_nothing_is_only_stated_where_it_is_meant() -> None:
    free = {
        model.provider
        for model in catalog.models()
        for price in model.prices
        if not any(price.rates.values()) and not model.name.endswith(":free")
    }
    assert free <= {"ollama", "openrouter", "gcp.gemini", "novita", "groq", "zai", "zhipuai", "ovhcloud"}


def test_the_table_and_its_notice_name_no_host_and_no_machine() -> None:
    notice = table.TABLE.with_name("NOTICE").read_text(encoding="utf-8")
    text = table.TABLE.read_text(encoding="utf-8")
    assert "://" not in text + notice
    assert "/home/" not in text + notice
    assert notice.count("Permission is hereby granted") == 2


def test_importing_pricing_and_limits_reads_no_table_and_no_search() -> None:
    program = (
        "import sys, submeter.pricing, submeter.limits\n"
        "assert 'submeter.catalog.search' not in sys.modules\n"
        "assert 'json' not in sys.modules\n"
        "submeter.limits.limits_of('openai', 'gpt-5')\n"
        "assert 'submeter.catalog.overrides' not in sys.modules\n"
        "assert 'tomllib' not in sys.modules and 'logging' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_reload_reads_the_users_file_again(prices_file: Callable[[str], Path]) -> None:
    before = catalog.version()
    path = prices_file('[[model]]\nmodel = "gpt-5"\ninput = 1\noutput = 2\n')
    first = catalog.version()
    path.write_text('[[model]]\nmodel = "gpt-5"\ninput = 3\noutput = 4\n', encoding="utf-8")
    assert catalog.version() == first
    catalog.reload()
    assert len({before, first, catalog.version()}) == 3
    assert catalog.version().startswith(before + "+")

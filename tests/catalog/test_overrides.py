from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from submeter import catalog, limits
from submeter.catalog.model import nanoseconds_of
from submeter.catalog.overrides import PricesFileError, parsed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[[str], Path]

OCTOBER, DECEMBER = nanoseconds_of("2026-10-01"), nanoseconds_of("2026-12-01")


def rate(provider: str, model: str, *, at_ns: int = DECEMBER, tier: str = "", tokens: int = 0) -> float | None:
    found = catalog.find(provider, model)
    price = found and found.price_at(at_ns, tokens, tier)
    return price.rates["input"] if price else None


def test_a_price_of_the_users_own_replaces_the_tables(prices_file: Write) -> None:
    prices_file('[[model]]\nprovider = "openai"\nmodel = "gpt-5"\ninput = 1.0\noutput = 8.0\n')
    assert rate("openai", "gpt-5") == 1.0
    assert rate("openai", "gpt-5", tier="batch") is None
    assert rate("azure.ai.openai", "gpt-5") == 1.25
    assert rate("openai", "gpt-5-mini") == 0.25
    assert limits.limits_of("openai", "gpt-5") is not None


def test_a_price_from_a_day_on_leaves_the_days_before_alone(prices_file: Write) -> None:
    prices_file('[[model]]\nmodel = "gpt-5"\nvalid_from = 2026-11-01\ninput = 1.0\noutput = 8.0\n')
    assert rate("openai", "gpt-5", at_ns=OCTOBER) == 1.25
    assert rate("openai", "gpt-5", at_ns=DECEMBER) == 1.0
    assert rate("openai", "gpt-5", at_ns=OCTOBER, tier="batch") == 0.625
    assert rate("openai", "gpt-5", at_ns=DECEMBER, tier="batch") is None


def test_rows_of_one_model_state_its_tiers_and_sizes(prices_file: Write) -> None:
    prices_file(
        '[[model]]\nmodel = "gpt-5"\ninput = 1\noutput = 2\n'
        '[[model]]\nmodel = "gpt-5"\nabove_tokens = 1000\ninput = 3\noutput = 4\n'
        '[[model]]\nmodel = "gpt-5"\nservice_tier = "batch"\ninput = 5\noutput = 6\n'
    )
    assert rate("openai", "gpt-5", tokens=1000) == 1
    assert rate("openai", "gpt-5", tokens=1001) == 3
    assert rate("openai", "gpt-5", tier="batch") == 5


def test_a_model_that_nobody_else_knows_is_priced_and_listed(prices_file: Write) -> None:
    path = prices_file(
        '[[model]]\nprovider = "vllm"\nmodel = "Our-Llama"\ninput = 0.1\noutput = 0.2\ncontext_window = 8192\n'
    )
    found = catalog.find("vllm", "our-llama")
    assert found is not None
    assert found.context_window == 8192
    assert found.source == f"user file {path}"
    assert [model.name for model in catalog.models() if model.provider == "vllm"] == ["our-llama"]


def test_a_pattern_speaks_of_many_models_of_every_provider(prices_file: Write) -> None:
    prices_file('[[model]]\npattern = "acme-*"\ninput = 2\noutput = 3\n')
    assert rate("openai", "acme-large") == 2
    assert rate("somewhere", "acme-small") == 2
    assert rate("somewhere", "other") is None


def test_a_limit_alone_leaves_prices_and_other_limits_alone(prices_file: Write) -> None:
    prices_file('[[model]]\nmodel = "gpt-5"\ncontext_window = 100_000\n')
    assert rate("openai", "gpt-5") == 1.25
    assert limits.limits_of("openai", "gpt-5") == limits.Limits(
        context_window=100_000, max_input_tokens=272_000, max_output_tokens=128_000
    )


def test_the_list_of_models_shows_the_users_prices(prices_file: Write) -> None:
    prices_file('[[model]]\nprovider = "openai"\nmodel = "gpt-5"\ninput = 1.0\noutput = 8.0\n')
    listed = [model for model in catalog.models() if (model.provider, model.name) == ("openai", "gpt-5")]
    assert [model.prices[0].rates["input"] for model in listed] == [1.0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("input = ", "is not TOML"),
        ("\xff", "is not TOML"),
        ("", "has no rows: start every row with a line [[model]]"),
        ("model = 3\n", "has no rows"),
        ("model = [3]\n", "row 1 is no table"),
        ('[[models]]\nmodel = "x"\n', "has no rows"),
        ("[[model]]\ninput = 1\n", 'row 1: name what it prices: either model = "..." or pattern'),
        ('[[model]]\nmodel = "a"\npattern = "b"\ninput = 1\n', "row 1: name what it prices"),
        ('[[model]]\nmodel = "a*"\ninput = 1\n', "row 1: 'a*' is a pattern: write pattern"),
        ('[[model]]\nmodel = "a"\n', "row 1: 'a' has neither a price nor a limit"),
        ('[[model]]\nmodel = "a"\ninput = 1\n[[model]]\nmodel = "b"\nprice = 1\n', "row 2: unknown key 'price'"),
        ('[[model]]\nmodel = "a"\ninput = "1"\n', "row 1: input = '1' is no price"),
        ('[[model]]\nmodel = "a"\ninput = true\n', "row 1: input = True is no price"),
        ('[[model]]\nmodel = "a"\ninput = -1\n', "row 1: input = -1 is no price"),
        ('[[model]]\nmodel = "a"\ninput = nan\n', "row 1: input = nan is no price"),
        ('[[model]]\nmodel = "a"\ninput = 1\nvalid_from = "May"\n', "valid_from = 'May' is no date"),
        ('[[model]]\nmodel = "a"\ninput = 1\nservice_tier = 1\n', "service_tier = 1 is no name"),
        ('[[model]]\nmodel = "a"\ncontext_window = 1.5\n', "context_window = 1.5 is no count"),
        ('[[model]]\nmodel = "a"\ncontext_window = 0\n', "context_window = 0 is no count"),
    ],
)
def test_a_wrong_file_gives_one_warning_and_the_table_goes_on(
    prices_file: Write, caplog: pytest.LogCaptureFixture, text: str, says: str
) -> None:
    path = prices_file("")
    path.write_bytes(text.encode("latin-1"))
    with caplog.at_level(logging.WARNING, logger="submeter"):
        assert rate("openai", "gpt-5") == 1.25
        assert rate("openai", "gpt-5-mini") == 0.25
    assert [says in record.message for record in caplog.records] == [True]
    assert str(path) in caplog.text
    assert "without this file" in caplog.text
    assert "+" not in catalog.version()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PricesFileError, match=r"nowhere\.toml: No such file.*name a TOML file, or unset"):
        parsed(str(tmp_path / "nowhere.toml"))

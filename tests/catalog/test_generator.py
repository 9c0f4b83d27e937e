"""The generator on two small wheels that have one of everything."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pytest
from tools.catalog_genai import read_genai
from tools.catalog_litellm import read_litellm
from tools.catalog_merge import Merged, merged
from tools.catalog_row import Row
from tools.catalog_table import report_of, table_of

from submeter.catalog.model import Model, nanoseconds_of
from submeter.catalog.table import Table

if TYPE_CHECKING:
    from pathlib import Path

DAY = "2026-11-24"
UNKNOWN = {"mode": "chat", "input_cost_per_token": 0.0, "output_cost_per_token": 0.0}
PRICED = {"mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06, "max_input_tokens": 1}

GENAI = """
providers: list[Provider] = [
    Provider(
        id='google',
        models=[
            ModelInfo(
                id='gemini-9',
                match=ClauseAnd(and_=[
                    ClauseStartsWith(starts_with='gemini-9'),
                    ClauseRegex(regex='^(?!.*-tts)'),
                ]),
                context_window=1000000,
                price_comments='Batch rates verified on 2026-10-14. Checked on 2026-09-01.',
                prices=ModelPrice(
                    input_mtok=TieredPrices(base=Decimal('1.25'), tiers=[Tier(start=200000, price=Decimal('2.5'))]),
                    output_mtok=Decimal('10'),
                    web_searches_kcount=Decimal('35'),
                ),
                price_variants=[
                    PriceVariant(
                        when={'processing': 'batch'},
                        prices=ModelPrice(input_mtok=Decimal('0.5')),
                        constraint=StartDateConstraint(start_date=datetime.date(2026, 10, 14)),
                    ),
                    PriceVariant(when={'service_tier': 'default'}, prices=ModelPrice()),
                ],
            ),
        ],
    ),
    Provider(
        id='x-ai',
        models=[
            ModelInfo(
                id='grok-9',
                match=ClauseOr(or_=[
                    ClauseEquals(equals='grok-9'),
                    ClauseEquals(equals='Grok-9-latest'),
                    ClauseContains(contains='grok-9-mini'),
                    ClauseEndsWith(ends_with='/grok-9'),
                ]),
                prices=[
                    ConditionalPrice(prices=ModelPrice(input_mtok=Decimal('4'), output_mtok=Decimal('8'))),
                    ConditionalPrice(
                        constraint=StartDateConstraint(start_date=datetime.date(2026, 6, 1)),
                        prices=ModelPrice(
                            input_mtok=Decimal('2'), output_mtok=Decimal('4'), requests_kcount=Decimal('5')
                        ),
                    ),
                    ConditionalPrice(
                        constraint=TimeOfDateConstraint(
                            start_time=datetime.time(23, 0, tzinfo=datetime.timezone.utc),
                            end_time=datetime.time(1, 30, tzinfo=datetime.timezone.utc),
                        ),
                        prices=ModelPrice(input_mtok=Decimal('1'), output_mtok=Decimal('2')),
                    ),
                ],
                price_variants=[
                    PriceVariant(
                        when={'service_tier': 'flex'},
                        prices=ModelPrice(input_mtok=Decimal('0.5'), output_mtok=Decimal('1')),
                        constraint=StartDateConstraint(start_date=datetime.date(2026, 10, 14)),
                    ),
                ],
            ),
            ModelInfo(id='grok-future', match=ClauseEquals(equals='grok-future'), prices=[
                ConditionalPrice(prices=ModelPrice(input_mtok=Decimal('1'), output_mtok=Decimal('2'))),
                ConditionalPrice(
                    constraint=StartDateConstraint(start_date=datetime.date(2027, 1, 1)),
                    prices=ModelPrice(input_mtok=Decimal('3'), output_mtok=Decimal('6')),
                ),
            ]),
            ModelInfo(id='grok:free', match=ClauseEquals(equals='grok:free'), prices=ModelPrice()),
        ],
    ),
    Provider(
        id='anthropic',
        models=[
            ModelInfo(
                id='claude-9',
                match=ClauseStartsWith(starts_with='claude-9'),
                prices=[
                    ConditionalPrice(prices=ModelPrice(input_mtok=Decimal('4'), output_mtok=Decimal('8'))),
                    ConditionalPrice(
                        constraint=StartDateConstraint(start_date=datetime.date(2026, 6, 1)),
                        prices=ModelPrice(
                            input_mtok=Decimal('3'), cache_read_mtok=Decimal('0.3'), output_mtok=Decimal('6'),
                            requests_kcount=Decimal('5'),
                        ),
                    ),
                ],
                price_variants=[
                    PriceVariant(
                        when={'speed': 'fast'},
                        prices=ModelPrice(
                            input_mtok=Decimal('6'), cache_read_mtok=Decimal('0.6'), output_mtok=Decimal('12')
                        ),
                        constraint=StartDateConstraint(start_date=datetime.date(2026, 6, 1)),
                    ),
                ],
            ),
            ModelInfo(
                id='claude-fable-5-2',
                match=ClauseEquals(equals='claude-fable-5-2'),
                prices=ModelPrice(input_mtok=Decimal('8'), output_mtok=Decimal('40')),
            ),
            ModelInfo(
                id='claude-8',
                match=ClauseEquals(equals='claude-8'),
                prices=ModelPrice(input_mtok=Decimal('8'), output_mtok=Decimal('40')),
            ),
        ],
    ),
    Provider(id='huggingface_x', models=[]),
]
"""

LITELLM: dict[str, dict[str, Any]] = {
    "sample_spec": {"litellm_provider": "one of"},
    "gemini/gemini-9": {
        "litellm_provider": "gemini",
        "mode": "chat",
        "input_cost_per_token": 1.25e-06,
        "output_cost_per_token": 1e-05,
        "cache_read_input_token_cost": 1.25e-07,
        "input_cost_per_token_flex": 6e-07,
        "output_cost_per_token_flex": 5e-06,
        "max_input_tokens": 1048576,
        "max_output_tokens": 65536,
    },
    "xai/grok-9": {
        "litellm_provider": "xai",
        "mode": "chat",
        "input_cost_per_token": 3e-06,
        "output_cost_per_token": 4e-06,
        "max_input_tokens": 272000,
        "max_output_tokens": 128000,
    },
    "xai/grok-9-latest": {
        "litellm_provider": "xai",
        "mode": "chat",
        "input_cost_per_token": 7e-06,
        "output_cost_per_token": 9e-06,
    },
    "xai/grok-embed": {
        "litellm_provider": "xai",
        "mode": "embedding",
        "input_cost_per_token": 2e-08,
        "output_cost_per_token": 0.0,
        "max_input_tokens": 512,
        "max_output_tokens": 512,
    },
    "xai/grok-unknown-price": {**UNKNOWN, "litellm_provider": "xai", "max_input_tokens": 4096},
    "xai/grok-future": {
        "litellm_provider": "xai",
        "mode": "chat",
        "input_cost_per_token": 1e-06,
        "output_cost_per_token": 2e-06,
    },
    "watsonx/ibm/granite": {
        "litellm_provider": "watsonx",
        "mode": "chat",
        "input_cost_per_token": 2e-07,
        "input_cost_per_token_above_128k_tokens": 4e-07,
        "output_cost_per_token": 2e-07,
        "max_input_tokens": 8192,
        "max_output_tokens": 1024,
    },
    "claude-9": {
        "litellm_provider": "anthropic",
        "mode": "chat",
        "input_cost_per_token": 3e-06,
        "output_cost_per_token": 6e-06,
        "provider_specific_entry": {"us": 1.1, "fast": 2.0},
    },
    "claude-mini-9": {**PRICED, "litellm_provider": "anthropic", "provider_specific_entry": {"us": 1.1}},
    "ollama/llama": {**UNKNOWN, "litellm_provider": "ollama", "max_input_tokens": 8192},
    "azure/eu/gpt-9": {**PRICED, "litellm_provider": "azure"},
    "1024-x-1024/dall-e": {"litellm_provider": "xai", "mode": "image_generation", "input_cost_per_token": 1e-06},
    "reseller/model": {**PRICED, "litellm_provider": "reseller"},
    "xai/grok-alias": {"alias_of": "xai/grok-9"},
}


@pytest.fixture
def result(tmp_path: Path) -> Merged:
    genai, litellm = tmp_path / "genai.whl", tmp_path / "litellm.whl"
    with ZipFile(genai, "w") as wheel:
        wheel.writestr("genai_prices/data.py", GENAI)
    with ZipFile(litellm, "w") as wheel:
        wheel.writestr("litellm/model_prices_and_context_window_backup.json", json.dumps(LITELLM))
    return merged(read_genai(genai), read_litellm(litellm), DAY)


@pytest.fixture
def table(result: Merged, tmp_path: Path) -> Table:
    path = tmp_path / "table.jsonl"
    path.write_text(table_of(result.sections, ["first", "second"], DAY), encoding="utf-8")
    return Table(path)


def named(table: Table, section: str, name: str) -> Model:
    found = table.section(section).named(name, "exact")
    assert found is not None
    return found


def rates(
    model: Model, *, day: str = DAY, tokens: int = 0, tier: str = "", minute: int = 720
) -> dict[str, float] | None:
    price = model.price_at(nanoseconds_of(day) + minute * 60 * 10**9, tokens, tier)
    return dict(price.rates) if price else None


def test_sizes_and_modalities_and_gaps_of_the_second_source_are_taken(table: Table) -> None:
    model = named(table, "gcp.gemini", "gemini-9")
    assert rates(model) == {"input": 1.25, "output": 10, "cache_read": 0.125, "audio_input": 1.25}
    assert rates(model, tokens=200_001) == {"input": 2.5, "output": 10, "audio_input": 2.5}
    assert rates(model, tier="batch") == {"input": 0.5, "output": 10, "audio_input": 0.5}
    assert rates(model, tier="flex") == {"input": 0.6, "output": 5, "cache_read": 0.125}
    assert rates(model, tier="default") is None
    assert (model.source, model.checked) == ("first and second", "2026-10-14")
    assert (model.context_window, model.max_input_tokens, model.max_output_tokens) == (1048576, 1048576, 65536)


def test_dates_hours_and_fees_are_taken(table: Table) -> None:
    model = named(table, "x_ai", "grok-9")
    assert rates(model, day="2026-05-31") == {"input": 4, "output": 8}
    assert rates(model, day="2026-06-01") == {"input": 2, "output": 4, "request": 0.005}
    night = {"input": 1, "output": 2}
    assert [rates(model, minute=minute) == night for minute in (0, 89, 90, 1379, 1380)] == [
        True,
        True,
        False,
        False,
        True,
    ]
    assert rates(model, day="2026-05-31", minute=0) == night


def test_a_tier_is_priced_over_the_period_in_which_it_was_verified_and_not_before(table: Table) -> None:
    model = named(table, "x_ai", "grok-9")
    assert rates(model, day="2026-06-01", tier="flex") == {"input": 0.5, "output": 1, "request": 0.005}
    assert rates(model, day="2026-05-31", tier="flex") is None


@pytest.mark.parametrize(
    ("name", "is_found"),
    [("gemini-9-flash", True), ("gemini-9-tts", False), ("gemini-8", False)],
)
def test_a_clause_of_several_conditions_keeps_them_all(table: Table, name: str, is_found: bool) -> None:
    assert (table.section("gcp.gemini").like(name, "pattern") is not None) is is_found


def test_names_and_patterns_are_kept_apart(table: Table) -> None:
    model = named(table, "x_ai", "grok-9")
    assert model.aliases == ()
    assert model.patterns == ("*grok-9-mini*", "*/grok-9")


def test_a_name_that_moves_is_priced_by_the_source_that_follows_it(table: Table) -> None:
    assert rates(named(table, "x_ai", "grok-9-latest")) == {"input": 7, "output": 9}


def test_prices_of_the_first_source_win_and_the_difference_is_reported(result: Merged) -> None:
    assert report_of(result).splitlines()[1:] == ["x_ai\tgrok-9\tprice (by grok-9)\t2 / 4\t3 / 4\tgenai-prices"]


def test_an_input_limit_and_an_output_limit_make_openais_window(table: Table) -> None:
    model = named(table, "x_ai", "grok-9")
    assert (model.context_window, model.max_input_tokens, model.max_output_tokens) == (400_000, 272_000, 128_000)


def test_rows_that_only_the_second_source_has_are_taken(table: Table) -> None:
    granite = named(table, "ibm.watsonx.ai", "ibm/granite")
    assert rates(granite) == {"input": 0.2, "output": 0.2}
    assert rates(granite, tokens=128_001) == {"input": 0.4, "output": 0.2}
    assert granite.source == "second"
    embed = named(table, "x_ai", "grok-embed")
    assert (embed.context_window, embed.max_output_tokens) == (512, None)


def test_a_place_that_costs_more_has_every_tier_and_period_at_its_price(table: Table) -> None:
    model = named(table, "anthropic", "claude-9")
    assert rates(model, tier="standard-us") == {"input": 3.3, "output": 6.6, "cache_read": 0.33, "request": 0.005}
    assert rates(model, tier="fast-us") == {"input": 6.6, "output": 13.2, "cache_read": 0.66, "request": 0.005}
    assert rates(model, tier="standard-us", day="2026-05-31") == {"input": 4.4, "output": 8.8}
    assert rates(model, tier="fast-us", day="2026-05-31") is None
    assert rates(model) == {"input": 3, "output": 6, "cache_read": 0.3, "request": 0.005}
    assert model.source == "first and second"
    assert rates(named(table, "anthropic", "claude-mini-9"), tier="standard-us") == {"input": 1.1, "output": 1.1}
    assert rates(named(table, "anthropic", "claude-fable-5-2"), tier="standard-us") == {"input": 8.8, "output": 44}
    assert rates(named(table, "anthropic", "claude-8"), tier="standard-us") is None


def test_a_price_of_nothing_is_unknown_unless_it_is_meant(table: Table) -> None:
    assert named(table, "x_ai", "grok-unknown-price").prices == ()
    assert rates(named(table, "ollama", "llama")) == {"input": 0, "output": 0}
    assert rates(named(table, "x_ai", "grok:free")) == {"input": 0, "output": 0}


def test_a_price_of_next_year_does_not_count_as_todays(result: Merged, table: Table) -> None:
    assert "grok-future" not in report_of(result)
    model = named(table, "x_ai", "grok-future")
    assert (rates(model), rates(model, day="2027-01-01")) == ({"input": 1, "output": 2}, {"input": 3, "output": 6})


def test_regions_resellers_picture_sizes_and_aliases_stay_out(result: Merged) -> None:
    names = {row.name for rows in result.sections.values() for row in rows}
    assert not names & {"eu/gpt-9", "gpt-9", "model", "1024-x-1024/dall-e", "grok-alias"}


def test_the_rest_of_a_row_is_left_out_where_it_is_usual() -> None:
    row = Row(name="m", window=5, prices=[{"input": 1}], source="l")
    assert json.loads(row.text("l")) == {"name": "m", "limits": [5], "prices": [{"input": 1}]}
    assert json.loads(row.text("g"))["source"] == "l"

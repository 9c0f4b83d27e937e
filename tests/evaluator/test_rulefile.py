"""The rules file: what is right becomes rules, what is wrong is named with its line, all at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.calls import call
from submeter.evaluator import DEFAULT_RULES, Evaluator
from submeter.evaluator.anomaly import AnomalyRule
from submeter.evaluator.context_window import ContextWindowRule
from submeter.evaluator.explanation import explained
from submeter.evaluator.limit import LimitRule
from submeter.evaluator.per_call import CallRule
from submeter.evaluator.rulefile import RuleFileError, configured_rules, parsed, read_rules, rules_of, schema
from submeter.evaluator.windows import Calendar, Rolling

if TYPE_CHECKING:
    from pathlib import Path

EVERYTHING = """
version: 1
time_zone: Europe/Berlin
context_window:
  thresholds: [60, 90, {at: 97, severity: critical, action: page}]
conversation_too_long: {prompts: 3, turns: 0}
context_truncated: off
calls:
  - {name: big, limit: 50k, thresholds: [80, 100]}
limits:
  - name: user_daily
    per: user
    limit: 100k
    limits: {u-7: 1.5M, boss: null, 4711: 5}
  - name: burst
    measure: calls
    per: [user, tag.collection]
    last: 30m
    limit: 100
    where: {service: shop, tag.env: [prod, stage]}
    enforce: true
  - {name: month, measure: cost_usd, every: month, time_zone: America/New_York, limit: 99.5, forecast: true}
anomalies:
  - {name: spend, factor: 4, least: 20}
"""


def test_everything_that_can_be_written() -> None:
    context, conversation, big, user, burst, month, spend = rules_of(EVERYTHING)

    assert isinstance(context, ContextWindowRule)
    assert [(rung.threshold, rung.severity, rung.type, rung.action) for rung in context.rungs] == [
        (60, "info", "approaching_limit", "consider_new_session"),
        (90, "warning", "approaching_limit", "summarise_history"),
        (97, "critical", "at_limit", "page"),
    ]
    assert (conversation.name, getattr(conversation, "prompts", 0)) == ("conversation_too_long", 3)
    assert isinstance(big, CallRule)
    assert (big.limit, [rung.threshold for rung in big.rungs]) == (50_000, [80, 100])
    assert isinstance(user, LimitRule)
    assert (user.limit, user.limits) == (100_000, {"u-7": 1_500_000, "boss": None, "4711": 5})
    assert user.window == Calendar("day", "Europe/Berlin")
    assert isinstance(burst, LimitRule)
    assert (burst.window, burst.per, burst.enforce) == (Rolling(1800), ("user", "tag.collection"), True)
    assert burst.where == {"service": ("shop",), "tag.env": ("prod", "stage")}
    assert isinstance(month, LimitRule)
    assert (month.window, month.forecast) == (Calendar("month", "America/New_York"), True)
    assert isinstance(spend, AnomalyRule)
    assert (spend.factor, spend.least, spend.window.zone) == (4, 20, "Europe/Berlin")


@pytest.mark.parametrize("text", ["", "# nothing\n", "version: 1\n", "context_window: true\n", "{}"])
def test_a_file_that_says_nothing_leaves_the_defaults(text: str) -> None:
    assert rules_of(text) == DEFAULT_RULES


def test_the_default_rules_can_be_turned_off() -> None:
    text = "context_window: false\nconversation_too_long: off\ncontext_truncated: no\n"

    assert rules_of(text) == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[1]", "f: a rules file is a mapping with keys such as `limits:`"),
        ("a: 1\nversion: 1\nversion: 1", "f, line 3: 'version' is there twice"),
        ("limits:\n  - name: x\n    limit: 5\n    limit: 6", "f, line 4: 'limit' is there twice"),
        ("limits: [}", "f, line 1: not YAML"),
        ("\tx: 1", "f, line 1: not YAML"),
        ("? [a]\n: 2", "f, line 1: not YAML: found unhashable key"),
        ("x: !!python/object:os.system {}", "f, line 1: not YAML: could not determine a constructor"),
        ("version: 2", "f, line 1: version: Input should be 1"),
        (
            "\nlimitz: []",
            "f, line 2: limitz: there is no such key: `submeter rules schema` prints all",
        ),
        ("time_zone: Mars", "f, line 1: time_zone: unknown time zone 'Mars'"),
        ("limits:\n  - name: x", "f, line 2: rule 'x': give `limit`, `limits` or both"),
        ("limits:\n  - limit: 5", "f, line 2: limits[0].name: Field required"),
        ("limits:\n - {name: a b, limit: 5}", "f, line 2: limits[0].name: String should match"),
        ("limits:\n - {name: x, limit: -5}", "f, line 2: limits[0].limit: Input should be greater than or equal to 0"),
        ("limits:\n - {name: x, limit: .nan}", "f, line 2: limits[0].limit: Input should be greater than or"),
        ("limits:\n - {name: x, limit: lots}", "f, line 2: limits[0].limit: Input should be a valid number"),
        ("limits:\n - {name: x, limit: 5, measure: words}", "f, line 2: limits[0].measure: Input should be 'tokens'"),
        ("limits:\n - {name: x, limit: 5, per: team}", "f, line 2: rule 'x': unknown label 'team', there are user"),
        ("limits:\n - {name: x, limit: 5, where: {team: a}}", "f, line 2: rule 'x': unknown label 'team'"),
        ("limits:\n - {name: x, limit: 5, every: year}", "f, line 2: limits[0].every: Input should be 'hour', 'day'"),
        ("limits:\n - name: x\n   limit: 5\n   last: 3w", "f, line 4: limits[0].last: a length of time is written"),
        ("limits:\n - {name: x, limit: 5, last: 0m}", "f, line 2: rule 'x': a rolling window takes a minute"),
        ("limits:\n - {name: x, limit: 5, last: 3h, every: day}", "f, line 2: limits[0]: give `every` for calendar"),
        ("limits:\n - {name: x, limit: 5, last: 3h, forecast: true}", "f, line 2: rule 'x': a rolling window has no"),
        ("limits:\n - {name: x, limit: 5, time_zone: Mars}", "f, line 2: rule 'x': unknown time zone 'Mars'"),
        ("limits:\n - {name: x, limit: 5, thresholds: []}", "f, line 2: limits[0].thresholds: Tuple should have"),
        ("limits:\n - {name: x, limit: 5, thresholds: [0]}", "f, line 2: limits[0].thresholds[0].at: Input should be"),
        ("limits:\n - {name: x, limit: 5, thresholds: [80, 80]}", "f, line 2: rule 'x': thresholds must be"),
        ("limits:\n - {name: x, limit: 5}\n - {name: x, limit: 6}", "f, line 3: a rule named 'x' is there already"),
        ("anomalies:\n - {name: context_window}", "f, line 2: a rule named 'context_window' is there already"),
        ("calls:\n - {name: x, limit: 0}", "f, line 2: calls[0].limit: Input should be greater than 0"),
        ("anomalies:\n - {name: x, warm_up: 30}", "f, line 2: rule 'x': factor must be above 1, warm_up from 1 to"),
        ("context_window:\n  thresholds: [60, x]", "f, line 2: context_window.thresholds[1].at: Input should be a"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(RuleFileError) as caught:
        rules_of(text, name="f")

    assert str(caught.value).startswith(problem) or f"\n{problem}" in str(caught.value)


def test_all_problems_are_told_at_once_in_order() -> None:
    text = "time_zone: Mars\nlimits:\n  - {name: x, limit: -1}\n  - {limit: 5}\n" + "\n" * 7 + "wrong: 1\n"
    with pytest.raises(RuleFileError) as caught:
        rules_of(text, name="f")

    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == [
        "f, line 1",
        "f, line 3",
        "f, line 4",
        "f, line 12",
    ]


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    told = ""
    try:
        rules_of(text)
    except RuleFileError as error:
        told = str(error)

    assert not told or told.startswith("rules")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["limits", "name", "limit", "per", "where", "thresholds"]), inner)
        ),
        max_leaves=12,
    )
)
def test_no_structure_breaks_the_reader(content: Any) -> None:
    import yaml

    told = ""
    try:
        rules_of(yaml.safe_dump(content))
    except RuleFileError as error:
        told = str(error)

    assert not told or told.startswith("rules")


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(RuleFileError, match=r"none\.yaml: cannot be read: No such file"):
        read_rules(tmp_path / "none.yaml")
    with pytest.raises(RuleFileError, match=r"binary\.yaml: not UTF-8"):
        read_rules(binary)
    with pytest.raises(RuleFileError, match="cannot be read"):
        read_rules(tmp_path)


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("version: 1\n", encoding="utf-8-sig")

    assert read_rules(path) == DEFAULT_RULES


def test_a_file_with_a_limit_for_each_of_many_users_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    lines = "".join(f"      u-{number}: {number}\n" for number in range(20_000))
    path.write_text(f"limits:\n  - name: daily\n    per: user\n    limits:\n{lines}")
    rule = read_rules(path)[-1]

    assert isinstance(rule, LimitRule)
    assert len(rule.limits) == 20_000


def test_rules_of_a_file_are_at_work() -> None:
    evaluator = Evaluator(rules_of(EVERYTHING))
    events = evaluator.observe(call(60_000, service="shop"))

    assert [(event.rule, event.threshold) for event in events] == [("context_window", 60), ("big", 100)]


def test_the_schema_knows_every_key_and_forbids_others() -> None:
    found = schema()

    assert set(found["properties"]) >= {"version", "time_zone", "context_window", "limits", "calls", "anomalies"}
    assert found["additionalProperties"] is False
    assert '"type": "string"' in json.dumps(found["$defs"]["Limit"]["properties"]["limit"])


def test_the_variables_add_to_the_file_and_the_file_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("context_window: off\nlimits:\n  - {name: cost_daily, measure: cost_usd, limit: 5}\n")
    monkeypatch.setenv("SUBMETER_RULES", str(path))
    monkeypatch.setenv("SUBMETER_MAX_COST_DAILY_USD", "7")
    monkeypatch.setenv("SUBMETER_MAX_TOKENS_PER_USER_DAILY", "1000")
    rules = {rule.name: rule for rule in configured_rules()}

    assert set(rules) == {"conversation_too_long", "context_truncated", "cost_daily", "user_tokens_daily"}
    assert getattr(rules["cost_daily"], "limit", 0) == 5


def test_without_a_file_the_variables_alone_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUBMETER_RULES", raising=False)

    assert configured_rules() == DEFAULT_RULES


def test_every_rule_is_explained_in_a_sentence() -> None:
    found = dict(explained(rules_of(EVERYTHING)))

    assert found["user_daily"] == (
        "tokens per user and day (Europe/Berlin): at most 100,000 tokens; own limits: u-7 1,500,000 tokens, boss "
        "unlimited, 4711 5 tokens; warning at 80 %, critical at 100 %."
    )
    assert found["burst"] == (
        "calls per user and tag.collection where service is shop and tag.env is prod or stage and any 30m: at most "
        "100 calls; warning at 80 %, critical at 100 %. Calls above it are refused where limits are enforced."
    )
    assert found["month"].endswith("Told ahead when the rate so far will not last.")
    assert all(text.endswith(".") for text in found.values())


def test_the_content_is_kept_as_it_was_written() -> None:
    assert [limit.name for limit in parsed(EVERYTHING).limits] == ["user_daily", "burst", "month"]

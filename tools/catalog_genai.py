"""Reads the price data of a genai-prices wheel: models, prices by date, tiers, service tiers, matching.

The data is a Python module of nothing but constructor calls. It is parsed, not run, so that no package needs to
be installed and nothing of it is executed.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

from tools.catalog_row import Line, Row, plain, tidy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECTIONS = {
    "aws": "aws.bedrock",
    "azure": "azure.ai.openai",
    "fireworks": "fireworks_ai",
    "google": "gcp.gemini",
    "mistral": "mistral_ai",
    "moonshotai": "moonshot_ai",
    "together": "together_ai",
    "voyageai": "voyage",
    "x-ai": "x_ai",
}
"""How the table calls providers that genai-prices calls otherwise."""

UNIT_OF = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_reasoning_mtok": "reasoning",
    "input_audio_mtok": "audio_input",
    "output_audio_mtok": "audio_output",
    "input_image_mtok": "image_input",
    "output_image_mtok": "image_output",
}
LEFT_OUT = re.compile(r"^(?:huggingface_.+|quicksilverpro|cursor|openai-decisions)$")
"""Providers whose rows repeat what others sell, under names that no SDK reports."""

_TIER_OF = ("processing", "service_tier", "speed")
_CHECKED = re.compile(r"(?:[Vv]erified|[Cc]hecked)(?: on)? (20\d\d-\d\d-\d\d)")


@dataclass(frozen=True, slots=True)
class Made:
    """A constructor call of the data: the class's name and its keyword arguments."""

    kind: str
    fields: dict[str, Any]


def read_genai(wheel: Path) -> dict[str, list[Row]]:
    """The rows of every section, in the order in which genai-prices tries them."""
    with ZipFile(wheel) as archive:
        module = ast.parse(archive.read("genai_prices/data.py"))
    listed = next(node.value for node in module.body if isinstance(node, ast.AnnAssign) and node.value is not None)
    sections: dict[str, list[Row]] = {}
    for provider in _value(listed):
        name = str(provider.fields["id"])
        if LEFT_OUT.match(name):
            continue
        sections[section_of(name)] = [_row(model.fields) for model in provider.fields["models"]]
    return sections


def section_of(provider: str) -> str:
    """The table's section for a provider of genai-prices."""
    return SECTIONS.get(provider, provider.replace("-", "_"))


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.List):
        return [_value(item) for item in node.elts]
    if isinstance(node, ast.Dict):
        return {_value(key): _value(value) for key, value in zip(node.keys, node.values, strict=True) if key}
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Call):
        return _made(node)
    return ast.literal_eval(node)


def _made(node: ast.Call) -> Any:
    kind = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
    values = [_value(argument) for argument in node.args]
    if kind == "Decimal":
        return float(values[0])
    if kind == "date":
        return "{:04d}-{:02d}-{:02d}".format(*values)
    if kind == "time":
        return values[0] * 60 + values[1]
    return Made(kind, {keyword.arg: _value(keyword.value) for keyword in node.keywords if keyword.arg})


def _row(model: dict[str, Any]) -> Row:
    name = str(model["id"])
    also: list[str] = []
    like: list[str] = []
    for clause in _alternatives(model["match"]):
        if clause.kind == "ClauseEquals":
            also.append(str(clause.fields["equals"]).lower())
        else:
            like.append(_pattern(clause))
    checked = _CHECKED.findall(model.get("price_comments") or "")
    return Row(
        name=name,
        also=[alias for alias in dict.fromkeys(also) if alias != name.lower()],
        like=list(dict.fromkeys(like)),
        window=model.get("context_window"),
        prices=_lines(model),
        checked=max(checked, default=""),
    )


def _alternatives(clause: Made) -> Iterator[Made]:
    if clause.kind == "ClauseOr":
        for part in clause.fields["or_"]:
            yield from _alternatives(part)
    else:
        yield clause


def _pattern(clause: Made) -> str:
    match clause.kind:
        case "ClauseStartsWith":
            return str(clause.fields["starts_with"]).lower() + "*"
        case "ClauseEndsWith":
            return "*" + str(clause.fields["ends_with"]).lower()
        case "ClauseContains":
            return "*" + str(clause.fields["contains"]).lower() + "*"
        case "ClauseRegex":
            return f"/{clause.fields['regex']}/"
        case _:
            return "/^" + "".join(f"(?={_expression(part)})" for part in clause.fields["and_"]) + "/"


def _expression(clause: Made) -> str:
    """What a part of an `and` demands of the text from its beginning."""
    match clause.kind:
        case "ClauseStartsWith":
            return re.escape(clause.fields["starts_with"].lower())
        case "ClauseContains":
            return ".*" + re.escape(clause.fields["contains"].lower())
        case "ClauseRegex":
            expression = str(clause.fields["regex"])
            return expression[1:] if expression.startswith("^") else ".*" + expression
        case "ClauseOr":
            return "(?:" + "|".join(_expression(part) for part in clause.fields["or_"]) + ")"
        case _:
            raise ValueError(f"genai-prices has a new kind of clause, {clause.kind}: teach _expression to read it")


def _lines(model: dict[str, Any]) -> list[Line]:
    is_gemini = "gemini-" in str(model["id"])
    prices: Made | list[Made] = model.get("prices") or []
    entries = [Made("ConditionalPrice", {"prices": prices})] if isinstance(prices, Made) else prices
    periods = [(_start(entry), entry.fields["prices"].fields) for entry in entries if not _hours(entry)]
    if str(model["id"]).endswith(":free"):
        return [{"input": 0, "output": 0}]
    lines: list[Line] = []
    for index, entry in enumerate(entries):
        if _hours(entry):
            continue
        day = _start(entry)
        lines.extend(_sized(entry.fields["prices"].fields, day, is_gemini=is_gemini))
        for later in entries[index + 1 :]:
            for hours in _hours(later):
                lines.extend(_sized(later.fields["prices"].fields, day, is_gemini=is_gemini, utc=hours))
    variants: list[Made] = model.get("price_variants") or []
    for variant in variants:
        lines.extend(_variant_lines(variant, periods, is_gemini=is_gemini))
    return lines


def _start(entry: Made) -> str:
    constraint = entry.fields.get("constraint")
    return str(constraint.fields["start_date"]) if constraint else ""


def _hours(entry: Made) -> list[list[int]]:
    """The minutes of the UTC day in which an entry applies, cut at midnight; none when it applies all day."""
    constraint = entry.fields.get("constraint")
    if constraint is None or constraint.kind != "TimeOfDateConstraint":
        return []
    first, end = constraint.fields["start_time"], constraint.fields["end_time"]
    return [[first, end]] if first < end else [[first, 1440], [0, end]]


def _variant_lines(variant: Made, periods: list[tuple[str, dict[str, Any]]], *, is_gemini: bool) -> Iterator[Line]:
    """A service tier's lines: over the period in which its price was verified, and every later one."""
    tiers = [str(variant.fields["when"][key]) for key in _TIER_OF if key in variant.fields["when"]]
    rates = variant.fields["prices"].fields
    if not tiers or not rates:
        return
    since = _start(variant)
    for index, (day, standard) in enumerate(periods):
        following = periods[index + 1][0] if index + 1 < len(periods) else "9999"
        if following > since:
            yield from _sized({**standard, **rates}, day, is_gemini=is_gemini, tier=tiers[0])


def _sized(
    prices: dict[str, Any], day: str, *, is_gemini: bool, tier: str = "", utc: list[int] | None = None
) -> Iterator[Line]:
    """One line for each input size at which a price changes."""
    sizes = {0} | {step.fields["start"] for price in prices.values() for step in _steps(price)}
    for size in sorted(sizes):
        rates = {unit: tidy(_at(prices[key], size)) for key, unit in UNIT_OF.items() if key in prices}
        if "requests_kcount" in prices:
            rates["request"] = tidy(prices["requests_kcount"] / 1000)
        if not rates:
            return
        if is_gemini and "input" in rates:
            # Google states an audio price only where it differs from that of text.
            rates.setdefault("audio_input", rates["input"])
        conditions = {"from": day, "tier": tier, "above": size, "utc": utc}
        yield {**{key: value for key, value in conditions.items() if value}, **plain(rates)}


def _steps(price: Any) -> list[Made]:
    return price.fields["tiers"] if isinstance(price, Made) else []


def _at(price: Any, size: int) -> float:
    if not isinstance(price, Made):
        return price
    reached = [step.fields["price"] for step in _steps(price) if step.fields["start"] <= size]
    return reached[-1] if reached else price.fields["base"]

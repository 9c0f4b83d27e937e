"""Values of bound query parameters, as the text in which the engine takes them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})
_QUOTED: Final = _ESCAPES | str.maketrans({"'": "\\'"})


def parameter_texts(parameters: Mapping[str, object]) -> dict[str, str]:
    """The parameters as texts, escaped, by name."""
    return {name: _escaped(value) for name, value in parameters.items()}


def _escaped(value: object) -> str:
    if isinstance(value, list | tuple):
        return _text(cast("Sequence[object]", value))  # the engine reads an array's text as it is
    return "\\N" if value is None else _text(value).translate(_ESCAPES)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value
        return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        items = cast("Sequence[object]", value)
        return f"[{','.join(_quoted(item) for item in items)}]"
    return str(value)


def _quoted(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return f"'{_text(value).translate(_QUOTED)}'"

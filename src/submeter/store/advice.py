"""Advice: what to do about what the engine refuses, by the code of its exception."""

from __future__ import annotations

import re
from typing import Final

from submeter.store.reading import LIMITS

_CODE: Final = re.compile(r"Code: (\d+)\.")
_NO_ROOM: Final = "243"

_OTHER_TABLES: Final = (
    "SHOW TABLES and DESCRIBE TABLE tell what there is; the tables of an older version are brought up to date when "
    "`submeter up` starts, those of a cluster by what `submeter schema` prints"
)
_DAMAGED: Final = "the store's files cannot be read: look after the disk, or `submeter restore` a backup elsewhere"
_RIGHTS: Final = "check the user, the password and the rights that the store's address names"
_FULL_OF_WORK: Final = "the engine has too much to do: ask again in a moment, or for less at a time"
_TO_DO: Final = {
    **dict.fromkeys(("16", "47", "60", "81"), _OTHER_TABLES),
    "62": "mend the SQL where it is quoted",
    **dict.fromkeys(("40", "107", "226", "228"), _DAMAGED),
    **dict.fromkeys(("192", "193", "194", "497", "516"), _RIGHTS),
    **dict.fromkeys(("159", "202", "209", "210", "241", "252", "439"), _FULL_OF_WORK),
}
_TOO_MUCH: Final = {
    "159": f"needs more than {LIMITS['seconds']} seconds",
    "241": f"needs more than {LIMITS['bytes'] >> 30} GiB of memory",
    "396": f"has more than {LIMITS['rows']:,} rows in its answer",
}
"""Code of the engine -> what a question did too much of."""

_MEND: Final = "mend what is named if the SQL is yours, else ask again; if it stays so, report what was said"
_SEND_AGAIN: Final = "nothing of it is stored, send it again; if it stays so, report what was said"


def question_refused(said: str, who: str) -> str:
    """Why a question is refused and what to do; `who` said what is `said`."""
    code = _code(said)
    if code in _TOO_MUCH:
        return (
            f"the question {_TOO_MUCH[code]}: ask for a shorter range of time, one model, user or tag, or fewer rows; "
            f"{who} said: {said}"
        )
    return f"{who} refused the question: {_TO_DO.get(code, _MEND)}; {who} said: {said}"


def change_refused(said: str, who: str) -> str:
    """Why rows, or a change of the tables, are refused and what to do; `who` said what is `said`."""
    return f"{who} refused the change: {_TO_DO.get(_code(said), _SEND_AGAIN)}; {who} said: {said}"


def is_full(said: str) -> bool:
    """Whether the engine said that the disk has no room."""
    return _code(said) == _NO_ROOM


def _code(said: str) -> str:
    found = _CODE.search(said)
    return found[1] if found else ""

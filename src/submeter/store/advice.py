"""Advice: what to do about what the engine refuses, by the code of its exception."""

from __future__ import annotations

import re
from typing import Final

CODE: Final = re.compile(r"Code: (\d+)\.")

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
_MEND: Final = "mend what is named if the SQL is yours, else ask again; if it stays so, report what was said"
_SEND_AGAIN: Final = "nothing of it is stored, send it again; if it stays so, report what was said"


def question_refused(said: str, who: str) -> str:
    """Why a question is refused and what to do; `who` said what is `said`."""
    return _told("the question", said, who, _MEND)


def change_refused(said: str, who: str) -> str:
    """Why rows, or a change of the tables, are refused and what to do; `who` said what is `said`."""
    return _told("the change", said, who, _SEND_AGAIN)


def _told(what: str, said: str, who: str, usual: str) -> str:
    code = CODE.search(said)
    to_do = _TO_DO.get(code[1], usual) if code else usual
    return f"{who} refused {what}: {to_do}; {who} said: {said}"

"""Marked: the part of a page that is made from the code, between two marks in the page's text."""

from __future__ import annotations


def parts(text: str, start: str, end: str) -> tuple[str, str, str]:
    """What stands before the mark `start`, between the marks, and after the mark `end`.

    Raises:
        SystemExit: a mark is missing.
    """
    before, found, rest = text.partition(start)
    inside, ended, after = rest.partition(end)
    if not found or not ended:
        raise SystemExit(f"the marks `{start.strip()}` and `{end.strip()}` are missing: put them where it belongs")
    return before, inside, after


def filled(text: str, start: str, end: str, made: str) -> str:
    """`text` with `made` between the marks, as it is.

    Raises:
        SystemExit: a mark is missing.
    """
    before, _, after = parts(text, start, end)
    return f"{before}{start}{made}{end}{after}"

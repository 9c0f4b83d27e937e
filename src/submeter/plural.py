"""Plural: a number of things as a sentence has it, wherever submeter speaks of calls, rows or days."""

from __future__ import annotations


def several(number: int, noun: str) -> str:
    """A number and what it counts: 1 conversation, 1,200 conversations; a noun that takes an `s`."""
    return f"{number:,} {noun_of(number, noun)}"


def noun_of(number: int, noun: str) -> str:
    """The noun alone, where the number stands apart."""
    return noun if number == 1 else f"{noun}s"

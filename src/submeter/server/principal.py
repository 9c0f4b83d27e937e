"""Principals: who asks, how often, what they may do, and whose data they see."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from submeter.server.options import OptionError
from submeter.server.rate import Rate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from submeter.store.database import Reader, Store

Role = Literal["reader", "writer", "admin"]
HASH_PREFIX: Final = "sha256:"
_TOO_MANY: Final = "more than {:g} questions a second under this token: ask again in {} s"
LONGEST_NAME: Final = 100
_EXAMPLE: Final = "make one with `submeter token NAME --role reader`"


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody known: a reader asks, a writer sends telemetry, an admin does both and erases.

    `services` are those whose rows are seen, `None` all.
    """

    name: str
    role: Role
    services: tuple[str, ...] | None = None

    def may(self, needed: Role) -> bool:
        """Whether what needs the role `needed` is allowed."""
        return self.role in {"admin", needed}

    def view(self, store: Store) -> Reader:
        """The part of the store that is seen: the one place where a reader is kept to their services."""
        return store if self.services is None else store.scoped(self.services)


LOCAL: Final = Principal("local", "admin")
"""A program on this machine, where no token is asked for."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    role: Role
    hash: str = Field(pattern=f"^{HASH_PREFIX}[0-9a-f]{{64}}$")
    services: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _check(self) -> _Entry:
        if self.services is not None and self.role != "reader":
            raise ValueError(f"token {self.name!r}: only a reader can be kept to services")
        return self


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tokens: tuple[_Entry, ...]


class Principals:
    """Everybody who has a token."""

    def __init__(self, admin_token: str = "", file: Path | None = None, questions_per_second: float = 50.0) -> None:
        """Reads the tokens file. Each may ask so many questions a second, over REST and as a ClickHouse client.

        Raises:
            OptionError: it cannot be read, or is not one.
        """
        self._by_hash: dict[str, Principal] = dict(_read(file)) if file else {}
        self._per_second = questions_per_second
        self._rates: dict[str, Rate] = {}
        if admin_token:
            self._by_hash[hashed(admin_token)] = Principal("SUBMETER_TOKEN", "admin")

    def wait(self, principal: Principal) -> tuple[int, str]:
        """Takes one question, or says after how many seconds it may be asked, and why."""
        rate = self._rates.setdefault(principal.name, Rate(self._per_second))
        wait_s = rate.wait_s(1)
        if not wait_s:
            return 0, ""
        return int(wait_s) + 1, _TOO_MANY.format(self._per_second, int(wait_s) + 1)

    @property
    def is_asked_for(self) -> bool:
        """Whether anybody needs a token."""
        return bool(self._by_hash)

    def of(self, authorization: str) -> Principal | None:
        """Whose token an `Authorization` value bears; a digest is looked up, so time tells nothing about tokens."""
        if not self._by_hash:
            return LOCAL
        scheme, _, token = authorization.partition(" ")
        return self._by_hash.get(hashed(token.strip())) if scheme.lower() == "bearer" else None


def hashed(token: str) -> str:
    """What the tokens file holds of a token, which is long and random: a plain hash is enough."""
    return HASH_PREFIX + hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _read(file: Path) -> Mapping[str, Principal]:
    try:
        text = file.read_text("utf-8")
        content: object = yaml.safe_load(text) or {}
        entries = _File.model_validate({"tokens": content} if isinstance(content, list) else content).tokens
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise OptionError(f"the tokens file {file} cannot be read ({error}); {_EXAMPLE}") from error
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in found["loc"])
        raise OptionError(
            f"the tokens file {file} is wrong at {place or 'its top'}: {found['msg']}; {_EXAMPLE}"
        ) from None
    if len(re.findall(r"^tokens\s*:", text, re.MULTILINE)) > 1:  # of which YAML would keep the last one alone
        raise OptionError(f"the tokens file {file} says `tokens:` more than once: keep the first alone")
    names = [entry.name for entry in entries]
    if len(set(names)) < len(names):
        raise OptionError(f"the tokens file {file} has two tokens of one name: every name is written into the audit")
    return {entry.hash: Principal(entry.name, entry.role, entry.services) for entry in entries}

"""What the stand-in remembers between requests: prompts it has seen (for the caches) and stored responses.

Tokens are counted by one rule: a text has one token per four characters, rounded up.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .models import Model, find_model
from .wire import Json, RefusalError

if TYPE_CHECKING:
    from .wire import Event

CHARACTERS_A_TOKEN = 4
MESSAGE_TOKENS = 3
"""What a message costs beside its text, and what opening the answer costs."""
CACHE_BLOCK = 128
CACHE_MINIMUM = 1024
_REMEMBERED = 200_000


def count(text: str) -> int:
    """The tokens of `text`: one per four characters, rounded up."""
    return -(-len(text) // CHARACTERS_A_TOKEN)


class PrefixCache:
    """Prefixes of prompts seen before, per model. A full memory forgets everything, as an evicted cache does.

    Entries do not expire: a run is shorter than the five minutes a real one keeps them.
    """

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._lock = threading.Lock()

    def cached_tokens(self, model: str, prompt: str) -> int:
        """How many leading tokens of `prompt` were seen before, in whole blocks of 128 from 1024 on; remembers it."""
        hit = 0
        size = CACHE_BLOCK * CHARACTERS_A_TOKEN
        digest = hashlib.blake2b(model.encode(), digest_size=16)
        with self._lock:
            for block in range(len(prompt) // size):
                digest.update(prompt[block * size : (block + 1) * size].encode())
                key = digest.copy().digest()
                if key in self._seen:
                    hit = (block + 1) * CACHE_BLOCK
                else:
                    self._remember(key)
        return hit if hit >= CACHE_MINIMUM else 0

    def has(self, key: bytes) -> bool:
        """Whether a prefix with this digest was written."""
        with self._lock:
            return key in self._seen

    def write(self, key: bytes) -> None:
        """Remembers a prefix by its digest."""
        with self._lock:
            self._remember(key)

    def _remember(self, key: bytes) -> None:
        if len(self._seen) >= _REMEMBERED:
            self._seen.clear()
        self._seen.add(key)


@dataclass(frozen=True)
class StoredResponse:
    """A finished `/v1/responses` answer and the text of its whole conversation, for the one that follows it.

    `events` are those of its stream, for who goes on with it later.
    """

    document: Json
    transcript: str
    events: tuple[Event, ...] = ()


class Memory:
    """Everything that outlives a request. Safe to use from many threads."""

    def __init__(self, models: dict[str, int]) -> None:
        self.models = models
        self.prefixes = PrefixCache()
        self._responses: dict[str, StoredResponse] = {}
        self._threads: dict[str, list[Json]] = {}

    def model(self, name: object) -> Model:
        """The model called `name`.

        Raises:
            RefusalError: 404, there is none.
        """
        found = find_model(name, self.models) if isinstance(name, str) else None
        if found is None:
            message = f"The model `{name}` does not exist or you do not have access to it."
            raise RefusalError(404, message, kind="invalid_request_error", code="model_not_found")
        return found

    def store_thread(self, message_id: str, messages: list[Json]) -> None:
        """Keeps a conversation under the id of its last answer; the oldest of more than 1,000 is dropped."""
        self._threads[message_id] = messages
        if len(self._threads) > 1000:
            self._threads.pop(next(iter(self._threads)), None)

    def thread(self, message_id: str) -> list[Json]:
        """The messages of a conversation, up to the answer with this id.

        Raises:
            RefusalError: 404, no such id.
        """
        if message_id not in self._threads:
            raise RefusalError(404, f"thread: no message {message_id}", kind="not_found_error")
        return self._threads[message_id]

    def store(self, response_id: str, stored: StoredResponse) -> None:
        """Keeps a response; the oldest of more than 1,000 is dropped."""
        self._responses[response_id] = stored
        if len(self._responses) > 1000:
            self._responses.pop(next(iter(self._responses)), None)

    def response(self, response_id: str) -> StoredResponse:
        """A stored response.

        Raises:
            RefusalError: 404, no such id.
        """
        stored = self._responses.get(response_id)
        if stored is None:
            message = f"Response with id '{response_id}' not found."
            raise RefusalError(404, message, kind="invalid_request_error")
        return stored

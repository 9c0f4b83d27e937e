"""The documents that the assistant knows, in collections."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Document:
    """A text to search in: its id, the collection it belongs to, its words."""

    id: str
    collection: str
    text: str


DOCUMENTS = (
    Document("returns", "shop", "Returns are free for thirty days; keep the label that came with the parcel."),
    Document("refunds", "shop", "A refund arrives within five working days after the parcel is back."),
    Document("gifts", "shop", "A gift can be returned without a receipt; its price comes back as a voucher."),
    Document("repairs", "shop", "Repairs take two weeks and are free in the first two years."),
    Document("tokens", "meter", "A token is about four characters; prompts and answers are both counted."),
    Document("window", "meter", "The context window is what a model reads at once: prompt, history and answer."),
    Document("cache", "meter", "A long prefix that was sent before is read from the cache at a lower price."),
    Document("limits", "meter", "A limit may hold for a user, a session or a day, in tokens or in dollars."),
)

COLLECTIONS = tuple(sorted({document.collection for document in DOCUMENTS}))

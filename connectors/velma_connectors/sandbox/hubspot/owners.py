"""The people and queues that records can be assigned to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from velma_connectors.sandbox.hubspot.stamps import iso


@dataclass(frozen=True, slots=True)
class Owner:
    """`id` is what records name; `user_id` is another number, and None for who has left."""

    id: str
    email: str
    first_name: str
    last_name: str
    user_id: int | None
    created_at: int
    archived: bool = False

    def document(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "email": self.email,
            "type": "PERSON",
            "firstName": self.first_name,
            "lastName": self.last_name,
            "userId": None if self.archived else self.user_id,
            "userIdIncludingInactive": self.user_id,
            "createdAt": iso(self.created_at),
            "updatedAt": iso(self.created_at),
            "archived": self.archived,
        }

"""Who asks through the API, and which part of the schema that user and version can see."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from velma_connectors.sandbox.salesforce.access import VisibleField
from velma_connectors.sandbox.salesforce.incoming import Author
from velma_connectors.sandbox.salesforce.objects import ObjectDefinition

if TYPE_CHECKING:
    from velma_connectors.sandbox.salesforce.org import SalesforceOrg


@dataclass(frozen=True, slots=True)
class Caller:
    """A user with an API version. `author` carries one moment, the same for all rows of a request."""

    org: SalesforceOrg
    author: Author
    tooling: bool = False

    @property
    def base(self) -> str:
        return f"/services/data/v{self.author.version}.0"

    def in_tooling(self) -> Caller:
        return replace(self, tooling=True)

    def find(self, object_name: str) -> ObjectDefinition | None:
        """The object of that name, in any case, that the user can see."""
        definition = self.org.schema.find(object_name)
        if definition is None or definition.tooling != self.tooling:
            return None
        if self.org.access.object_level(self.author.user_id, definition) == "hidden":
            return None
        return definition

    def fields(self, object_name: str) -> dict[str, VisibleField]:
        return self.org.access.visible(
            self.author.user_id, object_name, self.author.version, self.org.switches
        )

    def record_url(self, object_name: str, record_id: str) -> str:
        part = "/tooling" if self.tooling else ""
        return f"{self.base}{part}/sobjects/{object_name}/{record_id}"

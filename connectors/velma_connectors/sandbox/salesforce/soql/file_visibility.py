"""Which files a query may see: links only by id, documents and versions without id only when one's own."""

from __future__ import annotations

from velma_connectors.sandbox.salesforce.caller import Caller
from velma_connectors.sandbox.salesforce.objects import ObjectDefinition
from velma_connectors.sandbox.salesforce.soql.tree import Comparison, Condition, Junction, Query, refuse_query

_LINK_KEYS = frozenset({"id", "contentdocumentid", "linkedentityid"})
_FILE_KEYS = {
    "ContentVersion": frozenset({"id", "contentdocumentid"}),
    "ContentDocument": frozenset({"id", "latestpublishedversionid"}),
}
_QUERY_ALL_FILES_SINCE = 59


def check_link_filter(query: Query, definition: ObjectDefinition, caller: Caller) -> None:
    """Raises RequestRefusal for a query of all links, unless the user may query all files."""
    if definition.name != "ContentDocumentLink" or _filters_by(query.where, _LINK_KEYS):
        return
    access, author = caller.org.access, caller.author
    allowed = access.may(author.user_id, "QueryAllFiles") and access.may(author.user_id, "ViewAllData")
    if not allowed or author.version < _QUERY_ALL_FILES_SINCE:
        raise refuse_query(
            query.text,
            query.source_at,
            "Implementation restriction: ContentDocumentLink requires a filter by a single Id on "
            "ContentDocumentId or LinkedEntityId using the equals operator or multiple Id's using the IN "
            "operator.",
        )


def hidden_files(query: Query, definition: ObjectDefinition, caller: Caller) -> frozenset[str]:
    """Ids that a query without an id filter leaves out: files seen only through a record."""
    keys = _FILE_KEYS.get(definition.name)
    if keys is None or _filters_by(query.where, keys):
        return frozenset()
    author = caller.author
    if caller.org.access.may(author.user_id, "QueryAllFiles"):
        return frozenset()
    rows = caller.org.records.all(definition.name)
    return frozenset(row["Id"] for row in rows if row.get("OwnerId") != author.user_id)


def _filters_by(condition: Condition | None, keys: frozenset[str]) -> bool:
    """True when every row that matches was asked for by one of these columns."""
    if isinstance(condition, Comparison):
        return condition.operator in ("=", "IN") and str(condition.path).lower() in keys
    if isinstance(condition, Junction):
        parts = [_filters_by(part, keys) for part in condition.parts]
        return any(parts) if condition.operator == "AND" else all(parts)
    return False

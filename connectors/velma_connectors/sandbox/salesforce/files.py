"""Files as the org keeps them: the bytes of every version, and the three records that describe a file."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from velma_connectors.sandbox.salesforce.incoming import Author
from velma_connectors.sandbox.salesforce.stamps import stamp

if TYPE_CHECKING:
    from velma_connectors.sandbox.salesforce.org import SalesforceOrg


class FileStore:
    """Bytes by the id of their ContentVersion."""

    def __init__(self, org: SalesforceOrg) -> None:
        self._org = org
        self.contents: dict[str, bytes] = {}

    def attach(self, record_id: str, content: bytes, title: str, extension: str, author: Author) -> str:
        """Make a document with one version and link it to a record; the id of the version."""
        org = self._org
        described = {
            "Title": title,
            "FileExtension": extension,
            "FileType": extension.upper(),
            "ContentSize": len(content),
            "ContentModifiedDate": author.moment,
        }
        document = org.definition("ContentDocument")
        document_id = org.writer.create(document, described, author)
        version_id = org.writer.create(
            org.definition("ContentVersion"),
            {
                **described,
                "ContentDocumentId": document_id,
                "ContentSizeLong": len(content),
                "PathOnClient": f"{title}.{extension}",
                "Checksum": hashlib.md5(content, usedforsecurity=False).hexdigest(),
                "VersionNumber": "1",
                "IsLatest": True,
                "ContentLocation": "S",
            },
            author,
        )
        self.contents[version_id] = content
        latest = {"LatestPublishedVersionId": version_id, "LastModifiedDate": author.moment}
        org.writer.update(document, document_id, latest, author)
        org.writer.create(
            org.definition("ContentDocumentLink"),
            {"LinkedEntityId": record_id, "ContentDocumentId": document_id, "Visibility": "AllUsers"},
            author,
        )
        if org.switches.linked_file_moves_stamps:
            home = org.records.object_of(record_id) or ""
            org.records.put(
                home, {**(org.records.peek(record_id) or {}), "SystemModstamp": stamp(author.moment)}
            )
        return version_id

"""How long each version of the HubSpot API is supported.

Eighteen months from general availability (developers.hubspot.com/docs/developer-tooling/platform/
versioning): 2026-03 came on 30 March 2026, 2026-09 on 8 September 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from velma_connectors.judgements import VersionEnd

_SCHEDULE = "HubSpot's schedule of API versions"

ENDS: Mapping[str, VersionEnd] = {
    "2026-03": VersionEnd(date(2027, 9, 29), _SCHEDULE),
    "2026-09": VersionEnd(date(2028, 3, 7), _SCHEDULE),
}

"""How long each version of the Salesforce API is supported.

Salesforce's API End-of-Life Policy (developer.salesforce.com/docs/platform/connect-rest-api/guide/
intro_api_eol, as of November 2026): versions 31 to 40 are unsupported from Summer '27 and retired from
Summer '28, those up to 30 have been retired since Summer '25, for 41 to 68 no end is announced. A summer
release reaches orgs in June, so its eve is the last of May.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from velma_connectors.judgements import VersionEnd

_POLICY = "Salesforce's API End-of-Life Policy"

ENDS: Mapping[str, VersionEnd] = {
    **{f"{number}.0": VersionEnd(date(2025, 5, 31), _POLICY) for number in range(10, 31)},
    **{f"{number}.0": VersionEnd(date(2027, 5, 31), _POLICY) for number in range(31, 41)},
    **{f"{number}.0": VersionEnd(None, _POLICY) for number in range(41, 69)},
}

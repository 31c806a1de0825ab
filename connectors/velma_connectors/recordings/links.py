"""What a link to a recording says of the audio behind it, whatever its signature is today."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

_SIGNING = re.compile(
    r"x-(amz|cos|goog|ms|oss)-.*|"
    r"auth|authorization|bearer|credentials?|jwt|(access_?|auth_?)?token|"
    r"hmac|nonce|policy|sig|sign|signature|signed|"
    r"exp|expiration|expires?|expiry|expires_?(at|in|on)|timestamp|ts|valid_until|"
    r"awsaccesskeyid|googleaccessid|key-pair-id|ossaccesskeyid|"
    r"s[eiprktv]|sip|skoid|skt|sktid|ske|sks|skv|spr|srt|ss",
    re.IGNORECASE,
)
"""Query parameters that sign a link or limit its life. The short ones are Azure's."""


def lasting_part(link: str) -> str:
    """The link without its scheme, login and signature; as it is when it cannot be read.

    Dialers sign their links anew whenever they touch a call, and the audio stays the same.
    """
    try:
        parts = urlsplit(link.strip())
    except ValueError:
        return link
    query = parse_qsl(parts.query, keep_blank_values=True)
    lasting = sorted(pair for pair in query if not _SIGNING.fullmatch(pair[0]))
    return f"{parts.netloc.rpartition('@')[2].lower()}{parts.path}?{urlencode(lasting)}"

"""Types of settings that several systems share: addresses and secrets that can be sent and give nothing away.

Their errors are clauses about the setting, and repeat nothing of what was given.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, SecretStr

from velma_connectors.url import Url, is_loopback

_HEADER_TEXT = re.compile(r"[\x20-\x7e]+")
_TOKEN_TEXT = re.compile(r"[\x21-\x7e]+")


def base_url(text: str) -> str:
    """An address that paths are appended to, in one spelling: without a trailing slash.

    Raises ValueError unless it is https, or http on a loopback host, and has no login, query or fragment.
    """
    url = Url.parse(text)
    if url.scheme != "https" and not is_loopback(url.host):
        raise ValueError("must begin with https:// (plain http only reaches this machine)")
    if "?" in url.target or "#" in text:
        raise ValueError("must not have a query or fragment")
    return f"{url.origin}{url.target}".rstrip("/")


def origin(text: str) -> str:
    """A base URL that is scheme, host and port alone. Raises ValueError as `base_url` does."""
    address = base_url(text)
    if address != Url.parse(address).origin:
        raise ValueError("must name the host alone, without a path")
    return address


def token(text: str) -> str:
    """A word that fits into a header, without the line end that files add. Raises ValueError."""
    word = text.strip()
    if not _TOKEN_TEXT.fullmatch(word):
        raise ValueError("is empty or holds characters that no key or token has")
    return word


def _token_secret(secret: SecretStr) -> SecretStr:
    return SecretStr(token(secret.get_secret_value()))


def _header_secret(secret: SecretStr) -> SecretStr:
    value = secret.get_secret_value().strip()
    if not _HEADER_TEXT.fullmatch(value):
        raise ValueError("is empty or holds characters that cannot be sent in a header")
    return SecretStr(value)


BaseUrl = Annotated[str, AfterValidator(base_url)]
OriginUrl = Annotated[str, AfterValidator(origin)]
Token = Annotated[str, AfterValidator(token)]
TokenSecret = Annotated[SecretStr, AfterValidator(_token_secret)]
HeaderSecret = Annotated[SecretStr, AfterValidator(_header_secret)]
"""A password or the like, which may hold spaces."""

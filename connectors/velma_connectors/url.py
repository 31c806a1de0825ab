"""A web address taken apart once: what is checked is exactly what is connected to."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import quote, urljoin, urlsplit

_DEFAULT_PORTS = {"https": 443, "http": 80}
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")
_NUMBER = re.compile(r"(.*\.)?(\d+|0x[0-9a-f]*)")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\\]")
_KEPT_IN_TARGET = "%/:?#[]@!$&'()*+,;=~-._"


def is_loopback(host: str) -> bool:
    """Whether a host, by its own text, can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Url:
    """An absolute http or https address. Its path and query may be a secret and are never shown.

    `host` is lower-case ASCII (IDNA), an IPv6 address without its brackets.
    """

    scheme: str
    host: str
    port: int
    target: str = field(repr=False)
    """Path and query, percent-encoded, beginning with a slash."""

    @classmethod
    def parse(cls, text: str) -> Url:
        """Read an address strictly. Raises ValueError with a reason that repeats nothing of it."""
        text = text.strip()
        if _UNSAFE.search(text):
            raise ValueError("holds a backslash or a control character")
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError as error:
            raise ValueError("has a host or port that cannot be read") from error
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise ValueError("is not a complete https address")
        if "@" in parts.netloc:
            raise ValueError("carries a user name or password")
        path = parts.path or "/"
        target = f"{path}?{parts.query}" if parts.query else path
        return cls(
            scheme=parts.scheme,
            host=_ascii_host(parts.hostname),
            port=_DEFAULT_PORTS[parts.scheme] if port is None else port,
            target=quote(target, safe=_KEPT_IN_TARGET),
        )

    def join(self, location: str) -> Url:
        """Where a `Location` header leads from here. Raises ValueError as `parse` does."""
        return self.parse(urljoin(f"{self.origin}{self.target}", location.strip()))

    @property
    def origin(self) -> str:
        """Scheme, host and port: all of an address that may be shown."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    def __str__(self) -> str:
        return self.origin


def _ascii_host(host: str) -> str:
    try:
        name = host.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError as error:
        raise ValueError("has a host that is no valid name") from error
    if (":" in name and "%" not in name) or _NUMBER.fullmatch(name):
        # Resolvers also read 2130706433, 0x7f.1 and 0177.0.0.1 as addresses; only the plain form is meant.
        try:
            return str(ipaddress.ip_address(name))
        except ValueError as error:
            raise ValueError("has a host that is no plain IP address") from error
    if not _HOST.fullmatch(name):
        raise ValueError("has a host that is no valid name")
    return name

"""Finds who answers a method and path, whatever the version and wherever the path has it."""

from __future__ import annotations

import re

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from velma_connectors.sandbox.hubspot.refusals import Refusal, no_such_resource
from velma_connectors.sandbox.hubspot.rest import (
    account,
    associations,
    batches,
    lists,
    objects,
    properties,
    search,
)
from velma_connectors.sandbox.hubspot.rest.exchange import Route

ROUTES: tuple[Route, ...] = (
    *account.ROUTES,
    *associations.ROUTES,
    *batches.ROUTES,
    *objects.ROUTES,
    *properties.ROUTES,
    *search.ROUTES,
    *lists.ROUTES,
)

_DATED = re.compile(r"/crm/([a-z-]+)/(2026-03|2026-09)(/.*)?")
_NUMBERED = re.compile(r"/crm/(v3|v4)/([a-z-]+)(/.*)?")
_ACCOUNT = re.compile(r"/account-info/(v3|2026-03|2026-09)(/.*)")
_LINKS_OF_RECORD = re.compile(r"/[^/]+/[^/]+/associations/.*")
_FAMILIES = (
    "objects",
    "associations",
    "properties",
    "pipelines",
    "owners",
    "limits",
    "lists",
    "property-validations",
)


class Router:
    """The resources of the API by their path below family and version."""

    def __init__(self) -> None:
        self._map = Map(
            [Rule(route.path, endpoint=route, methods=[route.method]) for route in ROUTES],
            strict_slashes=False,
            merge_slashes=False,
        )

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str], str]:
        """The route, the named parts of the path, and the version. Raises Refusal with 404 or 405."""
        version, below = _split(path.rstrip("/"))
        try:
            route, parts = self._map.bind("portal").match(below, method=method)
        except MethodNotAllowed:
            raise Refusal("METHOD_NOT_ALLOWED", f"{method} is not allowed here", status=405) from None
        except NotFound:
            raise no_such_resource() from None
        return route, dict(parts), version


def _split(path: str) -> tuple[str, str]:
    """`/crm/objects/2026-03/calls` and `/crm/v3/objects/calls` are both `/objects/calls`."""
    if path == "/calling/v1/dispositions":
        return "v1", "/calling/dispositions"
    if match := _ACCOUNT.fullmatch(path):
        return match[1], f"/account-info{match[2]}"
    if (match := _DATED.fullmatch(path)) and match[1] in _FAMILIES:
        return match[2], f"/{match[1]}{match[3] or ''}"
    match = _NUMBERED.fullmatch(path)
    if match is None or match[2] not in _FAMILIES or not _is_in(match[1], match[2], match[3] or ""):
        raise no_such_resource()
    return match[1], f"/{match[2]}{match[3] or ''}"


def _is_in(version: str, family: str, below: str) -> bool:
    """Associations are version 4 among the numbered ones, everything else is version 3."""
    about_links = family == "associations" or (
        family == "objects" and _LINKS_OF_RECORD.fullmatch(below) is not None
    )
    return about_links == (version == "v4")

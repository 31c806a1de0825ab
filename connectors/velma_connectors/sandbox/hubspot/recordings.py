"""The redirector that leads from a call to its audio, on another path than the API."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from velma_connectors.sandbox.hubspot.refusals import no_such_resource
from velma_connectors.sandbox.hubspot.scopes import of_records
from velma_connectors.sandbox.hubspot.tokens import authenticate, missing_scopes

if TYPE_CHECKING:
    from velma_connectors.sandbox.hubspot.portal import HubSpotPortal

REDIRECTOR = "/recording/auth/provider/hublets/v1/external-url-retriever/getAuthRecording/portal/"
_CALL = re.compile(re.escape(REDIRECTOR) + r"(\d+)/engagement/(\d+)", re.ASCII)
_HTML = "text/html"
_LOGIN = "<!DOCTYPE html><html><title>HubSpot Login</title><form>Log in to continue</form></html>"


@dataclass(frozen=True, slots=True)
class HostedRecording:
    """Where a call's audio is, and the media type of an answer that says so in its body."""

    url: str
    media_type: str | None = None


def redirect(portal: HubSpotPortal, path: str, authorization: str) -> Response:
    """The answer of the redirector. Raises Refusal with status 401, 403 or 404."""
    if portal.switches.redirector_shows_login:
        return Response(_LOGIN, 200, content_type=_HTML)
    if portal.switches.redirector_needs_token:
        _check_token(portal, authorization)
    match = _CALL.fullmatch(path)
    if match is None or match.group(1) != str(portal.id):
        raise no_such_resource()
    call_id = portal.records.resolved("calls", match.group(2))
    hosted = portal.recordings.get(call_id)
    if hosted is None or portal.records.living("calls", call_id) is None:
        raise no_such_resource()
    if hosted.media_type == _HTML:
        return Response(_LOGIN, 200, content_type=_HTML)
    if hosted.media_type == "application/json":
        return Response(json.dumps({"url": hosted.url}), 200, content_type=hosted.media_type)
    if hosted.media_type == "text/plain":
        return Response(hosted.url, 200, content_type=hosted.media_type)
    return Response(status=302, headers={"Location": hosted.url})


def _check_token(portal: HubSpotPortal, authorization: str) -> None:
    token = authenticate(portal.tokens, authorization, portal.now)
    needed = of_records(portal.kind("calls"), "read", portal.switches)
    if not token.grants(needed):
        raise missing_scopes(needed)

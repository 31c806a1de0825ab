"""The JSON that requests about records bring along."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from velma_connectors.sandbox.hubspot.associations import End
from velma_connectors.sandbox.hubspot.kinds import KINDS, ObjectKind
from velma_connectors.sandbox.hubspot.refusals import invalid
from velma_connectors.sandbox.hubspot.rest.exchange import ApiRequest, Body, Id

Values = dict[str, Any]


class TypeBody(Body):
    association_category: str
    association_type_id: int


class TargetBody(Body):
    id: Id


class InlineAssociation(Body):
    to: TargetBody
    types: list[TypeBody]


class CreateBody(Body):
    properties: Values
    associations: list[InlineAssociation] = Field(default_factory=list)
    object_write_trace_id: str | None = None


class PatchBody(Body):
    properties: Values
    object_write_trace_id: str | None = None


class BatchCreateBody(Body):
    inputs: list[CreateBody]


class UpdateInput(Body):
    id: Id
    properties: Values
    id_property: str | None = None
    object_write_trace_id: str | None = None


class BatchUpdateBody(Body):
    inputs: list[UpdateInput]


class IdInput(Body):
    id: Id


class BatchReadBody(Body):
    inputs: list[IdInput]
    properties: list[str] = Field(default_factory=list)
    properties_with_history: list[str] = Field(default_factory=list)
    id_property: str | None = None


class BatchArchiveBody(Body):
    inputs: list[IdInput]


def add_links(request: ApiRequest, kind: ObjectKind, record_id: str, inline: list[InlineAssociation]) -> None:
    """Associate a new record with what its input names. Raises Refusal."""
    links = request.portal.links
    for each in inline:
        keys = [(one.association_category, one.association_type_id) for one in each.types]
        if not keys:
            raise invalid("An association needs a type")
        other = next(
            (name for name in KINDS if links.types.find(kind.name, name, keys[0])),
            None,
        )
        if other is None:
            raise invalid(f"{keys[0][0]} association type {keys[0][1]} does not begin at {kind.singular}")
        links.link(End(kind.name, record_id), End(other, each.to.id), keys, request.portal.now)

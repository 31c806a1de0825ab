"""A request after its caller is known, its answer, and the table that leads from one to the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from velma_connectors.sandbox.salesforce.caller import Caller
from velma_connectors.sandbox.salesforce.objects import ObjectDefinition
from velma_connectors.sandbox.salesforce.refusals import RequestRefusal, not_found

if TYPE_CHECKING:
    from velma_connectors.sandbox.salesforce.router import Router


class Body(BaseModel):
    """A request body whose keys are fixed; the values have exactly the JSON types of its fields."""

    model_config = ConfigDict(strict=True, extra="forbid", alias_generator=to_camel)


BodyKind = TypeVar("BodyKind", bound=Body)


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """What a resource is asked. Header names are in lower case."""

    caller: Caller
    router: Router
    args: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    def json(self) -> dict[str, Any]:
        """The body as an object. Raises RequestRefusal."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            message = f"Content type of {kind or 'nothing'} not supported"
            raise RequestRefusal("UNSUPPORTED_MEDIA_TYPE", message, status=415)
        try:
            document = json.loads(self.body, parse_constant=_no_such_number)
        except (ValueError, RecursionError) as error:
            message = f"The request body is no JSON: {error}"
            raise RequestRefusal("JSON_PARSER_ERROR", message) from None
        if not isinstance(document, dict):
            raise RequestRefusal("JSON_PARSER_ERROR", "The request body must be a JSON object")
        return document

    def read(self, kind: type[BodyKind]) -> BodyKind:
        """The body as one of the fixed kinds. Raises RequestRefusal."""
        try:
            return kind.model_validate(self.json())
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise RequestRefusal("JSON_PARSER_ERROR", f"{where}: {first['msg']}") from None

    def definition(self, object_name: str) -> ObjectDefinition:
        """The object a path names. Raises RequestRefusal NOT_FOUND."""
        definition = self.caller.find(object_name)
        if definition is None:
            raise not_found()
        return definition


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """`document` is printed as JSON unless `content` holds raw bytes; 204 and 304 have neither."""

    status: int
    document: Any = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[..., ApiAnswer]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and path below `/services/data/vNN.0`, the kind it is counted as, and who answers."""

    method: str
    path: str
    kind: str
    handler: Handler


def _no_such_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")

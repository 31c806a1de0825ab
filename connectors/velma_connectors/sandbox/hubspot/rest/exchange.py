"""A request after its token is known, its answer, and the table that leads from one to the other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from werkzeug.datastructures import MultiDict

from velma_connectors.sandbox.hubspot.kinds import ObjectKind, find_kind
from velma_connectors.sandbox.hubspot.refusals import Refusal, invalid, unreadable
from velma_connectors.sandbox.hubspot.saving import Author
from velma_connectors.sandbox.hubspot.scopes import Access, of_properties, of_records
from velma_connectors.sandbox.hubspot.tokens import Token, missing_scopes

if TYPE_CHECKING:
    from velma_connectors.sandbox.hubspot.portal import HubSpotPortal

ENFORCING_VERSION = "2026-09"
"""The first version in which what admins require holds for writes through the API."""


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Id = Annotated[str, BeforeValidator(_as_text)]
"""An id is taken as text or number."""


class Body(BaseModel):
    """A request body whose keys are fixed; the values have exactly the JSON types of its fields."""

    model_config = ConfigDict(strict=True, extra="forbid", alias_generator=to_camel)


BodyKind = TypeVar("BodyKind", bound=Body)


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """What a resource is asked. `version` is v3, v4, 2026-03 or 2026-09."""

    portal: HubSpotPortal
    token: Token
    version: str
    args: MultiDict[str, str]
    content_type: str
    body: bytes

    def rows(self, object_name: str, access: Access) -> ObjectKind:
        """The object of a path, when the token may reach its records. Raises Refusal."""
        kind = named_kind(object_name)
        self.demand(of_records(kind, access, self.portal.switches))
        return kind

    def schema(self, object_name: str, access: Access) -> ObjectKind:
        """The object of a path, when the token may reach its properties. Raises Refusal."""
        kind = named_kind(object_name)
        self.demand(of_properties(kind, access, self.portal.switches))
        return kind

    def demand(self, any_of: Iterable[str]) -> None:
        """Raises Refusal with status 403 when the token has none of the scopes."""
        needed = tuple(any_of)
        if not self.token.grants(needed):
            raise missing_scopes(needed)

    @property
    def author(self) -> Author:
        return Author(
            self.portal.now,
            "INTEGRATION",
            self.token.app_id,
            enforces_admin_rules=self.version == ENFORCING_VERSION,
        )

    def json(self) -> object:
        """Raises Refusal: 415 without the right content type, 400 for what is no JSON."""
        if self.content_type.partition(";")[0].strip().lower() != "application/json":
            raise invalid(f"Content type of {self.content_type or 'nothing'} not supported", status=415)
        try:
            return json.loads(self.body, parse_constant=_no_such_number)
        except json.JSONDecodeError as error:
            raise unreadable(error.msg, error.colno, error.lineno) from None
        except (ValueError, RecursionError) as error:
            raise unreadable(str(error)) from None

    def read(self, kind: type[BodyKind]) -> BodyKind:
        """The body as one of the fixed kinds. Raises Refusal."""
        document = self.json()
        try:
            return kind.model_validate(document)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise unreadable(f"{where}: {first['msg']}") from None

    def flag(self, name: str) -> bool:
        """A boolean of the query, in any capitals. Raises Refusal."""
        text = self.args.get(name, "false").lower()
        if text not in ("true", "false"):
            raise invalid(f"{name} must be true or false")
        return text == "true"

    def names(self, name: str) -> list[str]:
        """A list of the query, as repeated keys or separated by commas."""
        return [part for text in self.args.getlist(name) for part in text.split(",") if part]

    def number(self, name: str, usual: int, most: int) -> int:
        """Raises Refusal."""
        text = self.args.get(name, str(usual))
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not 1 <= int(text) <= most:
            raise invalid(f"{name} must be a number from 1 to {most}")
        return int(text)


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """`document` is printed as JSON; 204 has none."""

    status: int
    document: Any = None


Handler = Callable[..., ApiAnswer]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path below its family and version, the kind it is counted as, and who answers."""

    method: str
    path: str
    kind: str
    handler: Handler


def place(text: str | None) -> int:
    """Where a page begins, from an `after`: 0 without one. Raises Refusal."""
    if text is None:
        return 0
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
        raise invalid("after must be what paging gave")
    return int(text)


def named_kind(object_name: str) -> ObjectKind:
    """The object that a path names. Raises Refusal."""
    kind = find_kind(object_name)
    if kind is None:
        raise invalid(f"Unable to infer object type from: {object_name}")
    return kind


def _no_such_number(name: str) -> NoReturn:
    raise Refusal("VALIDATION_ERROR", f"Invalid input JSON on line 1, column 1: {name} is no JSON number")

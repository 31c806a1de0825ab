"""What HubSpot's error answers say in their bodies: single faults, and what each means for the admin.

The same codes answer a whole request, or one input of a batch (207). Messages of HubSpot may quote property
values and are therefore never passed on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

UNKNOWN = "HubSpot gives no further reason we know"

ADVICE: Mapping[str, str] = {
    "MISSING_SCOPES": "the key lacks a scope, or the subscription the feature",
    "PROPERTY_DOESNT_EXIST": "the property does not exist; run provision or correct the mapping",
    "INVALID_OPTION": "the property lacks the option",
    "OBJECT_NOT_FOUND": "it does not exist",
    "CONFLICT": "it exists already or contradicts another record",
    "VALIDATION_ERROR": "the request does not pass HubSpot's checks",
}

_BUSY = frozenset({"LOCKED", "RATE_LIMITS", "RATE_LIMIT", "INTERNAL_ERROR", "HTTP_423"})
_CODE = re.compile(r"\w{1,80}", re.ASCII)
_EMBEDDED = "Property values were not valid: "


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of an error answer. The message may quote what was sent: it is not for showing.

    `code` is the most specific one given, `category` the widest. `fields` are the properties it names,
    `trace` is the objectWriteTraceId of the input it is about, and `scopes` are those of which the key
    lacks every one.
    """

    code: str
    message: str = field(default="", repr=False)
    fields: tuple[str, ...] = ()
    trace: str | None = None
    scopes: tuple[str, ...] = ()
    category: str = ""

    @property
    def is_busy(self) -> bool:
        """HubSpot may well do it in a minute."""
        return self.code in _BUSY or self.category in _BUSY


def faults_in(errors: object) -> tuple[Fault, ...]:
    """Every single fault of an error answer, or of the `errors` of an answer 207.

    The code is the most specific one given: of the entry, of a property inside its message, its
    subCategory, its category. Trace ids are those of the input around it. Nothing from HTML or text.
    """
    entries = errors if isinstance(errors, list) else [errors]
    return tuple(fault for entry in entries if isinstance(entry, dict) for fault in _faults(entry, None))


def _faults(entry: Mapping[str, object], around: Fault | None) -> Iterator[Fault]:
    own = _fault(entry, around)
    parts = entry.get("errors")
    nested = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    inner = [fault for part in nested for fault in _faults(part, own)]
    values = [_value_fault(value, own) for value in _invalid_values(entry)]
    if values and not any(fault.fields for fault in inner):
        yield from values
    else:
        yield from inner or [own]


def _fault(entry: Mapping[str, object], around: Fault | None) -> Fault:
    context = entry.get("context")
    about = context if isinstance(context, dict) else {}
    codes = (entry.get(key) for key in ("code", "subCategory", "category", "errorType", "error"))
    told = [code for code in map(_code, codes) if code]
    return Fault(
        code=told[0] if told else (around.code if around else "UNKNOWN"),
        message=str(entry.get("message") or ""),
        fields=texts(about.get("propertyName")) or (around.fields if around else ()),
        trace=next(iter(texts(about.get("objectWriteTraceId"))), around.trace if around else None),
        scopes=texts(about.get("requiredGranularScopes")),
        category=_code(entry.get("category")) or (around.category if around else ""),
    )


def _value_fault(value: Mapping[str, object], own: Fault) -> Fault:
    name = str(value.get("name") or "")
    return Fault(
        code=_code(value.get("error")) or own.code,
        message=str(value.get("message") or ""),
        fields=(name,) if name else own.fields,
        trace=own.trace,
        category=own.category,
    )


def _invalid_values(entry: Mapping[str, object]) -> list[Mapping[str, object]]:
    """The array that HubSpot writes into the text of a message: one entry per refused property."""
    _, found, text = str(entry.get("message") or "").partition(_EMBEDDED)
    if not found:
        return []
    try:
        values, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return []
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _code(code: object) -> str:
    """A code without the words before it, as in `crm.associations.NO_ASSOCIATIONS_FOUND`."""
    last = str(code or "").rpartition(".")[2]
    return last if _CODE.fullmatch(last) else ""


def texts(value: object) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


def described(fault: Fault) -> str:
    """A fault for the admin: what it means, the properties and scopes it names, and its code."""
    if fault.scopes:
        return f"the key lacks a scope; grant it {' or '.join(fault.scopes)} ({fault.code})"
    about = f" [{', '.join(fault.fields)}]" if fault.fields else ""
    return f"{ADVICE.get(fault.code, UNKNOWN)}{about} ({fault.code})"

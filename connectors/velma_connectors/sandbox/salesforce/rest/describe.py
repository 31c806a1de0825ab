"""What the API says of its objects and their fields, as far as the caller may see them."""

from __future__ import annotations

from typing import Any

from werkzeug.http import http_date

from velma_connectors.sandbox.salesforce.access import VisibleField
from velma_connectors.sandbox.salesforce.caller import Caller
from velma_connectors.sandbox.salesforce.fields import NUMBER_TYPES, FieldDefinition
from velma_connectors.sandbox.salesforce.objects import ObjectDefinition
from velma_connectors.sandbox.salesforce.record_types import record_types_of
from velma_connectors.sandbox.salesforce.rest.conditional import header_date
from velma_connectors.sandbox.salesforce.rest.exchange import ApiAnswer, ApiRequest, Route
from velma_connectors.sandbox.salesforce.switches import OrgSwitches

_SOAP_TYPES = {
    **{"boolean": "xsd:boolean", "int": "xsd:int", "long": "xsd:long", "date": "xsd:date"},
    **{"datetime": "xsd:dateTime", "id": "tns:ID", "reference": "tns:ID", "base64": "xsd:base64Binary"},
    **{"double": "xsd:double", "currency": "xsd:double", "percent": "xsd:double"},
}
_MASTER = ("012000000000000AAA", "Master", "Master")
_INT_DIGITS = {"int": 8, "long": 18}
_NOT_GROUPABLE = NUMBER_TYPES | {"base64", "complexvalue", "datetime", "multipicklist"}


def list_objects(request: ApiRequest) -> ApiAnswer:
    caller = request.caller
    names = [name for name in caller.org.schema.standard if caller.find(name)]
    objects = [object_summary(caller.org.schema.standard[name], caller) for name in names]
    return ApiAnswer(200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects})


def basic_information(request: ApiRequest, object_name: str) -> ApiAnswer:
    summary = object_summary(request.definition(object_name), request.caller)
    return ApiAnswer(200, {"objectDescribe": summary, "recentItems": []})


def describe_object(request: ApiRequest, object_name: str) -> ApiAnswer:
    definition = request.definition(object_name)
    caller = request.caller
    changed_at = caller.org.access.changed_at(caller.org.now)
    headers = {"Last-Modified": http_date(changed_at)}
    since = header_date(request.headers, "if-modified-since")
    if since is not None and changed_at <= since:
        return ApiAnswer(304, headers=headers)
    described = object_summary(definition, caller)
    described["fields"] = [
        field_description(visible, caller.org.switches) for visible in caller.fields(definition.name).values()
    ]
    described["childRelationships"] = [
        {
            "childSObject": each.child,
            "field": each.field.name,
            "relationshipName": each.field.child_relationship,
            "cascadeDelete": each.field.cascades,
            "deprecatedAndHidden": False,
            "restrictedDelete": False,
        }
        for each in caller.org.schema.children(definition.name)
        if caller.find(each.child)
    ]
    described["recordTypeInfos"] = _record_types(definition, caller)
    return ApiAnswer(200, described, headers=headers)


def _record_types(definition: ObjectDefinition, caller: Caller) -> list[dict[str, Any]]:
    """The record types of an object; the master one exists always and is chosen when there is no other."""
    known = [
        (row["Id"], row["Name"], row["DeveloperName"]) for row in record_types_of(caller.org, definition.name)
    ]
    return [
        {
            "recordTypeId": record_type_id,
            "name": name,
            "developerName": developer_name,
            "active": True,
            "available": True,
            "defaultRecordTypeMapping": place == 0,
            "master": record_type_id == _MASTER[0],
        }
        for place, (record_type_id, name, developer_name) in enumerate([*known, _MASTER])
    ]


def object_summary(definition: ObjectDefinition, caller: Caller) -> dict[str, Any]:
    """The part of a describe that the list of all objects gives too."""
    editable = caller.org.access.object_level(caller.author.user_id, definition) == "edit"
    url = f"{caller.base}/sobjects/{definition.name}"
    return {
        "name": definition.name,
        "label": definition.label,
        "labelPlural": definition.plural,
        "keyPrefix": definition.key_prefix,
        "custom": False,
        "queryable": True,
        "retrieveable": True,
        "searchable": definition.name_field is not None,
        "createable": definition.createable and editable,
        "updateable": definition.updateable and editable,
        "deletable": definition.deletable and editable,
        "replicateable": definition.createable or definition.updateable,
        "layoutable": definition.takes_custom_fields,
        "triggerable": definition.takes_custom_fields,
        "deprecatedAndHidden": False,
        "urls": {
            "sobject": url,
            "describe": f"{url}/describe",
            "rowTemplate": f"{url}/{{ID}}",
        },
    }


def field_description(visible: VisibleField, switches: OrgSwitches) -> dict[str, Any]:
    """One field of a describe. `updateable` and `createable` tell what this caller may do."""
    definition = visible.definition
    return {
        **_type_facts(definition, switches),
        "name": definition.name,
        "label": definition.label,
        "inlineHelpText": definition.help_text,
        "custom": definition.custom,
        "calculated": definition.calculated,
        "createable": definition.createable and visible.editable,
        "updateable": definition.updateable and visible.editable,
        "nillable": definition.nillable,
        "defaultedOnCreate": definition.defaulted_on_create,
        "defaultValue": definition.default,
        "filterable": definition.filterable,
        "sortable": definition.sortable,
        "groupable": definition.filterable and definition.type not in _NOT_GROUPABLE,
        "aggregatable": definition.filterable and definition.type != "boolean",
        "externalId": definition.external_id,
        "idLookup": definition.type == "id" or definition.external_id,
        "unique": definition.unique,
        "caseSensitive": False,
        "permissionable": definition.permissionable,
        "nameField": False,
        "namePointing": definition.polymorphic,
        "polymorphicForeignKey": definition.polymorphic,
        "referenceTo": list(definition.reference_to),
        "relationshipName": definition.relationship_name,
        "cascadeDelete": False,
        "restrictedDelete": False,
        "dependentPicklist": False,
        "controllerName": None,
        "encrypted": False,
        "autoNumber": False,
        "deprecatedAndHidden": False,
        "picklistValues": _picklist_values(definition, switches),
        "restrictedPicklist": definition.restricted,
    }


def _type_facts(definition: FieldDefinition, switches: OrgSwitches) -> dict[str, Any]:
    length = definition.length
    if switches.describe_length_cap is not None:
        length = min(length, switches.describe_length_cap)
    return {
        "type": definition.type,
        "soapType": _SOAP_TYPES.get(definition.type, "xsd:string"),
        "length": length,
        "byteLength": 18 if definition.type in ("id", "reference") else length * 3,
        "precision": definition.precision,
        "scale": definition.scale,
        "digits": _INT_DIGITS.get(definition.type, 0),
        "extraTypeInfo": definition.extra_type_info,
        "htmlFormatted": definition.html_formatted,
    }


def _picklist_values(definition: FieldDefinition, switches: OrgSwitches) -> list[dict[str, Any]]:
    if not definition.restricted and not switches.lists_unrestricted_choices:
        return []
    return [
        {
            "active": choice.active,
            "defaultValue": choice.default,
            "label": choice.label,
            "validFor": None,
            "value": choice.value,
        }
        for choice in definition.choices
        if choice.active
    ]


ROUTES = (
    Route("GET", "/sobjects", "describe", list_objects),
    Route("GET", "/sobjects/<object_name>", "describe", basic_information),
    Route("GET", "/sobjects/<object_name>/describe", "describe", describe_object),
)

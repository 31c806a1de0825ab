"""Wanted fields as a Salesforce DX project, for teams that deploy through a pipeline of their own.

Shapes are those of developer.salesforce.com/docs: CustomField, PermissionSet and package.xml in the Metadata
API Developer Guide, source format and sfdx-project.json in the Salesforce DX Developer Guide. Fields of Task
and Event lie under Activity, while their permissions name Task and Event. Nothing is asked of the org.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from xml.etree import ElementTree

from velma_connectors.administration import ExportedFile
from velma_connectors.model import FieldSpec
from velma_connectors.salesforce.options import SalesforceOptions
from velma_connectors.salesforce.permissions import LABEL
from velma_connectors.salesforce.schema import metadata, objects_behind, obstacle, owner, shown_on

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
PACKAGE = "force-app"
SOURCE = f"{PACKAGE}/main/default"

README = """\
# Fields of velma-sync for Salesforce

A Salesforce DX project with what `velma-sync provision --apply` would create in an org that has none of it.
In an org that has some of it, look before you deploy: a deployment may take away options of a picklist and
permissions of the set that the files do not name.

    sf project deploy start --source-dir {package}
    sf org assign permset --name {permission_set} --on-behalf-of USER_OF_THE_CONNECTION

`velma-sync provision` then tells what is still missing.
"""
LEFT_OUT = "\nNot among the files, because it cannot be created:\n\n"


def export_fields(options: SalesforceOptions, specs: Sequence[FieldSpec]) -> list[ExportedFile]:
    """The project's files; without any field that can be created, only the explanation."""
    objects = objects_behind(options.calls_from)
    wanted = [(spec, name) for spec in specs for name in objects[spec.target]]
    left_out = [(name, spec, reason) for spec, name in wanted if (reason := obstacle(spec, name))]
    pairs = [(spec, name) for spec, name in wanted if not obstacle(spec, name)]
    readme = README.format(package=PACKAGE, permission_set=options.permission_set)
    lines = [f"- {name}.{spec.name}: {reason}\n" for name, spec, reason in left_out]
    about = ExportedFile("README.md", readme + (LEFT_OUT + "".join(lines) if lines else ""))
    return [about, *_project(options, pairs)] if pairs else [about]


def _project(options: SalesforceOptions, pairs: Sequence[tuple[FieldSpec, str]]) -> list[ExportedFile]:
    fields = {(owner(name), spec.name): spec for spec, name in pairs}
    shown = dict.fromkeys(f"{other}.{spec.name}" for spec, name in pairs for other in shown_on(name))
    members = {
        "CustomField": sorted(f"{object_name}.{field}" for object_name, field in fields),
        "PermissionSet": [options.permission_set],
    }
    return [
        ExportedFile("sfdx-project.json", _configuration(options.api_version)),
        ExportedFile("manifest/package.xml", _package(members, options.api_version)),
        *(
            ExportedFile(f"{SOURCE}/objects/{object_name}/fields/{field}.field-meta.xml", _field(spec))
            for (object_name, field), spec in fields.items()
        ),
        ExportedFile(
            f"{SOURCE}/permissionsets/{options.permission_set}.permissionset-meta.xml",
            _permission_set(sorted(shown)),
        ),
    ]


def _configuration(api_version: str) -> str:
    document = {
        "packageDirectories": [{"path": PACKAGE, "default": True}],
        "namespace": "",
        "sourceApiVersion": api_version,
    }
    return json.dumps(document, indent=2) + "\n"


def _package(members: Mapping[str, Iterable[str]], api_version: str) -> str:
    types = [{"members": list(names), "name": name} for name, names in members.items()]
    return _document("Package", {"types": types, "version": api_version})


def _field(spec: FieldSpec) -> str:
    # Not required is the default, and a few types refuse to be told.
    described = {key: value for key, value in metadata(spec).items() if key != "required"}
    return _document("CustomField", {"fullName": spec.name, **described})


def _permission_set(fields: Sequence[str]) -> str:
    granted = [{"editable": True, "field": field, "readable": True} for field in fields]
    return _document(
        "PermissionSet", {"fieldPermissions": granted, "hasActivationRequired": False, "label": LABEL}
    )


def _document(name: str, content: Mapping[str, object]) -> str:
    root = ElementTree.Element(name, {"xmlns": NAMESPACE})
    _fill(root, content)
    ElementTree.indent(root, "    ")
    text = ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _fill(parent: ElementTree.Element, content: Mapping[str, object]) -> None:
    """Elements in the order in which Salesforce writes them; a list is the element several times over."""
    for key, value in sorted(content.items(), key=lambda item: (item[0] != "fullName", item[0])):
        for each in value if isinstance(value, list) else [value]:
            element = ElementTree.SubElement(parent, key)
            if isinstance(each, Mapping):
                _fill(element, each)
            else:
                element.text = str(each).lower() if isinstance(each, bool) else str(each)
